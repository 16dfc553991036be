"""What Hugging Face datasets raises, as one message with its cause and a remedy that helps."""

import errno
import re

from fedcompare.errors import DataError, FedcompareError, HubError


def explain(error: Exception, name: str, *, is_local: bool) -> FedcompareError:
    """Return the failure to raise instead of `error`: of the hub, or of the files of a folder."""
    kind: type[FedcompareError] = DataError if is_local else HubError
    if message := _of_configurations(error) or _of_features(error):
        return kind(f"dataset hub:{name}: {message}")
    remedy = _remedy(error, is_local=is_local)
    return kind(f"dataset hub:{name} cannot be loaded: {_reason(error)}. {remedy}")


def _remedy(error: Exception, *, is_local: bool) -> str:
    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if isinstance(error, DataFilesNotFoundError) or type(error).__name__ == "EmptyDatasetError":
        return "Expected are Parquet files, or pictures in train/CLASS/ and test/CLASS/."
    if isinstance(error, DatasetNotFoundError | HFValidationError):
        return (
            "Check the name: OWNER/NAME on the hub, or the path of a folder, which does not exist. "
            "If the dataset is private or gated, log in with: hf auth login"
        )
    if isinstance(error, HfHubHTTPError | ConnectionError | TimeoutError) or (
        type(error).__module__.partition(".")[0] in ("httpx", "httpcore", "requests")
    ):
        return (
            "The hub cannot be reached. Check the network and HF_HUB_OFFLINE. Offline, use the "
            'bundled dataset = "mnist", or a local copy: dataset = "hub:/path/to/folder".'
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "Free some space, or set TMPDIR and HF_HOME to folders with more."
    again = "" if is_local else ", or remove them from the hub's cache (HF_HOME)"
    return f"Its files are damaged or do not fit together: restore them{again}."


def _of_configurations(error: Exception) -> str | None:
    """Return what to do if one of several configurations must be chosen, or was wrongly."""
    if not isinstance(error, ValueError):
        return None
    text = str(error)
    if listed := re.search(r"available configs: \[(.*?)\]", text):
        return f"it has several configurations; set dataset-config to one of {listed[1]}"
    if listed := re.search(r"BuilderConfig (.*) not found\. Available: \[(.*?)\]", text):
        return f"dataset-config = {listed[1]} does not exist; it has {listed[2]}"
    return None


def _of_features(error: Exception) -> str | None:
    """Return what to do if the library cannot read such data at all."""
    if "scripts are no longer supported" in str(error):
        return (
            "it is a program that would have to be run, which Hugging Face datasets no longer "
            "does. Choose a copy of it in Parquet, or convert it."
        )
    if isinstance(error, ImportError):
        return f"{error}. Install the package, and try again."
    return None


def _reason(error: Exception) -> str:
    """Return the first line of what went wrong first."""
    while error.__cause__ and type(error).__name__.startswith("DatasetGeneration"):
        cause = error.__cause__
        if not isinstance(cause, Exception):
            break
        error = cause
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".: ") if lines else type(error).__name__
