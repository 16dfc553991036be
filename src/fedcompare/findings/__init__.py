"""What was found, as types and as JSON: what the analysis fills and every report reads."""
