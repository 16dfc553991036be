"""The results folder: parts that are whole or absent, what they were made from, and who writes."""
