"""What `catalog.search` (pure) needs of the database: texts written, changes noted, and the index of this process."""
