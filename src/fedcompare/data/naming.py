"""What silos are called."""

from collections.abc import Sequence

from fedcompare.text.escaping import visible


def shown_names(silos: Sequence[str], column: str) -> tuple[str, ...]:
    """Return what people call the silos: numbers say nothing without the name of their column."""
    names = tuple(map(visible, silos))
    if not column or all(any(map(str.isalpha, name)) for name in names):
        return names
    return tuple(f"{column} {name}" for name in names)
