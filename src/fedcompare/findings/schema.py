"""The report as JSON: exactly the findings, with a schema that says what each field means."""

import json
import math
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from fedcompare.errors import ResultsError
from fedcompare.findings.findings import Findings

TITLE: Final = "Findings of a fedcompare comparison, format 3"
# JSON has no such numbers; pydantic reads these strings back.
_NOT_FINITE: Final = ("NaN", "Infinity", "-Infinity")


def to_json(findings: Findings) -> str:
    """Return the findings as JSON, indented, with a newline at the end.

    A number that is not finite is written as the string "NaN", "Infinity" or "-Infinity", and a
    lone surrogate, which JSON for exchange does not have, as an escape that is text.
    """
    content = TypeAdapter(Findings).dump_python(findings, mode="json")
    return json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str, source: str) -> Findings:
    """Return the findings that `to_json` wrote; `source` names the file in messages.

    Raises:
        ResultsError: the text is no JSON, or not that of a report.
    """
    try:
        return TypeAdapter(Findings).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        where = f" at {place}" if place else ""
        more = f", and {error.error_count() - 1} more" if error.error_count() > 1 else ""
        raise ResultsError(
            f"{source} is no report of fedcompare, or is damaged ({first['msg']}{where}{more}); "
            "make it again: fedcompare compare"
        ) from error


def schema() -> dict[str, Any]:
    """Return the JSON schema of `report.json`; descriptions are the types' docstrings."""
    found = TypeAdapter(Findings).json_schema(schema_generator=_Schema)
    head = {"$schema": GenerateJsonSchema.schema_dialect, "title": TITLE}
    return head | {key: value for key, value in found.items() if key != "title"}


class _Schema(GenerateJsonSchema):
    """Numbers that may be strings where they are not finite."""

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return {"anyOf": [super().float_schema(schema), {"enum": list(_NOT_FINITE)}]}


def _plain(value: Any) -> Any:
    """Replace numbers and characters that JSON does not have, at any depth."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", errors="backslashreplace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        nan, positive, negative = _NOT_FINITE
        return nan if math.isnan(value) else positive if value > 0 else negative
    return value
