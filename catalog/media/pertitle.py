"""Chooses a film's renditions from what was measured of it. Pure."""
