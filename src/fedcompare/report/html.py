"""The report as one HTML page that needs nothing else: no network, no script, no other file."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from fedcompare.findings import Findings
from fedcompare.report.sections import sections
from fedcompare.report.wording import listing, plural


def render_html(findings: Findings) -> str:
    """Return the page; the same findings give the same bytes.

    Text from the findings is escaped; only the pictures, which escape their own text, and the
    stylesheet enter as they are.
    """
    environment = Environment(
        loader=PackageLoader(__name__.rpartition(".")[0]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.jinja").render(
        findings=findings,
        sections=sections(findings),
        seeds=f"{plural(len(findings.seeds), 'seed')}: {listing(findings.seeds)}",
        silos=plural(len(findings.silos), "silo"),
    )
