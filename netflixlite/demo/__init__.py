"""The demo catalogue: films made on the spot, so that a fresh installation has something real to play."""
