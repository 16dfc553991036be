"""What all silos must agree on before one of them can make examples of its rows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

VERSION = 1


class Kind(StrEnum):
    """What a column holds, which decides what becomes of it."""

    NUMBER = "number"
    DAY = "day"
    YES_NO = "yes or no"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column to learn from.

    `form` is the decimal sign of numbers, or how days are written; `categories` are all that there
    are, or the words for yes and for no. With `gaps`, one more input says where a value is missing.
    """

    name: str
    kind: Kind
    form: str = ""
    mean: float = 0.0
    deviation: float = 1.0
    categories: tuple[str, ...] = ()
    gaps: bool = False

    @property
    def width(self) -> int:
        """Return how many inputs it becomes."""
        return (len(self.categories) if self.kind is Kind.CATEGORY else 1) + self.gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """How rows become examples, alike in all silos and regimes.

    `label`, `silo` and `group` are names of columns ("" where there is none); `classes` and `silos`
    the values in them, in the order of labels and of ids; `left_out` says why other columns are not
    learnt from. A label that is a number has no classes, but `number`, its form with mean and
    deviation.
    Values follow from training rows alone.
    """

    version: int = VERSION
    label: str
    silo: str
    group: str = ""
    classes: tuple[str, ...]
    silos: tuple[str, ...]
    features: tuple[Feature, ...]
    left_out: Mapping[str, str]
    number: Feature | None = None

    @property
    def width(self) -> int:
        """Return the number of inputs of one example."""
        return sum(feature.width for feature in self.features)

    def to_json(self) -> str:
        """Return the contract as a file holds it."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of what is agreed on."""
        return hashlib.sha256(self.to_json().encode(errors="surrogatepass")).hexdigest()


def contract_from_json(text: str) -> Contract:
    """Return the contract that `to_json` wrote.

    Raises:
        ValueError: it is of another version.
    """
    content = json.loads(text)
    if content["version"] != VERSION:
        raise ValueError(f"version {content['version']} of a contract, known is {VERSION}")
    features = tuple(map(_feature, content.pop("features")))
    number = content.pop("number")
    classes, silos = (tuple(content.pop(key)) for key in ("classes", "silos"))
    return Contract(
        **content,
        features=features,
        classes=classes,
        silos=silos,
        number=_feature(number) if number else None,
    )


def _feature(own: Mapping[str, Any]) -> Feature:
    return Feature(**{**own, "kind": Kind(own["kind"]), "categories": tuple(own["categories"])})
