"""Awkward files, made by the tests themselves: films of every kind, and things that only look like films."""
