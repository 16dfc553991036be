"""Who is told while something is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fedcompare.regimes.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """What to call, for whom it concerns; every call comes in the listener's own process.

    `on_note` gets sentences on the data and the way of working; `on_silos` what the data call the
    silos, in the order of their ids, or nothing; `on_start` the training steps to
    come, `on_steps` those just done; `on_record` every row as it arrives; `on_part` the folder of
    a part that is finished.
    """

    on_note: Callable[[str], None] = lambda note: None
    on_silos: Callable[[Sequence[str]], None] = lambda names: None
    on_start: Callable[[int], None] = lambda steps: None
    on_steps: Callable[[int], None] = lambda steps: None
    on_record: Callable[[Record], None] = lambda record: None
    on_part: Callable[[Path], None] = lambda path: None
