"""Which models are in memory, and for how long."""
