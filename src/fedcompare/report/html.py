"""The report as one HTML page that needs nothing else: no network, no other file.

Where silos are many a few lines of script find one by its name; the page is whole without.
"""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from fedcompare.findings.findings import Findings
from fedcompare.report.blocks import MANY
from fedcompare.report.sections import sections
from fedcompare.text.escaping import visible, visible_lines
from fedcompare.text.wording import listing, plural


def render_html(findings: Findings) -> str:
    """Return the page; the same findings give the same bytes.

    Text from the findings is made visible and escaped; only the pictures, which do so with their
    own text, and the stylesheet enter as they are.
    """
    environment = Environment(
        loader=PackageLoader(__name__.rpartition(".")[0]),
        autoescape=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["long"] = _is_long
    environment.filters["lines"] = lambda text: escape(visible_lines(text))
    return environment.get_template("report.html.jinja").render(
        findings=findings,
        sections=sections(findings),
        seeds=f"{plural(len(findings.seeds), 'seed')}: {listing(findings.seeds)}",
        silos=plural(len(findings.silos), "silo"),
        many=len(findings.silos) > MANY,
    )


def _is_long(text: str) -> bool:
    """Return whether a table's head leaves no room beside it unless it is broken."""
    return len(text) > 60 or any(len(word) > 24 for word in text.split())
