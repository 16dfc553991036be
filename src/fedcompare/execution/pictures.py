"""The pictures that parts of trained models hold."""

from pathlib import Path

from fedcompare.regimes.trained import Trained


def draw_losses(trained: Trained, folder: Path) -> None:
    """Draw each silo's loss per epoch into `folder`."""
    from fedcompare.report.plots import plot_losses, save_figure  # most parts have no picture

    save_figure(plot_losses(trained.epochs), folder / "loss.png")


def no_picture(folder: Path) -> None:
    """Draw nothing."""
