"""What the templates of accounts may use."""
