"""Federated training with Flower: the only package that imports flwr."""
