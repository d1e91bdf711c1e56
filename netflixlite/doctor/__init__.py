"""Looks at a whole installation, as whoever hosts it would have to, and says what is wrong and what to do."""
