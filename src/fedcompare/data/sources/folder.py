"""A folder of data, whose content decides which source opens it."""

from fedcompare.config.groups import DataConfig
from fedcompare.data.decoding.files import find_folder
from fedcompare.data.sources.base import Source
from fedcompare.data.sources.class_folders import ClassFolders
from fedcompare.data.sources.hub import HubDataset
from fedcompare.data.sources.idx import IdxFolder
from fedcompare.data.sources.idx_files import FILES
from fedcompare.errors import DataError


def open_folder(place: str, config: DataConfig, *, fresh: bool) -> Source:
    """Return a folder of IDX files or of pictures, or else what Hugging Face datasets makes of it.

    Raises:
        DataError: there is no such folder, or it is empty; or see the source that it is.
    """
    folder = find_folder(place).absolute()
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {kind}. Name the folder of the data, or a data file.")
    names = {path.name.removesuffix(".gz") for path in folder.iterdir()}
    if not names:
        raise DataError(f"{folder} is empty. Choose a folder with data.")
    if names.intersection(FILES):
        return IdxFolder(folder, config)
    return ClassFolders.find(folder, config) or HubDataset(str(folder), config, fresh=fresh)
