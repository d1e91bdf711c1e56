"""News for open pages: from what happened to what a page is told."""
