"""Which silo has which examples."""
