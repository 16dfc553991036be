"""What fedcompare needs from a machine, checked one by one."""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from fedcompare.errors import FedcompareError
from fedcompare.findings.checks import Check
from fedcompare.machine.cpus import available_cpus
from fedcompare.machine.environment import versions
from fedcompare.regimes.devices import is_repeatable, repeatability
from fedcompare.runs.files import probe_writable
from fedcompare.text.escaping import terminal

_PYTHON = (3, 11)
_SIGNS = "\N{BULLET} \N{EN DASH} \N{WHITE CIRCLE}"  # of our own messages


def diagnose(results: Path) -> Iterator[Check]:
    """Yield all findings, the quick ones first; the last starts and ends Ray."""
    yield _check_python()
    yield from _check_packages()
    yield _check_cpus()
    yield _check_devices()
    yield _check_data()
    yield from _folders(results)
    yield _check_temporary()
    yield _check_terminal()
    if versions().get("ray") != "missing":
        yield _check_ray()


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


def _check_devices() -> Check:
    from fedcompare.learning.devices import available

    found = available()
    odd = [repeatability(device) for device in found if not is_repeatable(device)]
    return Check(subject="devices", ok=True, finding=". ".join([", ".join(found), *odd]))


def _check_data() -> Check:
    from fedcompare.data.sources import idx_files
    from fedcompare.data.sources.idx import MNIST

    try:
        idx_files.read_files(MNIST)
    except FedcompareError as error:
        return Check(subject="bundled MNIST", ok=False, finding=str(error))
    return Check(subject="bundled MNIST", ok=True, finding="complete, checksums match")


def _folders(results: Path) -> Iterator[Check]:
    from fedcompare.data.cache import cache_dir

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


def _check_temporary() -> Check:
    from fedcompare.federated.folder import LONGEST_PLACE, places

    place = tempfile.gettempdir()
    usable = places()
    if not usable:
        limit = f"set TMPDIR to a folder whose name has at most {LONGEST_PLACE} bytes"
        finding = f"{place} is too long for Ray's sockets; {limit}"
    elif usable[0] == Path(place):
        finding = f"{place} is short enough for Ray's sockets"
    else:
        finding = f"{place} is too long for Ray's sockets, which go to {usable[0]} instead"
    return Check(subject="temporary folder", ok=bool(usable), finding=finding)


def _check_terminal() -> Check:
    encoding = sys.stdout.encoding
    shown = terminal(_SIGNS, encoding)
    finding = f"{encoding} shows all signs"
    if shown != _SIGNS:
        finding = (
            f"{encoding} lacks signs, which are written as {shown}; for all of them, set "
            "PYTHONUTF8=1 or a UTF-8 locale"
        )
    return Check(subject="terminal", ok=True, finding=finding)


def _check_ray() -> Check:
    from fedcompare.federated.session import try_ray

    start = time.perf_counter()
    try:
        try_ray()
    except FedcompareError as error:
        return Check(subject="Ray starts", ok=False, finding=str(error))
    seconds = time.perf_counter() - start
    finding = f"for this user alone, and ends, in {seconds:.0f} s"
    return Check(subject="Ray starts", ok=True, finding=finding)
