"""Compare isolated and federated training on one set of silos."""

__version__ = "0.2.0"
