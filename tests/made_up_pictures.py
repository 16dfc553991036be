"""Tiny picture datasets that tests write: class folders, and tables in the hub's layout."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import datasets
import numpy as np
from PIL import Image

SIDE = 6
NAMES = ("cat", "dog", "eel")


def noise(*, seed: int, side: int = SIDE, mode: str = "L") -> Image.Image:
    """Return a picture of 8 bits that no other seed gives."""
    values = np.random.default_rng(seed).integers(0, 256, (side, side, 4), dtype=np.uint8)
    channels = len(mode)
    return Image.fromarray(values[..., 0] if channels == 1 else values[..., :channels])


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return the picture as a file's content."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def write_class_folders(
    folder: Path,
    *,
    train: Sequence[Image.Image],
    test: Sequence[Image.Image],
    names: Sequence[str] = NAMES[:2],
    suffix: str = "png",
) -> Path:
    """Write pictures in the layout SPLIT/CLASS/NUMBER.png, dealt to the classes in turn."""
    for split, pictures in (("train", train), ("test", test)):
        for number, picture in enumerate(pictures):
            path = folder / split / names[number % len(names)] / f"{number:03}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
    return folder


def write_simple(folder: Path, *, names: Sequence[str] = NAMES[:2], first_seed: int = 0) -> Path:
    """Write class folders of four grey training pictures and two test pictures."""
    pictures = [noise(seed=first_seed + number) for number in range(6)]
    return write_class_folders(folder, train=pictures[:4], test=pictures[4:], names=names)


def table(
    labels: Mapping[str, Sequence[object]],
    features: Mapping[str, object],
    *,
    first_seed: int = 0,
) -> datasets.Dataset:
    """Return a table of grey pictures in the column `image`, and of columns of labels."""
    count = len(next(iter(labels.values())))
    pictures = [noise(seed=first_seed + number) for number in range(count)]
    return datasets.Dataset.from_dict(
        {"image": pictures, **labels},
        features=datasets.Features({"image": datasets.Image(), **features}),
    )


def write_tables(folder: Path, splits: Mapping[str, datasets.Dataset]) -> Path:
    """Write each split as a Parquet file, as most datasets of the hub are stored."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        rows.to_parquet(folder / f"{split}-00000-of-00001.parquet")
    return folder


def write_labels(
    folder: Path,
    feature: object,
    *,
    train: Sequence[object],
    test: Sequence[object],
) -> Path:
    """Write tables whose column `label` is of the type `feature`."""
    splits = {
        split: table({"label": labels}, {"label": feature}, first_seed=seed)
        for split, labels, seed in (("train", train, 0), ("test", test, 1000))
    }
    return write_tables(folder, splits)
