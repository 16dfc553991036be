"""How much training there is."""


def count_steps(num_examples: int, *, epochs: int, batch_size: int) -> int:
    """Return the optimiser's steps over `epochs` passes; the last batch of a pass may be ragged."""
    return epochs * -(-num_examples // batch_size)
