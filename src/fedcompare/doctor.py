"""What fedcompare needs from a machine, checked one by one."""

import sys
from collections.abc import Iterator
from pathlib import Path

from fedcompare.environment import versions
from fedcompare.errors import FedcompareError
from fedcompare.records import Check
from fedcompare.results import probe_writable
from fedcompare.workers import available_cpus

_PYTHON = (3, 11)


def diagnose(results: Path) -> list[Check]:
    """Return all findings."""
    return [_check_python(), *_check_packages(), _check_cpus(), _check_data(), *_folders(results)]


def _check_python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= _PYTHON
    remedy = "" if ok else "; install Python 3.11 or newer"
    return Check(subject="Python", ok=ok, finding=found + remedy)


def _check_packages() -> Iterator[Check]:
    for package, version in versions().items():
        if package == "python":
            continue
        ok = version != "missing"
        remedy = "" if ok else "; run: pip install --force-reinstall fedcompare"
        yield Check(subject=package, ok=ok, finding=version + remedy)
    try:
        import torch
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError, OSError) as error:
        remedy = f"{error}; torch and torchvision must be built for each other"
        yield Check(subject="torch imports", ok=False, finding=remedy)
    else:
        yield Check(subject="torch imports", ok=True, finding=f"{torch.get_num_threads()} threads")


def _check_cpus() -> Check:
    return Check(subject="CPUs", ok=True, finding=f"{available_cpus()} usable")


def _check_data() -> Check:
    from fedcompare.data import idx
    from fedcompare.data.sources import BUNDLED

    try:
        idx.read_files(BUNDLED)
    except FedcompareError as error:
        return Check(subject="bundled MNIST", ok=False, finding=str(error))
    return Check(subject="bundled MNIST", ok=True, finding="complete, checksums match")


def _folders(results: Path) -> Iterator[Check]:
    from fedcompare.cache import cache_dir

    places = {
        "results folder": (results, "choose another with --results"),
        "cache folder": (cache_dir(), "set FEDCOMPARE_CACHE to another"),
    }
    for subject, (folder, remedy) in places.items():
        try:
            probe_writable(folder)
        except OSError as error:
            finding = f"{folder} is not writable ({error.strerror}); {remedy}"
            yield Check(subject=subject, ok=False, finding=finding)
        else:
            yield Check(subject=subject, ok=True, finding=f"{folder} is writable")
