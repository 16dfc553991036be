"""Tables that tests write: small files with a label and a silo column, and all that goes wrong."""

import csv
from pathlib import Path

import numpy as np

from fedcompare.config.groups import DataConfig
from fedcompare.data.tables.study import Study, study

SITES = ("Torgersen", "site 7", "東京")


def write_csv(path: Path, columns: dict[str, list], *, separator: str = ",") -> Path:
    """Write a column per key, every cell as `str` makes it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerows([columns, *zip(*columns.values(), strict=True)])
    return path


def patients(count: int = 120, *, seed: int = 0) -> dict[str, list]:
    """Return the columns of a table that is easy to learn: two classes, three silos."""
    random = np.random.default_rng(seed)
    sick = random.random(count) < 0.5
    return {
        "hospital": [SITES[index] for index in random.choice(3, count, p=[0.5, 0.3, 0.2])],
        "age": np.round(50 + 12 * random.normal(size=count) + 10 * sick, 1).tolist(),
        "marker": np.round(random.normal(size=count) - 2 * sick, 3).tolist(),
        "sex": [("f", "m")[index] for index in random.integers(0, 2, count)],
        "outcome": [("alive", "dead")[index] for index in sick.astype(int)],
    }


def split_up(folder, columns, silo, **how):
    """Write a file for each silo of a table, without the column that names them."""
    folder.mkdir(exist_ok=True)
    for name in dict.fromkeys(columns[silo]):
        wanted = [own == name for own in columns[silo]]
        own = {
            column: [cell for cell, kept in zip(cells, wanted, strict=True) if kept]
            for column, cells in columns.items()
            if column != silo
        }
        write_csv(folder / f"{name}.csv", own, **how)
    return folder


def rows(count: int = 24) -> dict[str, list]:
    """Return a silo and a label for each of some rows, and a number to learn from."""
    return {
        "site": ["north", "south"] * (count // 2),
        "y": ["a", "a", "b", "b"] * (count // 4),
        "x": list(range(3, 3 + 2 * count, 2)),
    }


def study_of(path: Path, **keys: object) -> Study:
    """Return what is found in a file with the columns of `rows`."""
    named = {"label": "y", "silo": "site", **keys}
    return study(DataConfig(dataset=str(path), **named))


def study_columns(folder: Path, columns: dict[str, list], **keys: object) -> Study:
    """Return what is found in a table of these columns, beside or in place of those of `rows`."""
    length = len(next(iter(columns.values()))) if columns else 24
    return study_of(write_csv(folder / "table.csv", rows(length) | columns), **keys)
