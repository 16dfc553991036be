"""What models that need pictures say of other inputs."""


def picture_shape(input_shape: tuple[int, ...], *, least: int = 1) -> tuple[int, int, int]:
    """Return channels, height and width of pictures of at least `least` pixels a side.

    Raises:
        ValueError: inputs are no pictures, or smaller ones.
    """
    if len(input_shape) != 3:
        raise ValueError(
            f"needs pictures, and an example here is {_size(input_shape)} numbers; "
            "choose linear, mlp or 2nn"
        )
    channels, height, width = input_shape
    if min(height, width) < least:
        raise ValueError(
            f"needs pictures of {least} x {least} pixels or more, and these have {height} x "
            f"{width}; choose linear, mlp or 2nn, or a larger image-size"
        )
    return channels, height, width


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "1"
