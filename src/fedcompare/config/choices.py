"""Values that are names: a catalog knows which there are, and the configuration does not."""

from collections.abc import Iterable

from fedcompare.errors import ConfigError
from fedcompare.text.typed import shown


def check_choice(key: str, name: str, known: Iterable[str]) -> None:
    """Raise if the value of a key is none of the names that its catalog knows.

    Raises:
        ConfigError: naming those that it knows.
    """
    names = list(known)
    if name not in names:
        raise ConfigError([f"{key}: unknown {key} {shown(name)}; known: {', '.join(names)}"])
