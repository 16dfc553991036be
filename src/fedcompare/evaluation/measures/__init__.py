"""How good answers are: the measures and summaries there are, and what they compute."""
