"""The one place that names models: their files, their rows, and what people call them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fedcompare.names import silo_name, silo_names
from fedcompare.regimes.catalog import Regime, Row, row_of


@dataclass(frozen=True, slots=True)
class ModelId:
    """One model of one seed: its regime and the silo whose it is, or nobody's own (None).

    A silo's model of a regime that silos share is what it sent back in a round: its local model.
    Names are written here, and never read back: who wants a model's file asks its id.
    """

    regime: Regime
    silo: int | None = None

    @property
    def is_local(self) -> bool:
        """Return whether it is a silo's contribution to a model that silos share."""
        return self.silo is not None and row_of(self.regime).shared

    @property
    def key(self) -> str:
        """Return the name of files and rows: "federated", "isolated-silo-1", "local-silo-1"."""
        kind = "local" if self.is_local else self.regime.value
        return kind if self.silo is None else f"{kind}-silo-{self.silo}"

    @property
    def label(self) -> str:
        """Return what people call it: "federated", "isolated, silo 1"."""
        return self.called()

    def called(self, names: Sequence[str] = ()) -> str:
        """Return what people call it, where silos may have `names` of their own."""
        kind = "local" if self.is_local else self.regime.value
        return kind if self.silo is None else f"{kind}, {silo_name(self.silo, names)}"

    def weights_file(self, *, round: int | None = None) -> str:
        """Return where its weights are in its part; without a round, those after the last one."""
        return weights_file(self.silo, round=round)


def weights_file(silo: int | None, *, round: int | None = None) -> str:
    """Return where an owner's weights are in a trained part; no silo means the global model.

    Without a round, these are the weights after the last one.
    """
    stem = "global" if silo is None else f"silo-{silo}"
    folder = "weights" if round is None else f"weights/round-{round}"
    return f"{folder}/{stem}.safetensors"


def training_name(regime: Regime, silo: str, repeat: str) -> str:
    """Return what messages call the training of one model, of a silo of this name, in a repeat."""
    return f"{regime} training of {silo}, {repeat}"


def federation_name(
    members: Sequence[int], num_silos: int, repeat: str, names: Sequence[str] = ()
) -> str:
    """Return what messages call the federation of these silos, which may have names."""
    who = "" if len(members) == num_silos else f" of {silo_names(members, names)}"
    return f"the federation{who}, {repeat}"


def models_of(rows: Iterable[Row], silos: Iterable[int]) -> list[ModelId]:
    """Return the models of some regimes, in the order of tables."""
    owners = list(silos)
    return [ModelId(row.regime, silo) for row in rows for silo in row.owners(owners)]


def local_models(silos: Iterable[int]) -> list[ModelId]:
    """Return what each silo sends back in a round of the federation."""
    return [ModelId(Regime.FEDERATED, silo) for silo in silos]
