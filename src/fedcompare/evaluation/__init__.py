"""From stored weights to numbers that add up."""
