"""Isolated training as the tutorial does it, as a measure for `fedcompare isolated`.

A Hugging Face dataset of PNG images, torchvision transforms on every item in every epoch,
a DataLoader, `torch.optim.SGD`, one silo after another. Same data, model and budget.

Usage: tutorial_way.py PREPARED_FOLDER   (made by --prepare PREPARED_FOLDER, which is not timed)
"""

import sys
from pathlib import Path

SILOS = ((1, 3, 7), (2, 5, 8), (4, 6, 9))
EPOCHS = 10


def prepare(folder: Path) -> None:
    """Write MNIST as the hub stores it: PNG bytes in parquet."""
    import datasets
    import numpy as np
    from PIL import Image

    from fedcompare.data.sources import idx_files
    from fedcompare.data.sources.idx import MNIST

    images, labels = idx_files.decode_split(MNIST, idx_files.read_files(MNIST), "train")
    order = np.random.default_rng(0).permutation(len(labels))
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    for number, rows in enumerate(np.array_split(order, len(SILOS))):
        kept = rows[~np.isin(labels[rows].numpy(), SILOS[number])]
        pictures = [Image.fromarray(images[row, 0].numpy()) for row in kept]
        content = {"image": pictures, "label": labels[kept].tolist()}
        silo = datasets.Dataset.from_dict(content, features=features)
        silo.to_parquet(folder / f"silo-{number}.parquet")


def train(folder: Path) -> None:
    """Train every silo's model."""
    import datasets
    import torch
    from torch import nn
    from torch.utils.data import DataLoader
    from torchvision import transforms

    datasets.disable_progress_bars()
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])

    def apply(batch: dict) -> dict:
        batch["image"] = [transform(image) for image in batch["image"]]
        return batch

    for number in range(len(SILOS)):
        file = str(folder / f"silo-{number}.parquet")
        silo = datasets.Dataset.from_parquet(file, cache_dir=str(folder)).with_transform(apply)
        loader = DataLoader(silo, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
        optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        loss_function = nn.CrossEntropyLoss()
        for _ in range(EPOCHS):
            for batch in loader:
                optimiser.zero_grad()
                loss = loss_function(model(batch["image"]), batch["label"])
                loss.backward()
                optimiser.step()


if __name__ == "__main__":
    if sys.argv[1] == "--prepare":
        prepare(Path(sys.argv[2]))
    else:
        train(Path(sys.argv[1]))
