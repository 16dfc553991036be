"""Which software and machine made a result."""

import functools
import platform
from collections.abc import Iterable
from importlib import metadata

import fedcompare
from fedcompare.machine.cpus import available_cpus

PACKAGES = ("flwr", "ray", "torch", "torchvision", "flwr-datasets", "numpy")


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the version of fedcompare, Python and each package; "missing" if it is not there."""
    found = {"fedcompare": fedcompare.__version__, "python": platform.python_version()}
    return found | {package: _version(package) for package in packages}


@functools.cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def describe() -> dict[str, str | int]:
    """Return the versions, the platform and the number of CPUs."""
    return {**versions(), "platform": platform.platform(), "cpus": available_cpus()}
