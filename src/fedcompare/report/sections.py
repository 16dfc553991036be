"""The order in which a report is read."""

from fedcompare.findings.findings import Findings
from fedcompare.report import consortium, context, forms, gains, models, rounds, silos
from fedcompare.report.blocks import Section
from fedcompare.tasks import CLASSES


def sections(findings: Findings) -> tuple[Section, ...]:
    """Return all parts of the report; the first one is for readers who read no further."""
    asked = (context.contributions_section(findings),) if findings.contributions else ()
    of_classes = (
        (
            models.confusion_section(findings),
            models.mistakes_section(findings),
            rounds.forgetting_section(findings),
        )
        if findings.task in CLASSES
        else ()
    )
    return (
        gains.verdict_section(findings),
        gains.gains_section(findings),
        *((consortium.consortium_section(findings),) if findings.consortium else ()),
        *((forms.forms_section(findings),) if findings.forms.gains else ()),
        models.matrix_section(findings),
        silos.silos_section(findings),
        rounds.curves_section(findings),
        *of_classes,
        *asked,
        gains.split_section(findings),
        context.budget_section(findings),
        context.method_section(findings),
        context.reproduce_section(findings),
    )
