"""Which software and machine made a result."""

import platform
from importlib import metadata

import fedcompare
from fedcompare.workers import available_cpus

PACKAGES = ("flwr", "ray", "torch", "torchvision", "flwr-datasets", "numpy")


def versions() -> dict[str, str]:
    """Return the installed version of each package that matters; "missing" if it is not there."""
    found = {"fedcompare": fedcompare.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "missing"
    return found


def describe() -> dict[str, str | int]:
    """Return the versions, the platform and the number of CPUs."""
    return {**versions(), "platform": platform.platform(), "cpus": available_cpus()}
