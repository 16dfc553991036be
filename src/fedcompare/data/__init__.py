"""From a dataset's name to each silo's examples."""
