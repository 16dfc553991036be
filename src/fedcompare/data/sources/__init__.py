"""Where data come from: a file for each source, and a row for each in the catalog."""
