"""May a part that is there be used? Only if it was made from what is wanted now."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.parsing import parse_config, read_settings
from fedcompare.errors import ConfigError, FedcompareError, ResultsError
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.records import Origin
from fedcompare.runs.directory import (
    COALITION_PREDICTIONS,
    EVALUATION,
    PARTITION,
    PREDICTIONS,
    RunDirectory,
)
from fedcompare.runs.files import check_writable
from fedcompare.runs.inputs import Inputs, differences, shared_by, wanted_inputs
from fedcompare.runs.manifest import CONFIG_FILE, Manifest, check_file, check_files, read_manifest


def check_free(run: RunDirectory, regime: Regime, origin: Origin, *, force: bool) -> list[str]:
    """Raise before any work is done that could not be stored.

    Returns the parts that are to be discarded, since `force` is given and their inputs are
    others.

    Raises:
        ResultsError: the part is finished already, or another part has other inputs.
        StorageError: the folder cannot be written.
    """
    # What is derived is removed once its sources are replaced, and stands in nobody's way.
    kept = (regime, PARTITION, EVALUATION, PREDICTIONS, COALITION_PREDICTIONS)
    others = [part for part in run.parts() if part not in kept]
    unusable = {part: problem for part in others if (problem := _problem(run, part, origin))}
    if not force:
        if run.is_finished(regime):
            raise ResultsError(
                f"{run.regime_path(regime)} is finished; add --force to replace it, "
                "or choose another --seed or --results"
            )
        for part, problem in unusable.items():
            raise ResultsError(_begin_anew(run.path / part, problem))
    check_writable(run.path)
    return list(unusable)


def check_partition(run: RunDirectory, origin: Origin, *, force: bool) -> None:
    """Raise if `partition/` was made from other inputs and `force` is not given.

    Raises:
        ResultsError: naming the differences.
        StorageError: the folder cannot be written.
    """
    if not force and run.is_finished(PARTITION) and (problem := _problem(run, PARTITION, origin)):
        raise ResultsError(_begin_anew(run.path / PARTITION, problem))
    check_writable(run.path)


def read_comparable(run: RunDirectory, part: str, origin: Origin) -> Manifest:
    """Read what a finished part says of itself, if it may be compared with others of ours.

    Raises:
        ResultsError: it is missing, damaged, or was made from other data, settings or software.
    """
    manifest = run.read_manifest(part)
    if problem := mismatch(run, manifest, wanted_inputs(run.config, origin)):
        raise ResultsError(
            f"{run.path / part} {problem}; use the same, or make it again with --force"
        )
    return manifest


def is_usable(run: RunDirectory, part: str, wanted: Inputs, *, remedy: str) -> bool:
    """Return whether a part is there, and made from the sources that are wanted.

    Raises:
        ResultsError: it was made from other data, settings or software, or a file is damaged.
        WeightsError: a file of weights or predictions is missing or altered.
    """
    if not run.is_finished(part):
        return False
    manifest = read_manifest(run.path / part, remedy=remedy)
    if problem := mismatch(run, manifest, wanted):
        raise ResultsError(
            f"{run.path / part} {problem}, and what was made differently is not compared. "
            "Choose another --results or name, or add --force to make it again."
        )
    if manifest.inputs.sources != wanted.sources:
        return False
    check_files(run.path / part, manifest, remedy=remedy)
    return True


def check_agree(run: RunDirectory, manifests: Iterable[Manifest], answers: Inputs) -> None:
    """Raise if parts were not made from the run's settings, and the `answers`' data and software.

    Raises:
        ResultsError: naming the part and how it differs.
    """
    for manifest in manifests:
        wanted = wanted_inputs(run.config, answers.origin, manifest.inputs.regime)
        software = {name: answers.software.get(name, v) for name, v in wanted.software.items()}
        if problem := mismatch(run, manifest, replace(wanted, software=software)):
            raise ResultsError(
                f"{run.path / manifest.part} {problem}; make it again: fedcompare compare --force"
            )


def discard_stale(run: RunDirectory, clashes: Iterable[str]) -> list[Path]:
    """Remove what a newly written part has made wrong, and return what was removed.

    These are parts that were made from files which are there no more, and the `clashes` of
    `check_free`.
    """
    stale = {*clashes, *(part for part in run.parts() if not _is_current(run, part))}
    paths = [run.path / part for part in sorted(stale) if (run.path / part).exists()]
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
    return paths


def outdated_sources(run: RunDirectory, manifest: Manifest) -> list[str]:
    """Return the files, named "part/file", that a part was made from and that are others now.

    Raises:
        ResultsError: a part that holds such a file is damaged.
    """
    now = current_sources(run, manifest.inputs.sources)
    return [name for name, then in manifest.inputs.sources.items() if now.get(name) != then]


def current_sources(run: RunDirectory, names: Iterable[str]) -> dict[str, str]:
    """Return the recorded SHA-256 of files that are named "part/file", of those that are there."""
    wanted = list(names)
    found: dict[str, str] = {}
    for part in filter(run.is_finished, run.parts()):
        if any(name.startswith(f"{part}/") for name in wanted):
            files = read_manifest(run.path / part).files
            found |= {f"{part}/{file}": digest for file, digest in files.items()}
    return {name: found[name] for name in wanted if name in found}


def mismatch(run: RunDirectory, manifest: Manifest, wanted: Inputs) -> str | None:
    """Return how a part's inputs differ from the wanted ones, sources apart."""
    made = shared_by(manifest.inputs, wanted)
    found = list(differences(made, wanted))
    data, partition = made.data != wanted.data, made.partition != wanted.partition
    if data or partition:
        found += _other_origin(run.path / manifest.part / CONFIG_FILE, run.config)
    if found:
        return f"was made with another configuration ({'; '.join(found)})"
    if data:
        return "was made from other data than the dataset has now"
    if partition:
        return "was trained on another partition than the configuration gives now"
    return None


def _is_current(run: RunDirectory, part: str) -> bool:
    """Return whether all that a part was made from is still there as it was."""
    try:
        return not outdated_sources(run, run.read_manifest(part))
    except FedcompareError:
        return False


def _problem(run: RunDirectory, part: str, origin: Origin) -> str | None:
    """Return why a part may not stand beside what is made now, if it may not."""
    try:
        manifest = read_manifest(run.path / part)
        check_file(run.path / part, manifest, CONFIG_FILE)
    except FedcompareError as error:
        return f"cannot be used: {error}"
    return mismatch(run, manifest, wanted_inputs(run.config, origin))


def _other_origin(stored: Path, config: ExperimentConfig) -> Iterator[str]:
    """Yield which of the keys that decide about data and partition are other ones."""
    try:
        old = parse_config(read_settings(stored)).origin()
    except ConfigError:
        return
    for key, value in config.origin().items():
        if old[key] != value:
            yield f"{key} = {old[key]!r}, now {value!r}"


def _begin_anew(path: Path, problem: str) -> str:
    return (
        f"{path} {problem}. Choose another --results or name, or add --force to remove it and "
        "begin anew."
    )
