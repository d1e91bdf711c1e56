"""Pages made of scores."""
