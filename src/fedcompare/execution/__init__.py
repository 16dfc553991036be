"""What must be made, and the workers who make it."""
