"""Compare isolated and federated training on one set of silos."""

__version__ = "0.1.0"
