"""What every source of data must offer."""

from collections.abc import Mapping
from typing import ClassVar, Protocol

from fedcompare.data.examples import Decoded


class Source(Protocol):
    """Opened data of which little has been read yet; `kind` names them in the cache."""

    kind: ClassVar[str]

    @property
    def reads(self) -> frozenset[str]:
        """Return which keys of the data have an effect; others are refused."""
        ...

    def identity(self) -> Mapping[str, object]:
        """Return what changes whenever the stored data change, but for the configuration.

        Raises:
            FedcompareError: a file cannot be read.
        """
        ...

    def decode(self) -> Decoded:
        """Return all examples and labels, read anew.

        Raises:
            FedcompareError: something is missing, damaged, or does not fit together.
        """
        ...
