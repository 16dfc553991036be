"""The committed results of one real default run: whole, small, and what the README shows."""

import json
from pathlib import Path

import pytest

from fedcompare.comparison.files import verdict_json
from fedcompare.comparison.stored import read_findings
from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.parsing import parse_config, read_settings
from fedcompare.findings.questions import Question
from fedcompare.names import Word
from fedcompare.report.context import ledger_sheet
from fedcompare.report.gains import gains_sheet
from fedcompare.report.html import render_html
from fedcompare.report.markdown import render_markdown, table
from fedcompare.runs.files import format_json
from fedcompare.runs.manifest import RUN_FILE, check_files, read_manifest

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / "results" / "reference" / "mnist" / "comparison"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def findings():
    return read_findings(FOLDER)


def test_it_is_a_run_with_all_defaults():
    assert parse_config(read_settings(FOLDER / "config.toml")) == ExperimentConfig()


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("report.html", render_html),
        ("report.md", render_markdown),
        ("verdict.json", lambda findings: format_json(verdict_json(findings))),
    ],
)
def test_the_files_are_what_the_code_makes_of_its_findings(findings, name, render):
    # After a change of the report: write render(read_findings(FOLDER)) to the file.
    assert (FOLDER / name).read_text(encoding="utf-8") == render(findings)


def test_the_manifest_records_these_files():
    # After that: seal(FOLDER, "comparison", read_manifest(FOLDER).inputs).
    manifest = read_manifest(FOLDER)
    check_files(FOLDER, manifest)
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert there == {*manifest.files, RUN_FILE}


def test_only_small_files_are_kept():
    sizes = {path: path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()}
    assert max(sizes.values()) < 500_000
    assert not [path for path in sizes if path.suffix == ".safetensors"]


def test_the_verdict_on_the_tutorial_is_the_honest_one(findings):
    words = {(gain.silo, gain.question): gain.word for gain in findings.gains}
    for silo in (1, 2, 3):
        assert words[silo, Question.WHOLE] is Word.GAINS
        assert words[silo, Question.UNSEEN] is Word.GAINS
        assert words[silo, Question.OWN] is Word.LOSES
    own = [gain.gain for gain in findings.gains if gain.question is Question.OWN]
    assert all(-0.03 < gain < -0.005 for gain in own)


def test_the_readme_shows_these_numbers(findings):
    assert table(gains_sheet(findings)) in README
    assert table(ledger_sheet(findings)) in README
    assert " ".join(findings.summary.split()) in " ".join(README.replace("> ", "").split())
    assert findings.verdicts[0].headline in " ".join(README.replace("> ", "").split())


def test_every_table_has_rows():
    tables = sorted((FOLDER / "tables").glob("*.csv"))
    assert len(tables) >= 8
    assert all(len(path.read_text(encoding="utf-8").splitlines()) > 1 for path in tables)


def test_json_report_is_the_findings(findings):
    stored = json.loads((FOLDER / "report.json").read_text(encoding="utf-8"))
    assert [gain["gain"] for gain in stored["gains"]] == [gain.gain for gain in findings.gains]
