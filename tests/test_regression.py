"""A label that is a number, from a file to the verdict, as its owner types it."""

import csv
import json

import numpy as np
import pytest

from made_up_tables import SITES, write_csv
from support import call

ONE_SPLIT = ["--folds", 1]
SHORT = ["--set", "local-epochs=6", "--set", "num-server-rounds=2", "--set", "batch-size=16"]


def stays(count=200):
    """Return the columns of a table whose label is a sum of others, three silos, and some noise."""
    random = np.random.default_rng(5)
    silos = random.choice(3, count, p=[0.5, 0.3, 0.2])
    age, smoker = random.integers(18, 90, count), random.random(count) < 0.4
    stay = 2 + 0.08 * age + 3 * smoker + silos + random.normal(0, 0.7, count)
    columns = {
        "site": [SITES[silo] for silo in silos],
        "age": age.tolist(),
        "smoker": np.where(smoker, "yes", "no").tolist(),
        "stay": [f"{value:.2f}" for value in stay],
    }
    columns["stay"][3], columns["stay"][7] = "", "inf"
    return columns


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    path = write_csv(tmp_path_factory.mktemp("data") / "stays.csv", stays())
    return ["--data", path, "--label", "stay", "--silo", "site"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory, named):
    """Return what `compare` printed, the results that it left, and how they were asked for."""
    results = tmp_path_factory.mktemp("results")
    asked = [*named, *SHORT, "--model", "linear", "--set", "learning-rate=0.05"]
    more = ["--engine", "in-process", "--seeds", 2, *ONE_SPLIT, "--contributions"]
    outcome = call("compare", *asked, *more, "--results", results)
    assert outcome.code == 0, outcome.err
    return outcome, results, asked


def test_compare_says_by_how_much_the_error_is_lower(compared):
    outcome, results, _ = compared
    assert "Task: regression, since stay holds" in outcome.err
    assert "Errors are mean absolute errors in the unit of stay" in " ".join(outcome.out.split())
    assert "ccuracy" not in outcome.out
    folder = results / "stays" / "comparison"
    found = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert found["task"] == "regression"
    first, *_ = found["measures"]
    assert (first["name"], first["unit"]) == ("mean absolute error", "stay")
    assert not first["higher_is_better"]
    errors = {s["model"]: s["mean"] for s in found["scores"] if s["test_set"] == "all"}
    assert errors["centralized"] < 1.0  # the noise alone has 0.56
    assert {gain["question"] for gain in found["gains"]} == {
        "own cases",
        "other silos' cases",
        "whole population",
    }
    page = (folder / "report.html").read_text(encoding="utf-8")
    for text in (*SITES, "Mean absolute error", "R², %", "What a silo adds"):
        assert text in page
    for text in ("Confusion matrices", "Forgetting", "ccuracy"):
        assert text not in page


def test_verify_derives_all_of_it_again(cli, compared):
    _, results, _ = compared
    outcome = cli("verify", results / "stays")
    assert outcome.code == 0, outcome.out
    assert "predictions/owners.safetensors: made again, it has the same bytes" in outcome.out


def test_what_is_no_network_is_measured_beside_and_its_software_is_an_input(compared):
    _, results, _ = compared
    folder = results / "stays"
    text = (folder / "comparison" / "report.json").read_text(encoding="utf-8")
    errors = {s["model"]: s["mean"] for s in json.loads(text)["scores"] if s["test_set"] == "all"}
    for silo in (1, 2, 3):
        assert errors[f"regularised-linear-silo-{silo}"] < errors[f"constant-silo-{silo}"]
        assert f"boosted-trees-silo-{silo}" in errors
    assert "ridge regression" in (folder / "comparison" / "report.md").read_text(encoding="utf-8")
    software = {
        part: json.loads((folder / "seed-42" / part / "run.json").read_text())["inputs"]["software"]
        for part in ("predictions", "isolated", "federated", "coalition-predictions")
    }
    assert [part for part, own in software.items() if "scikit-learn" in own] == ["predictions"]


def test_evaluate_gives_errors_and_no_accuracy(cli, compared):
    _, results, asked = compared
    outcome = cli("evaluate", *asked, "--json", "--results", results)
    assert outcome.code == 0, outcome.err
    rows = json.loads(outcome.out)
    assert {tuple(row) for row in rows} == {
        ("regime", "silo", "evaluated_on", "mean_absolute_error", "num_examples")
    }
    own = {row["evaluated_on"]: row["num_examples"] for row in rows if row["regime"] == "federated"}
    assert own["all"] == sum(own[f"own:{silo}"] for silo in (1, 2, 3))
    folder = results / "stays" / "seed-42" / "evaluation"
    names = {path.name for path in folder.iterdir()}
    assert {"mean_absolute_error.csv", "rounds.png", "table.csv"} <= names
    assert not names & {"accuracy.csv", "confusion", "mistakes.csv"}


def test_rows_of_rounds_hold_the_error_under_its_name(compared):
    _, results, _ = compared
    for name in ("server", "rounds"):
        path = results / "stays" / "seed-42" / "federated" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert "accuracy" not in rows[0]
        last = [row for row in rows if row.get("phase", "evaluate") == "evaluate"][-1]
        assert float(last["mean_absolute_error"]) > 0


def test_a_comparison_differs_from_itself_by_nothing(cli, compared):
    _, results, _ = compared
    outcome = cli("diff", results / "stays", results / "stays")
    assert outcome.code == 0, outcome.err
    assert "a change above 0 is for the better" in " ".join(outcome.out.split())


def test_inspect_states_the_task_and_what_becomes_of_the_label(cli, named):
    outcome = cli("inspect", named[1], *named[2:])
    assert outcome.code == 0, outcome.err
    for text in ("Task: regression", "standardised: mean", "mean", "without a number as stay"):
        assert text in outcome.out
    forced = cli("inspect", named[1], *named[2:], "--task", "regression")
    assert "--task regression" in forced.out


def test_partition_counts_rows_and_draws_them(cli, named, tmp_path):
    outcome = cli("partition", *named, "--results", tmp_path)
    assert outcome.code == 0, outcome.err
    counts = (tmp_path / "stays" / "seed-42" / "partition" / "label-counts.csv").read_text()
    assert counts.splitlines()[0] == "silo,training examples"


def test_classes_cannot_be_chosen(cli, compared, named):
    _, results, _ = compared
    outcome = cli("evaluate", *named, *SHORT, "--subset", "a,b", "--results", results)
    assert outcome.code == 8
    assert "the labels are numbers, and have no classes to choose from" in outcome.err


def test_a_label_of_floats_is_no_two_classes(cli, named, tmp_path):
    outcome = cli("isolated", *named, "--task", "binary", "--results", tmp_path)
    assert outcome.code == 5
    assert "are names or a measurement" in outcome.err
    assert "task = regression" in outcome.err
