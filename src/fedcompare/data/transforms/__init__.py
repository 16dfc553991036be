"""What a silo's own instruments, units and people do to its examples, by name and seed."""
