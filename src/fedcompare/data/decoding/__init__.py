"""From encoded pictures and stored labels to tensors: what the sources share."""
