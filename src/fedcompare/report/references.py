"""What the report says of models without a network: whether joining beats them."""

from fedcompare.findings.findings import Findings
from fedcompare.findings.references import ReferenceGain
from fedcompare.names import silo_name
from fedcompare.report.blocks import MANY, Block, Cell, Fold, Sheet
from fedcompare.report.wording import bounds, units


def reference_blocks(findings: Findings) -> tuple[Block, ...]:
    """Return forms against the best that a silo's own rows give without a network, if asked."""
    if not findings.references:
        return ()
    sheet = _sheet(findings)
    if len(findings.silos) <= MANY:
        return (sheet,)
    return (Fold(title="Every silo's best model without a network", blocks=(sheet,)),)


def _sheet(findings: Findings) -> Sheet:
    written = units(findings)
    return Sheet(
        key="references",
        caption=f"Gain over the best model without a network{written.of_gains} (interval)",
        columns=("silo", "question", "form", "gain", "best without a network", "it has"),
        rows=tuple(_row(gain, findings) for gain in findings.references),
        heads=3,
        words=frozenset({1, 2, 4}),
        note=(
            "Of each silo's own training rows scikit-learn makes one constant answer, a "
            "regularised linear model and boosted trees; the best of these is chosen by looking, "
            "so it is the harder to beat. A form that beats only a weak network of the silo's own "
            "is no reason to join."
        ),
    )


def _row(gain: ReferenceGain, findings: Findings) -> tuple[Cell, ...]:
    written = units(findings)
    digits = written.digits(gain.gain, gain.low, gain.high)
    return (
        Cell(silo_name(gain.silo, findings.silo_names)),
        Cell(gain.question.value),
        Cell(gain.regime.value),
        Cell(written.gain(gain.gain, digits), note=bounds(gain, written, digits), word=gain.word),
        Cell(gain.reference.value),
        Cell(written.value(gain.reference_value)),
    )
