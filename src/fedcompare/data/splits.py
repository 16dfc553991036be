"""The names of the training and the test split."""

from collections.abc import Sequence

from fedcompare.errors import DataError
from fedcompare.text.typed import shown


def check_splits(splits: Sequence[str]) -> None:
    """Refuse one name for the training and the test split.

    Raises:
        DataError: they are one, but for capital letters.
    """
    if len({split.lower() for split in splits}) < len(splits):
        raise DataError(
            f"train-split and test-split are both {shown(splits[0])}: models would be tested on "
            "what they are trained on. Name two splits."
        )
