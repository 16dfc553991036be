"""What the machine offers: CPUs, processes, locks, workers, and versions of software."""
