"""The parts of `bench/failover.py`: the faults, one cell, a lane of cells, and what the cells add up to."""
