"""What kinds of models there are, and what is known of each kind."""
