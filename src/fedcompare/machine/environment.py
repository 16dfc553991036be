"""Which software and machine made a result."""

import platform
from collections.abc import Iterable
from importlib import metadata

import fedcompare
from fedcompare.machine.cpus import available_cpus

PACKAGES = ("flwr", "ray", "torch", "torchvision", "flwr-datasets", "numpy")


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the version of fedcompare, Python and each package; "missing" if it is not there."""
    found = {"fedcompare": fedcompare.__version__, "python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "missing"
    return found


def describe() -> dict[str, str | int]:
    """Return the versions, the platform and the number of CPUs."""
    return {**versions(), "platform": platform.platform(), "cpus": available_cpus()}
