"""The devices that models may train and answer on, and whether the same can be done there twice."""

AUTO, CPU, CUDA, MPS = "auto", "cpu", "cuda", "mps"


def is_repeatable(device: str) -> bool:
    """Return whether the same seeds give the same bits on a device."""
    return device != MPS


def repeatability(device: str) -> str:
    """Return in a sentence what the same seeds give again."""
    if not is_repeatable(device):
        return (
            f"Models are trained on {device}, which has no deterministic algorithms for all that "
            "they do: made again, the same seeds may give other bits, and slightly other numbers."
        )
    where = "On one machine with the same versions"
    where += "" if device == CPU else f" and the same device ({device})"
    return f"{where}, the same seeds give the same numbers."
