"""A made-up town: titles, households and evenings, to see what a recommender does to people over a season."""
