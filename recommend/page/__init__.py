"""The home page of a profile: which rows, in which order, what stands in them, and why."""
