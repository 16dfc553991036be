"""What a federated run produced, and who is told while it runs. Free of flwr."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fedcompare.config.groups import ExperimentConfig
from fedcompare.regimes.records import EpochRecord, Phase, RoundRecord, ServerRecord


def federation_name(config: ExperimentConfig, members: Sequence[int]) -> str:
    """Return what messages call the federation of these silos."""
    who = f" of silos {', '.join(map(str, members))}"
    whole = len(members) == config.partition.num_silos
    return f"the federation{'' if whole else who}, seed {config.seed}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """The weights of every round, every report, and what it took.

    `global_weights` holds the global model after each round, `local_weights` each silo's
    model by (round, silo); all are safetensors bytes. Bytes up and down are those of the
    serialised messages from and to the silos; `seconds` is wall time from the first message
    to the last, and `cpu_seconds` adds up the silos' training.
    """

    global_weights: tuple[bytes, ...]
    local_weights: Mapping[tuple[int, int], bytes]
    label_counts: tuple[tuple[int, ...], ...]
    epochs: tuple[EpochRecord, ...]
    rounds: tuple[RoundRecord, ...]
    server: tuple[ServerRecord, ...]
    bytes_up: int
    bytes_down: int
    seconds: float
    cpu_seconds: float

    @property
    def silos(self) -> list[int]:
        """Return the ids of the silos that trained."""
        return sorted({silo for _, silo in self.local_weights})

    @property
    def untested(self) -> list[int]:
        """Return the ids of the silos that evaluated without a test example of their own."""
        evaluations = [record for record in self.rounds if record.phase is Phase.EVALUATE]
        return sorted({record.silo for record in evaluations if not record.num_examples})

    @property
    def weights(self) -> bytes:
        """Return the global model's weights after the last round."""
        return self.global_weights[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Who is told what happens, as it happens."""

    on_round: Callable[[RoundRecord], None] = lambda record: None
    on_server: Callable[[ServerRecord], None] = lambda record: None
