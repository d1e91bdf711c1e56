"""What strangers may send to a node, tried a million times (`make fuzz`)."""
