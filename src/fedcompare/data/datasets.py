"""From the configured name of a dataset to ready tensors."""

import functools
import hashlib
from pathlib import Path

import torch

from fedcompare.cache import Tensors, cached_tensors
from fedcompare.config import DataConfig
from fedcompare.data import idx
from fedcompare.data.examples import Dataset, Examples
from fedcompare.data.hub import HubDataset
from fedcompare.errors import DataError

BUNDLED = Path(__file__).parent / "mnist"


@functools.lru_cache(maxsize=2)
def load_dataset(config: DataConfig) -> Dataset:
    """Return the dataset that `config` names: "mnist", "idx:FOLDER" or "hub:NAME".

    Raises:
        DataError: the name has another form, or a file is missing or damaged.
        HubError: the hub cannot be reached.
    """
    kind, _, place = config.dataset.partition(":")
    if config.dataset == "mnist":
        return _load_idx(BUNDLED)
    if kind == "idx" and place:
        return _load_idx(Path(place).expanduser())
    if kind == "hub" and place:
        return _load_hub(HubDataset(place, config))
    raise DataError(f"dataset = {config.dataset!r} is unknown; use mnist, idx:FOLDER, or hub:NAME")


def _load_idx(folder: Path) -> Dataset:
    contents = idx.read_files(folder)
    fingerprint = idx.digest(contents)
    tensors = cached_tensors(
        f"idx-{fingerprint[:16]}",
        lambda: _prepare(
            idx.decode_split(folder, contents, "train"), idx.decode_split(folder, contents, "t10k")
        ),
    )
    classes = int(max(tensors["train_labels"].max(), tensors["test_labels"].max())) + 1
    return _dataset(tensors, tuple(map(str, range(classes))), fingerprint)


def _load_hub(source: HubDataset) -> Dataset:
    def build() -> Tensors:
        train, test = source.decode(source.train), source.decode(source.test)
        return {**_prepare(train, test), "digest": _digest(*train, *test)}

    tensors = cached_tensors(f"hub-{source.key[:16]}", build)
    return _dataset(tensors, source.class_names, bytes(tensors["digest"].tolist()).hex())


def _digest(*tensors: torch.Tensor) -> torch.Tensor:
    """Return the SHA-256 over the tensors' contents as uint8 [32]."""
    total = hashlib.sha256()
    for tensor in tensors:
        total.update(tensor.numpy().tobytes())
    return torch.tensor(list(total.digest()), dtype=torch.uint8)


def _prepare(
    train: tuple[torch.Tensor, torch.Tensor], test: tuple[torch.Tensor, torch.Tensor]
) -> Tensors:
    return {
        "train_inputs": normalise(train[0]),
        "train_labels": train[1],
        "test_inputs": normalise(test[0]),
        "test_labels": test[1],
    }


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images [N, C, H, W] as float32 in [-1, 1] (mean .5, sd .5)."""
    from torchvision import transforms

    half = [0.5] * images.shape[1]
    ready: torch.Tensor = transforms.Compose(
        [
            transforms.ConvertImageDtype(torch.float32),
            transforms.Normalize(half, half, inplace=True),
        ]
    )(images)
    return ready


def _dataset(tensors: Tensors, class_names: tuple[str, ...], fingerprint: str) -> Dataset:
    return Dataset(
        train=Examples(inputs=tensors["train_inputs"], labels=tensors["train_labels"]),
        test=Examples(inputs=tensors["test_inputs"], labels=tensors["test_labels"]),
        class_names=class_names,
        fingerprint=fingerprint,
    )
