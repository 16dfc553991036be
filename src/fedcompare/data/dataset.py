"""From the configured name of a dataset to ready tensors."""

from fedcompare.config.groups import DataConfig
from fedcompare.data.asked_task import check_task
from fedcompare.data.cache import Entry, cached
from fedcompare.data.examples import Dataset, Examples, Scale
from fedcompare.data.preparing import prepare
from fedcompare.data.sources.catalog import open_source
from fedcompare.machine.environment import versions

_FORMAT = 6  # of what is cached; to be raised when the same files are decoded to something else
_DECODERS = ("datasets", "numpy", "pillow", "pyarrow", "torch", "torchvision")


def read_dataset(config: DataConfig) -> Dataset:
    """Return the dataset that `config` names, from the cache where it holds these files' content.

    Raises:
        DataError: the name has another form, or files or labels are missing, damaged, or do not
            fit together.
        HubError: the hub cannot be reached.
    """
    source = open_source(config)
    inputs = {
        **config.model_dump(exclude={"dataset", "task"} - source.reads),
        **source.identity(),
        "format": _FORMAT,
        "versions": versions(_DECODERS),
    }
    return _dataset(config, cached(source.kind, inputs, lambda: prepare(source.decode())))


def reload_dataset(config: DataConfig) -> Dataset:
    """Return the dataset, decoded anew from its files: no cache is read or written.

    It tells whether files have changed whose size and time have not: `fingerprint` is then
    another than that of `read_dataset`.

    Raises:
        FedcompareError: as `read_dataset`.
    """
    return _dataset(config, prepare(open_source(config, fresh=True).decode()))


def _dataset(config: DataConfig, entry: Entry) -> Dataset:
    tensors, facts = entry.tensors, entry.facts
    if facts["class_names"]:
        check_task(config.task, config.dataset, facts["class_names"])
    scale = Scale(**facts["scale"]) if facts["scale"] else None
    train, test = (
        Examples.numbered(
            inputs=tensors[f"{split}_inputs"],
            labels=tensors[f"{split}_labels"],
            ids=tensors.get(f"{split}_rows"),
            scale=scale,
        )
        for split in ("train", "test")
    )
    return Dataset(
        train=train,
        test=test,
        class_names=tuple(facts["class_names"]),
        stored_names=tuple(facts["stored_names"]),
        fingerprint=facts["fingerprint"],
        example_bytes=facts["example_bytes"],
        notes=tuple(facts["notes"]),
        silo_names=tuple(facts.get("silo_names", ())),
        train_silos=tensors.get("train_silos"),
        test_silos=tensors.get("test_silos"),
        train_groups=tensors.get("train_groups"),
        test_groups=tensors.get("test_groups"),
        contract=facts.get("contract", ""),
        is_dealt=facts["is_dealt"],
    )
