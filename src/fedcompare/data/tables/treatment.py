"""What becomes of each column by a contract, in words."""

from collections.abc import Iterator

from fedcompare.classes import listed
from fedcompare.data.tables.contract import Contract, Feature, Kind
from fedcompare.text.wording import number

LEFT_OUT = "left out"
LABEL = "label"
_SHOWN = 8  # of a column's categories


def treatment(feature: Feature) -> str:
    """Return what becomes of a column, in words."""
    match feature.kind:
        case Kind.CATEGORY:
            said = f"one input each: {listed(feature.categories, most=_SHOWN)}"
            gap = "a category of its own where it is missing"
        case Kind.YES_NO:
            said = f"one input: 1 is {feature.categories[0]}"
            gap = f"{number(feature.mean, 2)} where it is missing, and an input that says so"
        case _:
            said = f"standardised: mean {feature.mean:.4g}, deviation {feature.deviation:.4g}" + (
                f"; days since 1970 of {feature.form}" if feature.kind is Kind.DAY else ""
            )
            gap = "the mean where it is missing, and an input that says so"
    return f"{said}; {gap}" if feature.gaps else said


def uses(contract: Contract) -> Iterator[tuple[str, str, str]]:
    """Yield each column's name, kind and treatment: those to learn from, then those left out.

    A label that is a number comes first: it is treated too.
    """
    if contract.number:
        yield contract.label, LABEL, treatment(contract.number)
    for feature in contract.features:
        yield feature.name, feature.kind.value, treatment(feature)
    for name, reason in contract.left_out.items():
        yield name, LEFT_OUT, reason
