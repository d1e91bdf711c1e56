"""A small rig for the player alone: two fake edge nodes that can be killed and a fake site, on loopback."""
