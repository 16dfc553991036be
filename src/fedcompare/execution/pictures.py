"""The pictures that parts of trained models hold."""

from collections.abc import Sequence
from pathlib import Path

from fedcompare.regimes.trained import Trained
from fedcompare.tasks import Task


def draw_losses(trained: Trained, names: Sequence[str], task: Task, folder: Path) -> None:
    """Draw each silo's loss per epoch into `folder`; `names` are those of the data."""
    from fedcompare.report.plots import plot_losses, save_figure  # most parts have no picture

    save_figure(plot_losses(trained.epochs, names, task=task), folder / "loss.png")


def no_picture(folder: Path) -> None:
    """Draw nothing."""
