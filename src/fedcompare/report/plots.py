"""Pictures. Each function returns a figure that belongs to nobody else (no pyplot state)."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fedcompare.findings.test_sets import ALL
from fedcompare.names import silo_name
from fedcompare.regimes.records import EpochRecord, ServerRecord
from fedcompare.report.fonts import borrow_glyphs
from fedcompare.tasks import CLASSES, Task
from fedcompare.text.escaping import mathtext

# More lines than this have no legend: their colours would repeat, and it would hide them.
_MOST_NAMED_LINES = 10
# A longer name loses its middle; one that is longer than _FITTING needs more room.
_LONGEST_NAME, _HALF, _FITTING = 40, 19, 6
# Inches: a character, a line of text, a matrix's cell, its margins, and the largest matrix.
CHARACTER, LINE = 0.085, 0.18
_CELL, _MARGIN, _LARGEST = 0.5, 1.5, 40.0


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG that depends on the figure alone (no software version in it).

    A character that no installed font has is drawn as a box.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    borrow_glyphs(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        figure.savefig(path, dpi=120, metadata={"Software": None})


def plot_losses(
    records: Sequence[EpochRecord],
    names: Sequence[str] = (),
    *,
    task: Task = Task.MULTI_CLASS,
) -> Figure:
    """Return each silo's training loss per epoch; many silos are told apart by a colour scale.

    `names` are what the data call the silos, in the order of their ids.
    """
    loss = "cross-entropy" if task in CLASSES else "squared error"
    figure, axes = _lines()
    silos = sorted({record.silo for record in records})
    colours = ScalarMappable(Normalize(1, max(silos, default=1)), cmap="viridis")
    lines = []
    for silo in silos:
        own = [record for record in records if record.silo == silo]
        (line,) = axes.plot([r.epoch for r in own], [r.loss for r in own], marker="o", ms=4)
        lines.append(line)
        if len(silos) > _MOST_NAMED_LINES:
            line.set(color=colours.to_rgba(np.asarray(silo)), linewidth=0.8, markersize=2)
    axes.set(title="Isolated training", xlabel="epoch", ylabel=f"training loss ({loss})")
    axes.set_ylim(bottom=0)
    if len(silos) > _MOST_NAMED_LINES:
        figure.colorbar(colours, ax=axes, label="silo", ticks=MaxNLocator(integer=True))
    else:  # named here, since a line's own label is hidden if it begins with "_"
        axes.legend(lines, [mathtext(silo_name(silo, names)) for silo in silos])
    return figure


def plot_rounds(records: Sequence[ServerRecord]) -> Figure:
    """Return the global model's accuracy, or its error, per round on every part of the test set."""
    if any(record.mean_absolute_error is not None for record in records):
        return _plot_errors(records)
    figure, axes = _lines()
    parts = tuple(dict.fromkeys(record.evaluated_on for record in records))
    many = len(parts) > _MOST_NAMED_LINES
    named = {}
    for part in parts:
        own = [r for r in records if r.evaluated_on == part]
        known = [(r.round, 100 * r.accuracy) for r in own if r.accuracy is not None]
        label = "all classes" if part == ALL.key else mathtext(f"classes {part}")
        style = {"linewidth": 2.5, "color": "black"} if part == ALL.key else {"linestyle": "--"}
        label += "" if known else ": no test examples"
        if many and part != ALL.key:
            label, style = f"{len(parts) - 1} groups of classes", {"linewidth": 0.8, "color": "0.6"}
        rounds, accuracies = zip(*known, strict=True) if known else ((), ())
        (named[label],) = axes.plot(rounds, accuracies, marker="o", ms=4, **style)
    axes.set(
        title="Federated training: the global model",
        xlabel="round (0: before training)",
        ylabel="accuracy on the test set, %",
        ylim=(0, 101),
    )
    axes.legend(list(named.values()), list(named), loc="lower right")
    return figure


def _plot_errors(records: Sequence[ServerRecord]) -> Figure:
    """Return the global model's mean absolute error per round on the whole test set."""
    figure, axes = _lines()
    known = [(r.round, r.mean_absolute_error) for r in records if r.evaluated_on == ALL.key]
    axes.plot(*zip(*known, strict=True), marker="o", ms=4, linewidth=2.5, color="black")
    axes.set(
        title="Federated training: the global model",
        xlabel="round (0: before training)",
        ylabel="mean absolute error on the test set",
    )
    axes.set_ylim(bottom=0)
    return figure


def plot_confusion(
    counts: npt.NDArray[np.int64], class_names: Sequence[str], *, title: str
) -> Figure:
    """Return a confusion matrix [true, predicted], shaded by share of the true class.

    It has room for long names, and for a name at every so many classes where there are many.
    """
    names = picture_names(class_names)
    sizes = counts.sum(axis=1, keepdims=True)
    pairs = zip(names, sizes, strict=True)
    true_names = [name if size else f"{name}: no test examples" for name, size in pairs]
    longest = max(map(len, true_names), default=0)
    matrix = min(_CELL * len(names), _LARGEST)
    beyond = CHARACTER * max(0, longest - _FITTING)
    size = max(4.5, matrix + _MARGIN + beyond)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    shares = np.divide(counts, sizes, out=np.full(counts.shape, np.nan), where=sizes > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(0, len(names), math.ceil(len(names) * LINE / matrix))
    axes.set_xticks(ticks, names[:: ticks.step], rotation=90 if longest > _FITTING else 0)
    axes.set_yticks(ticks, true_names[:: ticks.step])
    axes.set(title=mathtext(title), xlabel="predicted class", ylabel="true class")
    if len(names) <= 20:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=colour, size=8)
    return figure


def picture_names(names: Sequence[str]) -> list[str]:
    """Return how pictures name these; the middle of long ones is left out, if they stay unlike."""
    short = [
        name if len(name) <= _LONGEST_NAME else f"{name[:_HALF]}…{name[-_HALF:]}" for name in names
    ]
    return list(map(mathtext, short if len(set(short)) == len(set(names)) else names))


def _lines() -> tuple[Figure, Axes]:
    """Return an empty picture of lines over whole numbers."""
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(alpha=0.3)
    return figure, axes
