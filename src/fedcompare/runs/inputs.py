"""What a part was made from. Parts with equal inputs are the same part, wherever they lie."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fedcompare.config.dotted import DottedPath
from fedcompare.config.groups import ExperimentConfig
from fedcompare.machine import environment
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.records import Origin

# Raised when the same inputs would give another result, or results are stored otherwise.
FORMAT = 4
Value = str | int | float | bool
# What can change the bits of training and of answers; Flower only those of a federation. What
# changes those of some part only is named by who makes it.
_SOFTWARE = ("torch", "numpy")
_FEDERATED_SOFTWARE = (*_SOFTWARE, "flwr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a part's content follows from.

    `regime` is None where no model was trained; `settings` are the keys that count, by value;
    `data` and `partition` the SHA-256 of the examples and of which silo has which; `sources`
    the SHA-256 of every file of another part that was read, by "part/file"; `software` the
    versions that can change a number; of a model of the user's own, its module's digest.
    """

    regime: Regime | None
    settings: Mapping[str, Value]
    data: str
    partition: str
    sources: Mapping[str, str] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def origin(self) -> Origin:
        """Return the digests of data and partition."""
        return Origin(data=self.data, partition=self.partition)


def wanted_inputs(
    config: ExperimentConfig,
    origin: Origin,
    regime: Regime | None = None,
    sources: Mapping[str, str] | None = None,
    packages: Iterable[str] = (),
) -> Inputs:
    """Return what a part must have been made from to be used with `config` and these data.

    Without a regime these are the inputs that all parts share. `packages` are those on whose
    versions this part depends besides.
    """
    needed = (*(_FEDERATED_SOFTWARE if regime is Regime.FEDERATED else _SOFTWARE), *packages)
    installed = environment.versions(needed)
    own = DottedPath.parse(config.model.model.name)
    return Inputs(
        regime=regime,
        settings=config.counted(row_of(regime).scopes if regime else ()),
        data=origin.data,
        partition=origin.partition,
        sources=dict(sources or {}),
        software={package: installed[package] for package in needed}
        | ({own.module: own.digest()} if own else {}),
    )


def shared_by(inputs: Inputs, wanted: Inputs) -> Inputs:
    """Return `inputs` without what `wanted` does not speak of: the keys of single regimes."""
    return replace(
        inputs,
        settings={key: value for key, value in inputs.settings.items() if key in wanted.settings},
        software={key: value for key, value in inputs.software.items() if key in wanted.software},
        sources=wanted.sources,
    )


def differences(made: Inputs, wanted: Inputs) -> Iterator[str]:
    """Yield how inputs differ, but for their sources: "learning-rate = 0.1, now 0.2".

    A key that did not exist when the part was made had the meaning of its default.
    """
    defaults = ExperimentConfig().to_flat()
    for key in dict.fromkeys((*wanted.settings, *made.settings)):
        old = made.settings.get(key, defaults.get(key))
        if key not in wanted.settings:
            yield f"{key} = {old!r}, now of no effect"
        elif old != wanted.settings[key]:
            yield f"{key} = {old!r}, now {wanted.settings[key]!r}"
    for package, version in wanted.software.items():
        if (old := made.software.get(package, "unknown")) != version:
            yield f"{package} {old}, now {version}"
