"""What the report says of single classes: on which of them a silo gains."""

from fedcompare.findings.findings import Findings
from fedcompare.findings.gains import ClassGain
from fedcompare.names import silo_name
from fedcompare.report.blocks import Block, Cell, Fold, Sheet
from fedcompare.report.wording import answer_cell, bounds
from fedcompare.text.units import PERCENT


def class_gain_blocks(findings: Findings) -> tuple[Block, ...]:
    """Return the gain of each silo on each class, folded; nothing where no class has enough."""
    if not findings.class_gains:
        return ()
    sheet = Sheet(
        key="class-gains",
        caption="Federated against isolated-equal on each class",
        columns=(
            "silo",
            "class",
            "test examples",
            "isolated-equal, %",
            "federated, %",
            "gain, points (interval)",
            "answer",
        ),
        rows=tuple(_row(gain, findings) for gain in findings.class_gains),
        heads=2,
        words=frozenset({1, 6}),
        note=(
            "Accuracy on all test examples of a class that has enough of them. Words are corrected "
            "over all silos and classes together."
        ),
    )
    return (Fold(title="The gain on each class", blocks=(sheet,)),)


def _row(gain: ClassGain, findings: Findings) -> tuple[Cell, ...]:
    digits = PERCENT.digits(gain.gain)
    return (
        Cell(silo_name(gain.silo, findings.silo_names)),
        Cell(gain.class_name),
        Cell(f"{gain.num_examples:,}"),
        Cell(PERCENT.value(gain.isolated_equal, digits)),
        Cell(PERCENT.value(gain.federated, digits)),
        Cell(PERCENT.gain(gain.gain, digits), note=bounds(gain, PERCENT, digits)),
        answer_cell(gain),
    )
