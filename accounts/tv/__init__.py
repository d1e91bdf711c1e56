"""Signing in on a television: it shows a code, and somebody who is signed in elsewhere says yes (RFC 8628)."""
