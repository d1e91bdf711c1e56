"""Holes that other streaming servers had, tried here by name."""
