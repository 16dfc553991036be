"""Where a dataset comes from: its name's form decides which source opens it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fedcompare.config.groups import (
    BUNDLED,
    CSV,
    FOLDER,
    LEAF,
    NPZ,
    PARQUET,
    SILO_FILES,
    DataConfig,
    DatasetName,
)
from fedcompare.config.listed import Listed
from fedcompare.data.sources.base import Source
from fedcompare.data.splits import check_splits
from fedcompare.errors import DataError
from fedcompare.text.typed import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A source: the form of its datasets' names, and what opens the one at a place.

    `form.place` is the word that messages show for the place; None where there is but one dataset.
    `line` says what it is; `names_silos` whether its data can say whose they are. `open`
    takes the place, the configuration, and whether to pass by what other libraries prepared. It
    imports what it needs: the others' libraries are not to be waited for.
    """

    form: DatasetName
    line: str
    names_silos: bool = True
    open: Callable[[str, DataConfig, bool], Source]

    def fits(self, name: DatasetName) -> bool:
        """Return whether a dataset's name has this form."""
        if self.form.place is None:
            return name == self.form
        return name.kind == self.form.kind and bool(name.place)


def may_name_silos(config: DataConfig) -> bool:
    """Return whether the data have to be looked at to know the silos."""
    return bool(config.silo) or any(row.names_silos for row in CATALOG if row.fits(config.source))


def list_sources() -> Iterator[Listed]:
    """Yield the form of each source's datasets."""
    for row in CATALOG:
        yield Listed(name=str(row.form), line=row.line)


def open_source(config: DataConfig, *, fresh: bool = False) -> Source:
    """Return the source that `config` names; `fresh` passes by what other libraries prepared.

    Raises:
        DataError: the name has another form, files are missing or damaged, a key is set that has
            no effect on such data, or both splits are one.
        HubError: the hub cannot be reached, or has no such dataset.
    """
    name = config.source
    for row in CATALOG:
        if row.fits(name):
            source = row.open(name.place or "", config, fresh)
            _check_keys(config, source)
            if "test_split" in source.reads:
                check_splits((config.train_split, config.test_split))
            return source
    *others, last = (str(row.form) for row in CATALOG)
    raise DataError(f"dataset = {config.dataset!r} is unknown; use {', '.join(others)}, or {last}")


def _check_keys(config: DataConfig, source: Source) -> None:
    """Refuse a key that would be passed over in silence."""
    default = DataConfig().model_dump(by_alias=True)
    for key, value in config.model_dump(
        by_alias=True, exclude={"dataset", "task", *source.reads}
    ).items():
        if value != default[key]:
            known = ", ".join(sorted(field.replace("_", "-") for field in source.reads))
            raise DataError(
                f"{key} = {shown(value)} has no effect on {config.dataset}. Leave it out; what has "
                f"is {known}."
            )


def _open_bundled(place: str, config: DataConfig, fresh: bool) -> Source:
    from fedcompare.data.sources.idx import MNIST, IdxFolder

    return IdxFolder(MNIST, config)


def _open_idx(place: str, config: DataConfig, fresh: bool) -> Source:
    from fedcompare.data.decoding.files import find_folder
    from fedcompare.data.sources.idx import IdxFolder

    return IdxFolder(find_folder(place).absolute(), config)


def _open_npz(place: str, config: DataConfig, fresh: bool) -> Source:
    from fedcompare.data.decoding.files import find_folder
    from fedcompare.data.sources.npz import NpzFile

    return NpzFile(find_folder(place).absolute(), config)


def _open_folder(place: str, config: DataConfig, fresh: bool) -> Source:
    from fedcompare.data.sources.folder import open_folder

    return open_folder(place, config, fresh=fresh)


def _open_hub(place: str, config: DataConfig, fresh: bool) -> Source:
    from fedcompare.data.sources.hub import open_hub

    return open_hub(place, config, fresh=fresh)


def _open_parquet(place: str, config: DataConfig, fresh: bool) -> Source:
    from fedcompare.data.sources.parquet_pictures import ParquetPictures, has_pictures
    from fedcompare.data.tables.reading import table_path

    if has_pictures(table_path(config.source)):
        return ParquetPictures(config)
    return _open_table(place, config, fresh)


def _open_leaf(place: str, config: DataConfig, fresh: bool) -> Source:
    from fedcompare.data.sources.leaf import LeafUsers

    return LeafUsers(config)


def _open_table(place: str, config: DataConfig, fresh: bool) -> Source:
    from fedcompare.data.sources.table import TableFile

    return TableFile(config)


CATALOG = (
    Row(
        form=DatasetName(BUNDLED),
        line="The bundled MNIST, without a download: 60,000 and 10,000 pictures of digits.",
        names_silos=False,
        open=_open_bundled,
    ),
    Row(
        form=DatasetName(FOLDER, "FOLDER"),
        line="Pictures as CLASS/picture.png, below folders of splits, silos or both; or what is "
        "below, found out from what lies in the folder.",
        open=_open_folder,
    ),
    Row(
        form=DatasetName("idx", "FOLDER"),
        line="A folder of four IDX files, as MNIST and Fashion-MNIST are published.",
        names_silos=False,
        open=_open_idx,
    ),
    Row(
        form=DatasetName(NPZ, "FILE"),
        line="Arrays of pictures and labels in a NumPy file, as MedMNIST and Keras publish them.",
        open=_open_npz,
    ),
    Row(
        form=DatasetName("hub", "NAME"),
        line="Pictures of the Hugging Face hub, or of a local folder: SPLIT/CLASS/picture.png.",
        open=_open_hub,
    ),
    Row(
        form=DatasetName(CSV, "FILE"),
        line="A table as text: .csv, .tsv, .data, or gzipped; label and silo name its columns.",
        open=_open_table,
    ),
    Row(
        form=DatasetName(PARQUET, "FILE"),
        line="A table, or pictures as bytes, in a Parquet file; keys label and silo name columns.",
        open=_open_parquet,
    ),
    Row(
        form=DatasetName(SILO_FILES, "FOLDER"),
        line="A folder with a table for each silo, called as the file: north.csv, south.tsv, ...",
        open=_open_table,
    ),
    Row(
        form=DatasetName(LEAF, "FOLDER"),
        line="JSON of LEAF's, whose users are silos: vectors of numbers, or FEMNIST's pictures.",
        open=_open_leaf,
    ),
)
