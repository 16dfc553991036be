"""Pictures. Each function returns a figure that belongs to nobody else (no pyplot state)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fedcompare.records import EpochRecord, ServerRecord
from fedcompare.test_sets import ALL


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG that depends on the figure alone (no software version in it)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=120, metadata={"Software": None})


def plot_losses(records: Sequence[EpochRecord]) -> Figure:
    """Return each silo's training loss per epoch."""
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    for silo in sorted({record.silo for record in records}):
        own = [record for record in records if record.silo == silo]
        axes.plot(
            [r.epoch for r in own], [r.loss for r in own], marker="o", ms=4, label=f"silo {silo}"
        )
    axes.set(title="Isolated training", xlabel="epoch", ylabel="training loss (cross-entropy)")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def plot_rounds(records: Sequence[ServerRecord]) -> Figure:
    """Return the global model's accuracy per round on every part of the test set."""
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    for part in dict.fromkeys(record.evaluated_on for record in records):
        own = [r for r in records if r.evaluated_on == part]
        known = [(r.round, 100 * r.accuracy) for r in own if r.accuracy is not None]
        label = "all classes" if part == ALL else f"classes {part}"
        label += "" if known else ": no test examples"
        style = {"linewidth": 2.5, "color": "black"} if part == ALL else {"linestyle": "--"}
        rounds, accuracies = zip(*known, strict=True) if known else ((), ())
        axes.plot(rounds, accuracies, marker="o", ms=4, label=label, **style)
    axes.set(
        title="Federated training: the global model",
        xlabel="round (0: before training)",
        ylabel="accuracy on the test set, %",
        ylim=(0, 101),
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure


def plot_confusion(
    counts: npt.NDArray[np.int64], class_names: Sequence[str], *, title: str
) -> Figure:
    """Return a confusion matrix [true, predicted], shaded by share of the true class."""
    size = max(4.5, 0.5 * len(class_names) + 1.5)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    sizes = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, sizes, out=np.full(counts.shape, np.nan), where=sizes > 0)
    pairs = zip(class_names, sizes, strict=True)
    true_names = [name if size else f"{name}: no test examples" for name, size in pairs]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(class_names))
    axes.set_xticks(ticks, class_names)
    axes.set_yticks(ticks, true_names)
    axes.set(title=title, xlabel="predicted class", ylabel="true class")
    if len(class_names) <= 20:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=colour, size=8)
    return figure
