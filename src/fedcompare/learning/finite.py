"""The one check that numbers are numbers: nothing is concluded from a model that diverged.

A diverged model still answers: argmax makes class 0 of NaN. So losses, weights and
probabilities are checked where they enter.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fedcompare.errors import DivergedError

if TYPE_CHECKING:
    import torch

    Numbers = Mapping[str, float | torch.Tensor]
    State = Mapping[str, torch.Tensor]

CAUSES = "lower learning-rate, or check the scale of the inputs"


def first_non_finite(numbers: "Numbers") -> str | None:
    """Return the name of the first number or tensor that holds NaN or an infinity, or None."""
    return next((name for name, value in numbers.items() if not _is_finite(value)), None)


def check_finite(subject: str, numbers: "Numbers", *, when: str = "") -> None:
    """Raise if any of the named numbers or tensors is not finite.

    Raises:
        DivergedError: naming `subject`, `when` (" in round 2") and the first such number.
    """
    if name := first_non_finite(numbers):
        raise DivergedError(
            f"{subject}: {name} is not finite{when}. It gets no result, and finished parts are "
            f"kept; {CAUSES}"
        )


def check_training(subject: str, round_: int, losses: Sequence[float], state: "State") -> None:
    """Raise if a round of training diverged: an epoch's mean loss, or the weights after it.

    Raises:
        DivergedError: naming `subject`, the round and the epoch.
    """
    for epoch, loss in enumerate(losses, start=1):
        check_finite(subject, {"the loss": loss}, when=f" in round {round_}, epoch {epoch}")
    check_finite(subject, state, when=f" in round {round_}, epoch {len(losses)}")


def _is_finite(value: "float | torch.Tensor") -> bool:
    return math.isfinite(value) if isinstance(value, float | int) else bool(value.isfinite().all())
