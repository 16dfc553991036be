"""The committed results of two real runs: whole, small, and what the README shows."""

import json
from pathlib import Path

import pytest

from fedcompare.api import configure
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
REFERENCE = REPOSITORY / "results" / "reference"
FOLDER = REFERENCE / "mnist" / "comparison"
PATIENTS = REFERENCE / "patients" / "comparison"
both = pytest.mark.parametrize("folder", [FOLDER, PATIENTS], ids=["mnist", "patients"])
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def patients():
    return read_findings(PATIENTS)


@pytest.fixture(scope="module")
def findings():
    return read_findings(FOLDER)


def test_it_is_a_run_with_all_defaults():
    assert parse_config(read_settings(FOLDER / "config.toml")) == ExperimentConfig()


@both
@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("report.html", render_html),
        ("report.md", render_markdown),
        ("verdict.json", lambda findings: format_json(verdict_json(findings))),
    ],
)
def test_the_files_are_what_the_code_makes_of_its_findings(folder, name, render):
    # After a change of the report: write render(read_findings(folder)) to the file.
    assert (folder / name).read_text(encoding="utf-8") == render(read_findings(folder))


@both
def test_the_manifest_records_these_files(folder):
    # After that: seal(folder, "comparison", read_manifest(folder).inputs).
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == {*manifest.files, RUN_FILE}


def test_only_small_files_are_kept():
    sizes = {path: path.stat().st_size for path in REFERENCE.rglob("*") if path.is_file()}
    assert max(sizes.values()) < 700_000
    assert not [path for path in sizes if path.suffix == ".safetensors"]


def test_the_run_on_the_example_is_with_what_its_data_decide_and_names_no_folder():
    stored = read_settings(PATIENTS / "config.toml")
    config = configure(
        {
            "dataset": str(REPOSITORY / "examples" / "patients.csv"),
            **{key: stored[key].value for key in ("name", "label", "silo", "group")},
        }
    )
    assert stored["dataset"].value == "csv:examples/patients.csv"
    assert {key: setting.value for key, setting in stored.items()} == {
        **config.to_flat(),
        "dataset": "csv:examples/patients.csv",
    }


def test_the_verdict_on_the_tutorial_is_the_honest_one(findings):
    words = {(gain.silo, gain.question): gain.word for gain in findings.gains}
    for silo in (1, 2, 3):
        assert words[silo, Question.WHOLE] is Word.GAINS
        assert words[silo, Question.UNSEEN] is Word.GAINS
        assert words[silo, Question.OWN] is Word.LOSES
    own = [gain.gain for gain in findings.gains if gain.question is Question.OWN]
    assert all(-0.03 < gain < -0.005 for gain in own)


def test_the_readme_shows_the_numbers_of_the_example(patients):
    assert table(gains_sheet(patients)) in README
    assert " ".join(patients.summary.split()) in " ".join(README.replace("> ", "").split())


def test_the_readme_shows_these_numbers(findings):
    assert table(gains_sheet(findings)) in README
    assert table(ledger_sheet(findings)) in README
    assert " ".join(findings.summary.split()) in " ".join(README.replace("> ", "").split())
    assert findings.verdicts[0].headline in " ".join(README.replace("> ", "").split())


@both
def test_every_table_has_rows(folder):
    tables = sorted((folder / "tables").glob("*.csv"))
    assert len(tables) >= 7
    assert all(len(path.read_text(encoding="utf-8").splitlines()) > 1 for path in tables)


@both
def test_json_report_is_the_findings(folder):
    stored = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    gains = read_findings(folder).gains
    assert [gain["gain"] for gain in stored["gains"]] == [gain.gain for gain in gains]
