"""What runs the silos' clients: a row each in the catalog."""
