"""Signing in: second factors, passkeys, sessions, and how recently somebody proved to be who they are."""
