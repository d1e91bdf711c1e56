"""The fleet's pages as plain data, in words and numbers: for templates, polls and sockets."""
