"""`fedcompare verify`: derive everything again, from the data up, and compare."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load

from fedcompare.comparison.analysis import analyse
from fedcompare.comparison.files import comparison_files
from fedcompare.comparison.stored import Comparison, comparison_inputs, used_parts
from fedcompare.comparison.verify_parts import ANSWERED, PartCheck
from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.dataset import reload_dataset
from fedcompare.data.silos import Silos, load_silos
from fedcompare.errors import DataError, FedcompareError, HubError
from fedcompare.evaluation.predicting import remake
from fedcompare.execution.plan import seed_runs
from fedcompare.findings.checks import Check
from fedcompare.learning.devices import here
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.manifest import RUN_FILE, Manifest, read_manifest

# Another processor or build of torch may differ in the last bits of a probability.
_ROUNDING = 1e-4


def verify(comparison: Comparison, *, dataset: str | None = None) -> Iterator[Check]:
    """Yield a check for every part of every seed, and for every file of the comparison.

    `dataset` says where the data are now, if they were moved.

    Raises:
        DataError, HubError: the data cannot be loaded; all that needs no data was checked.
    """
    config = comparison.config
    if dataset is not None:
        data = config.data.model_copy(update={"dataset": dataset})
        config = config.model_copy(update={"data": data}).located()
    runs = seed_runs(config, comparison.results)
    unloaded, data_check = _check_data(config, runs)
    if data_check:
        yield data_check
    with_data = data_check is not None and data_check.ok
    parts = used_parts(config, contributions=comparison.contributions)
    for run in runs:
        silos = load_silos(run.config) if with_data else None
        checker = PartCheck(run=run, silos=silos)
        for part in dict.fromkeys((*parts, *run.parts())):
            checks, fault = _answer_again(run, silos, part) if silos else ([], None)
            yield checker.check(part, fault)
            yield from checks
    yield _check_software(runs)
    yield from _check_tables(comparison)
    if unloaded:
        raise unloaded


def _check_data(
    config: ExperimentConfig, runs: Sequence[RunDirectory]
) -> tuple[DataError | HubError | None, Check | None]:
    """Load the data past all caches, and compare them with what was recorded.

    Of folds one is enough: all are rows of the same files.
    """
    subject = "data"
    try:
        found = reload_dataset(config.by_repeat()[0].data).fingerprint
    except (DataError, HubError) as error:
        message = (
            f"{error}\nThe data were not checked, nor what follows from them. If they were moved, "
            f"name their place: fedcompare verify RUN --dataset {config.data.source.kind}:PLACE"
        )
        return type(error)(message), None
    recorded = {
        manifest.inputs.data
        for run in runs
        for part in run.parts()
        if (manifest := _manifest(run, part))
    }
    if found in recorded or not recorded:  # a part made from others says so itself
        finding = f"{config.data.dataset} holds what the results were made from"
        return None, Check(subject=subject, ok=True, finding=finding)
    finding = (
        f"{config.data.dataset} holds other data than the results were made from; if they were "
        "moved, name their place with --dataset"
    )
    return None, Check(subject=subject, ok=False, finding=finding)


def _check_software(runs: Sequence[RunDirectory]) -> Check:
    """Check that no two parts were made with different versions of what can change numbers."""
    found: dict[str, set[str]] = {}
    for run in runs:
        for part in run.parts():
            if manifest := _manifest(run, part):
                for package, version in manifest.inputs.software.items():
                    found.setdefault(package, set()).add(version)
    shown = ", ".join(f"{name} {' and '.join(sorted(each))}" for name, each in found.items())
    ok = all(len(each) == 1 for each in found.values())
    finding = f"all parts were made with {shown}" if ok else f"parts were made with {shown}"
    return Check(subject="software", ok=ok, finding=finding)


def _manifest(run: RunDirectory, part: str) -> Manifest | None:
    try:
        return run.read_manifest(part)
    except FedcompareError:
        return None  # that part's own check says so


def _answer_again(run: RunDirectory, silos: Silos, part: str) -> tuple[list[Check], str | None]:
    """Return a check for each file of answers, and why not all of them could be made again."""
    checks: list[Check] = []
    if part not in ANSWERED:
        return checks, None
    run = RunDirectory(run.results, here(run.config))
    try:
        recorded = run.read_manifest(part).files
        for name, content in remake(run, silos, part):
            checks.append(_check_file(run, part, name, content, recorded.get(name, "")))
    except FedcompareError as error:
        return checks, str(error)
    return checks, None


def _check_file(run: RunDirectory, part: str, name: str, content: bytes, recorded: str) -> Check:
    path, subject = run.path / part / name, f"{_name(run, part)}/{name}"
    if not path.is_file():
        return Check(subject=subject, ok=False, finding="is missing")
    stored = path.read_bytes()
    altered = hashlib.sha256(stored).hexdigest() != recorded
    if stored == content and not altered:
        return Check(subject=subject, ok=True, finding="made again, it has the same bytes")
    difference = _difference(stored, content)
    if altered:
        finding = f"was altered: {difference or 'its SHA-256 is not the recorded one'}"
        return Check(subject=subject, ok=False, finding=finding)
    finding = difference or "equal up to rounding: another processor, device or torch made it"
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
        close = distance <= _ROUNDING * _size(old[name])  # a NaN is not
        rows = np.flatnonzero(~close.reshape(len(close), -1).all(axis=1))
        if len(rows):
            row = int(rows[0])
            return (
                f"{name} of {len(rows)} examples differ from what the weights give, first "
                f"example {row}: stored {_shown(old[name][row])}, given {_shown(new[name][row])}"
            )
    return None


def _size(tensor: torch.Tensor) -> float:
    """Return what rounding is a part of: 1 for probabilities; numbers may be of any size."""
    is_number = tensor.dtype == torch.float64 and tensor.numel() > 0
    return float(tensor.abs().max()) if is_number else 1.0


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
            comparison.config,
            seed_runs(comparison.config, comparison.results),
            contributions=comparison.contributions,
        )
    except FedcompareError as error:
        yield Check(subject=subject, ok=False, finding=str(error))
        return
    yield _check_manifest(comparison)
    for name, text in comparison_files(comparison.config, analysis):
        yield _check_text(comparison.folder / name, f"{subject}/{name}", text)


def _check_manifest(comparison: Comparison) -> Check:
    """Check that the comparison was made from the parts that are there now."""
    subject = f"comparison/{RUN_FILE}"
    try:
        made = read_manifest(comparison.folder).inputs
        now = comparison_inputs(
            comparison.results, comparison.config, contributions=comparison.contributions
        )
    except FedcompareError as error:
        return Check(subject=subject, ok=False, finding=str(error))
    others = [name for name, digest in now.sources.items() if made.sources.get(name) != digest]
    if others:
        finding = f"the comparison was made from another {others[0]} than there is now"
        return Check(subject=subject, ok=False, finding=finding)
    finding = "made from the parts that are there"
    return Check(subject=subject, ok=made == now, finding=finding if made == now else "was altered")


def _check_text(path: Path, subject: str, expected: str) -> Check:
    if not path.is_file():
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
    return f"{run.name}/{part}"
