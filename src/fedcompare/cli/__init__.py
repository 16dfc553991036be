"""The command line: it parses, calls, prints and sets the exit code."""
