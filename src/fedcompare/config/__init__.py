"""From what was typed to the typed configuration."""
