"""`fedcompare verify`: derive everything again, from the data up, and compare."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load

from fedcompare.comparison.analysis import analyse, seed_configs
from fedcompare.comparison.answers import coalition_part, read_recorded, remake
from fedcompare.comparison.files import Comparison, comparison_files
from fedcompare.comparison.stages import coalitions_to_train
from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import partition_fingerprint
from fedcompare.errors import FedcompareError
from fedcompare.records import Check
from fedcompare.regimes.catalog import TRAINED
from fedcompare.results import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory

# Another processor or build of torch may differ in the last bits of a probability.
_ROUNDING = 1e-4


def verify(comparison: Comparison) -> Iterator[Check]:
    """Yield a check for every part of every seed, and for every file of the comparison.

    Raises:
        DataError, HubError: the data themselves cannot be loaded.
    """
    trained = coalitions_to_train(comparison.config.partition.num_silos)
    coalitions = tuple(map(coalition_part, trained)) if comparison.contributions else ()
    for config in seed_configs(comparison.config):
        run = RunDirectory(comparison.results, config)
        for part in (*TRAINED, *coalitions):
            yield _check_part(config, run, part)
        yield from _check_answers(config, run, PREDICTIONS, TRAINED)
        if coalitions:
            yield from _check_answers(config, run, COALITION_PREDICTIONS, coalitions)
    yield from _check_tables(comparison)


def _check_part(config: ExperimentConfig, run: RunDirectory, part: str) -> Check:
    """Check data, partition and weights of what was trained."""
    subject = _name(run, part)
    try:
        manifest = run.read_manifest(part)
    except FedcompareError as error:
        return Check(subject=subject, ok=False, finding=str(error))
    problems = []
    if manifest.data_fingerprint != load_dataset(config.data).fingerprint:
        problems.append("trained on other data than the dataset has now")
    if manifest.partition_fingerprint != partition_fingerprint(config):
        problems.append("trained on another partition than the configuration gives")
    for file, expected in manifest.weights.items():
        path = run.regime_path(part) / file
        if not path.exists():
            problems.append(f"{file} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            problems.append(f"{file} was altered")
    good = f"data, partition and {len(manifest.weights)} files of weights as recorded"
    return Check(subject=subject, ok=not problems, finding="; ".join(problems) or good)


def _check_answers(
    config: ExperimentConfig, run: RunDirectory, part: str, sources: tuple[str, ...]
) -> Iterator[Check]:
    """Predict again from the stored weights, and compare each file with the stored one."""
    try:
        recorded = read_recorded(run, part)
        for name, content in remake(config, run, part, sources):
            yield _check_file(run, part, name, content, recorded.get(name, ""))
    except FedcompareError as error:
        yield Check(subject=_name(run, part), ok=False, finding=str(error))


def _check_file(run: RunDirectory, part: str, name: str, content: bytes, recorded: str) -> Check:
    path, subject = run.path / part / name, f"{_name(run, part)}/{name}"
    if not path.exists():
        return Check(subject=subject, ok=False, finding="is missing")
    stored = path.read_bytes()
    altered = hashlib.sha256(stored).hexdigest() != recorded
    if stored == content and not altered:
        return Check(subject=subject, ok=True, finding="the stored weights give the same bytes")
    difference = _difference(stored, content)
    if altered:
        finding = f"was altered: {difference or 'its SHA-256 is not the recorded one'}"
        return Check(subject=subject, ok=False, finding=finding)
    finding = difference or "equal up to rounding: another processor or torch made it"
    return Check(subject=subject, ok=difference is None, finding=finding)


def _difference(stored: bytes, content: bytes) -> str | None:
    """Return how stored tensors differ from those the weights give; None for rounding only."""
    try:
        old, new = load(stored), load(content)
    except Exception as error:  # safetensors raises its own type for any damage
        return f"cannot be read ({error})"
    if _kinds(old) != _kinds(new):
        return "has other tensors than the weights give"
    for name in old:
        distance = np.abs(old[name].double().numpy() - new[name].double().numpy())
        close = distance <= _ROUNDING  # a NaN is not
        rows = np.flatnonzero(~close.reshape(len(close), -1).all(axis=1))
        if len(rows):
            row = int(rows[0])
            return (
                f"{name} of {len(rows)} examples differ from what the weights give, first "
                f"example {row}: stored {_shown(old[name][row])}, given {_shown(new[name][row])}"
            )
    return None


def _kinds(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}


def _shown(value: object) -> str:
    rounded = np.round(np.asarray(value, dtype=np.float64), 4).tolist()
    return str(rounded)


def _check_tables(comparison: Comparison) -> Iterator[Check]:
    """Derive the verdict, the report and the tables again and compare them with the files."""
    subject = "comparison"
    try:
        analysis = analyse(
            comparison.config, comparison.results, contributions=comparison.contributions
        )
    except FedcompareError as error:
        yield Check(subject=subject, ok=False, finding=str(error))
        return
    for name, text in comparison_files(comparison.config, analysis):
        yield _check_text(comparison.folder / name, f"{subject}/{name}", text)


def _check_text(path: Path, subject: str, expected: str) -> Check:
    if not path.exists():
        return Check(subject=subject, ok=False, finding="is missing")
    if path.read_bytes() == expected.encode():
        return Check(subject=subject, ok=True, finding="the stored predictions give the same")
    stored = path.read_bytes().split(b"\n")
    pairs = enumerate(zip(stored, expected.encode().split(b"\n"), strict=False), start=1)
    line = next((number for number, (old, new) in pairs if old != new), len(stored))
    return Check(
        subject=subject,
        ok=False,
        finding=f"differs from what the stored predictions give, first in line {line}",
    )


def _name(run: RunDirectory, part: str) -> str:
    return f"{run.path.name}/{part}"
