"""Pictures, labels and silos in the columns of a table, as Hugging Face datasets holds it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fedcompare.config.groups import DataConfig
from fedcompare.data.decoding import columns
from fedcompare.data.decoding.assemble import StoredSplit, assemble
from fedcompare.data.decoding.pictures import Encoded
from fedcompare.data.examples import Decoded
from fedcompare.errors import DataError

# Which of the configuration's keys have an effect on such data.
PICTURE_KEYS = frozenset(
    {
        *("train_split", "test_split", "image_size", "image_column"),
        *("label", "label_column", "silo", "group"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureRows:
    """The rows of a split, what messages call their table, and each one's number in it."""

    rows: Any
    place: str
    numbers: Sequence[int]


def assemble_rows(
    train: PictureRows,
    test: PictureRows,
    config: DataConfig,
    *,
    notes: Sequence[str] = (),
    is_dealt: bool = False,
) -> Decoded:
    """Return the pictures and labels of two splits, and silos and groups that keys name.

    Raises:
        DataError: a column is missing, or the splits' columns differ; or see `assemble`.
    """
    image = columns.find_image_column(train.rows, config.image_column)
    label = find_label(train.rows, config)
    named = check_names(train.rows, config)
    names = [image, label, *named]
    _check_features(train.rows, test.rows, names, config.test_split)
    splits = [
        StoredSplit(
            name=name,
            pictures=_pictures(split, image),
            labels=columns.read_labels(split.rows, label, name),
            silos=columns.read_names(split.rows, config.silo) if config.silo else None,
            groups=columns.read_names(split.rows, config.group) if config.group else None,
            rows=split.numbers if config.fold else None,
        )
        for split, name in ((train, config.train_split), (test, config.test_split))
    ]
    wanted = config.label or config.label_column
    return assemble(
        splits[0],
        splits[1],
        class_names=columns.class_names_of(train.rows.features[label]),
        side=config.image_size,
        notes=[*notes, *columns.label_notes(train.rows, label, wanted)],
        silo=config.silo,
        group=config.group,
        is_dealt=is_dealt,
    )


def check_names(rows: Any, config: DataConfig) -> list[str]:
    """Return the columns of silos and of groups, those that keys name.

    Raises:
        DataError: there is no such column, or it holds no names.
    """
    named = {key: name for key, name in (("silo", config.silo), ("group", config.group)) if name}
    for key, name in named.items():
        columns.check_name_column(rows, name, key)
    return list(named.values())


def find_label(rows: Any, config: DataConfig) -> str:
    """Return the column of labels, which a key names, or which alone can be it.

    Raises:
        DataError: there is none, or several.
    """
    others = (config.silo, config.group, config.split_column)
    return columns.find_label_column(rows, config.label or config.label_column, but=others)


def _check_features(train: Any, test: Any, names: Sequence[str], split: str) -> None:
    """Refuse a test split whose columns are not those of training."""
    for name in names:
        if test.features.get(name) != train.features[name]:
            raise DataError(
                f"split {split!r}: column {name!r} is {test.features.get(name, 'missing')}, but in "
                f"training {train.features[name]}. Store both alike."
            )


def _pictures(split: PictureRows, column: str) -> Iterator[Encoded]:
    import datasets

    mode = split.rows.features[column].mode or ""
    encoded = split.rows.cast_column(column, datasets.Image(decode=False))[column]
    for number, picture in zip(split.numbers, encoded, strict=True):
        row = f"{split.place}, row {number}"
        if picture is None:
            raise DataError(f"{row} has no picture. Restore or remove the row.")
        if path := picture["path"]:
            row += f" ({Path(path).name if picture['bytes'] is not None else path})"
        yield Encoded(_content(picture), row, mode)


def _content(picture: Any) -> bytes:
    """Return an encoded picture, from the table itself or from a file or archive it names."""
    from datasets.utils.file_utils import xopen

    if picture["bytes"] is not None:
        return bytes(picture["bytes"])
    with xopen(picture["path"], "rb") as file:
        return bytes(file.read())
