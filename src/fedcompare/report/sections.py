"""The order in which a report is read."""

from fedcompare.findings.findings import Findings
from fedcompare.report import context, gains, models, rounds
from fedcompare.report.blocks import Section


def sections(findings: Findings) -> tuple[Section, ...]:
    """Return all parts of the report; the first one is for readers who read no further."""
    asked = (context.contributions_section(findings),) if findings.contributions else ()
    return (
        gains.verdict_section(findings),
        gains.gains_section(findings),
        models.matrix_section(findings),
        context.silos_section(findings),
        rounds.curves_section(findings),
        models.confusion_section(findings),
        models.mistakes_section(findings),
        rounds.forgetting_section(findings),
        *asked,
        gains.split_section(findings),
        context.budget_section(findings),
        context.method_section(findings),
        context.reproduce_section(findings),
    )
