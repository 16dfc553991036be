"""A folder of data, whose content decides which source opens it."""

from pathlib import Path

from fedcompare.config.groups import FOLDER, LEAF, DataConfig
from fedcompare.data.decoding.files import find_folder
from fedcompare.data.sources.base import Source
from fedcompare.data.sources.class_folders import ClassFolders
from fedcompare.data.sources.hub import HubDataset
from fedcompare.data.sources.idx import IdxFolder
from fedcompare.data.sources.idx_files import FILES
from fedcompare.data.sources.leaf import LeafUsers
from fedcompare.data.sources.table import TableFile
from fedcompare.data.tables.reading import by_content
from fedcompare.errors import DataError


def open_folder(place: str, config: DataConfig, *, fresh: bool) -> Source:
    """Return IDX files, tables, LEAF's users or pictures, or else what datasets makes of a folder.

    Raises:
        DataError: there is no such folder, or it is empty; or see the source that it is.
    """
    folder = _find(place)
    names = {path.name.removesuffix(".gz") for path in folder.iterdir()}
    if names.intersection(FILES):
        return IdxFolder(folder, config)
    known = recognised(config)
    if known.is_table:
        return TableFile(known)
    if known.source.kind == LEAF:
        return LeafUsers(known)
    return ClassFolders.find(folder, config) or HubDataset(str(folder), config, fresh=fresh)


def recognised(config: DataConfig) -> DataConfig:
    """Return the same data, of which a folder of tables or of LEAF's is called so; others stay.

    Raises:
        DataError: there is no such folder, or it is empty.
    """
    name = config.source
    if name.kind != FOLDER or not name.place:
        return config
    _find(name.place)
    found = by_content(name)
    return config if found == name else config.model_copy(update={"dataset": str(found)})


def _find(place: str) -> Path:
    folder = find_folder(place).absolute()
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {kind}. Name the folder of the data, or a data file.")
    if not any(folder.iterdir()):
        raise DataError(f"{folder} is empty. Choose a folder with data.")
    return folder
