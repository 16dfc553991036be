"""From a table's file to the verdict, through the command line, as its owner types it."""

import json

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from safetensors.numpy import load_file

from fedcompare.data.tables.contract import contract_from_json
from made_up_pictures import write_simple
from made_up_tables import SITES, patients, split_up, write_csv

SHORT = ["--set", "local-epochs=2", "--set", "num-server-rounds=2", "--set", "isolated-epochs=2"]
ONE_SPLIT = ["--folds", 1]
IN_PROCESS = ["--engine", "in-process"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    columns = patients(150)
    columns["patient"] = [f"P{index}" for index in range(150)]
    columns["marker"][3:9] = ["NA"] * 6
    return write_csv(tmp_path_factory.mktemp("data") / "patients.csv", columns)


@pytest.fixture
def named(table):
    return ["--data", table, "--label", "outcome", "--silo", "hospital"]


@pytest.fixture
def placed(tmp_path):
    return ["--results", tmp_path / "results"]


def test_inspect_says_what_is_there_and_what_will_be_done(cli, table, monkeypatch):
    monkeypatch.chdir(table.parent)
    found = cli("inspect", "patients.csv", "--label", "outcome", "--silo", "hospital")
    assert found.code == 0, found.err
    for text in ("150 rows, 120 to train on, 30 held out", "Torgersen", "東京", "site 7"):
        assert text in found.out
    for text in ("standardised: mean", "one input each: f, m", "an identifier", "'NA' ("):
        assert text in found.out
    command = "fedcompare compare --data patients.csv --label outcome --silo hospital"
    assert command in found.out


def test_inspect_says_with_which_settings_models_are_trained(cli, table):
    asked = ["--label", "outcome", "--silo", "hospital"]
    found = cli("inspect", table, *asked)
    assert "learning-rate = 0.02" in found.out
    assert "Set otherwise: none." in found.out
    assert "In compare, every row is held out once a seed, in one of 5 folds" in found.out
    assert "steps. With fewer" not in found.out
    assert "--set" not in found.out
    few = cli("inspect", table, *asked, "--set", "local-epochs=2", "--set", "momentum=0.9").out
    assert "local-epochs = 2 (by default 50)" in few
    assert "trained for 40 steps." in few
    assert "local-epochs=50 is enough" in few
    assert few.endswith("--set momentum=0.9 --set local-epochs=2\n")


def test_inspect_says_what_could_be_label_and_silo(cli, table):
    found = cli("inspect", table)
    assert found.code == 0, found.err
    listed = "columns with few values: hospital, sex, outcome."
    assert f"No column is said to be the label; {listed}" in found.out
    assert f"No column is said to be the silo; {listed}" in found.out
    assert "--label COLUMN --silo COLUMN" in found.out


def test_inspect_keeps_other_keys_in_the_command(cli, table):
    found = cli("inspect", table, "--label", "outcome", "--set", "ignore=age, sex")
    assert "--set 'ignore=age, sex'" in found.out
    assert "as asked for" in found.out


def test_inspect_shows_pictures_their_silos_and_how_these_differ(cli, tmp_path):
    for number, silo in enumerate(("North", "site 7")):
        write_simple(tmp_path / "scans" / silo, first_seed=100 * number)
    found = cli("inspect", tmp_path / "scans")
    assert found.code == 0, found.err
    assert "scans: 12 pictures, " in found.out
    for text in ("6 x 6 pixels, 1 channel (grey); 2 classes", "North", "site 7", "cat"):
        assert text in found.out
    assert "Labels differ no more between silos than chance gives." in found.out
    assert "  fedcompare compare --data " in found.out


def test_from_a_table_to_the_verdict_and_verify(cli, table, named, placed, tmp_path):
    found = cli("compare", *named, *ONE_SPLIT, "--seeds", 2, *SHORT, *IN_PROCESS, *placed)
    assert found.code == 0, found.err
    for name in ("site 7", "Torgersen", "東京"):
        assert name in found.out
    assert "silo 1" not in found.out
    run = tmp_path / "results" / "patients"
    contracts = {path.read_text("utf-8") for path in run.rglob("contract.json")}
    (contract,) = map(contract_from_json, contracts)
    assert contract.silos == ("site 7", "Torgersen", "東京")
    report = json.loads((run / "comparison" / "report.json").read_text("utf-8"))
    assert [silo["name"] for silo in report["silos"]] == list(contract.silos)
    assert report["config"]["num-silos"] == 3
    assert [one["silo"] for one in report["skew"]["labels"]] == [1, 2, 3]
    assert "marker" in {one["subject"] for one in report["skew"]["features"]}
    assert report["config"]["learning-rate"] == 0.02
    assert "num-server-rounds = 2 (by default 10)" in report["defaults"]
    kinds = {column["name"]: column["kind"] for column in report["columns"]}
    assert kinds == {"age": "number", "marker": "number", "sex": "category", "patient": "left out"}
    assert any("Column patient is left out: an identifier" in note for note in report["notes"])
    assert "Settings of training" in (run / "comparison" / "report.md").read_text("utf-8")
    for file in ("report.html", "report.md"):
        assert "東京" in (run / "comparison" / file).read_text("utf-8")
    checked = cli("verify", run)
    assert checked.code == 0, checked.out
    moved = tmp_path / "elsewhere.csv"
    moved.write_bytes(table.read_bytes())
    assert cli("verify", run, "--dataset", moved).code == 0
    again = cli("compare", "--config", run / "comparison" / "config.toml", *placed, *IN_PROCESS)
    assert again.code == 0, again.err
    assert "made:" not in again.err


def test_groups_are_stored_with_the_answers_and_count_as_one(cli, tmp_path, placed):
    columns = patients(100)
    columns["patient"] = [f"P{index // 5}" for index in range(100)]
    path = write_csv(tmp_path / "visits.csv", columns)
    named = ["--data", path, "--label", "outcome", "--silo", "hospital", "--group", "patient"]
    short = ["--set", "local-epochs=1", "--set", "num-server-rounds=1", "--set"]
    asked = [*named, *ONE_SPLIT, "--seeds", 2, *short, "isolated-epochs=1"]
    found = cli("compare", *asked, *IN_PROCESS, *placed)
    assert found.code == 0, found.err
    run = tmp_path / "results" / "visits"
    groups = load_file(run / "seed-42" / "predictions" / "groups.safetensors")["groups"]
    assert sorted(np.unique(groups, return_counts=True)[1].tolist()) == [5, 5, 5, 5]
    report = json.loads((run / "comparison" / "report.json").read_text("utf-8"))
    assert any("4 groups (patient) of the test: intervals" in note for note in report["notes"])
    assert report["config"]["group"] == "patient"
    assert cli("verify", run).code == 0


def test_step_by_step_all_tables_name_the_silos(cli, named, placed):
    counted = cli("partition", *named, *placed)
    trained = cli("isolated", *named, "--epochs", 2, *placed)
    short = ["--rounds", 1, "--epochs", 1, *IN_PROCESS]
    federated = cli("federated", *named, *short, *placed)
    evaluated = cli("evaluate", *named, *placed)
    for outcome in (counted, trained, federated, evaluated):
        assert outcome.code == 0, outcome.err
    for outcome in (counted, trained, evaluated):
        for name in ("site 7", "Torgersen", "東京"):
            assert name in outcome.out
    assert "data: Column patient is left out" in counted.err


def test_a_parquet_file_is_the_same_data(cli, table, named, placed, tmp_path):
    columns = patients(150)
    columns["patient"] = [f"P{index}" for index in range(150)]
    columns["marker"][3:9] = [None] * 6
    parquet.write_table(pa.table(columns), tmp_path / "patients.parquet")
    assert cli("partition", *named, *placed).code == 0
    other = ["--data", tmp_path / "patients.parquet", *named[2:]]
    found = cli("partition", *other, *placed)
    assert found.code == 0, found.err
    assert cli("inspect", *other[1:]).out.count("standardised") == 2


def test_a_folder_with_a_file_for_each_silo_is_data_too(cli, table, placed, tmp_path, monkeypatch):
    folder = split_up(tmp_path / "clinics", patients(150), "hospital")
    monkeypatch.chdir(tmp_path)
    found = cli("inspect", "clinics", "--label", "outcome")
    assert "fedcompare compare --data silos:clinics --label outcome" in found.out
    counted = cli("partition", "--data", "clinics", "--label", "outcome", *placed)
    assert counted.code == 0, counted.err
    for name in SITES:
        assert name in found.out
        assert name in counted.out
    (stored,) = (tmp_path / "results" / "clinics").rglob("config.toml")
    assert json.dumps(f"folder:{folder}") in stored.read_text("utf-8")
    found = cli("partition", "--data", "clinics", "--label", "outcome", "--silo", "sex", *placed)
    assert found.code == 5
    assert "Leave silo out" in found.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--label", "outcome", "--silo", "clinic"], 5, "silo = 'clinic': "),
        (["--silo", "hospital"], 5, "Set --label COLUMN; see fedcompare inspect"),
        (["--label", "outcome"], 3, "silo: no column is said to name the silos. Set --silo"),
        (["--label", "outcome", "--silo", "outcome"], 5, "both name 'outcome'"),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_is_trained(
    cli, table, placed, arguments, code, message
):
    found = cli("compare", "--data", table, *arguments, *placed)
    assert found.code == code
    assert message in found.err
