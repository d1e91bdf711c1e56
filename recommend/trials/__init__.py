"""What is tried on the page, and what came of it: orders of rows, single titles, pictures, experiments."""
