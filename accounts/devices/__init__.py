"""Devices: the browsers and televisions on which a household is signed in (docs/devices.md)."""
