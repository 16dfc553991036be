"""What small, many, numeric and repeated rows say, from a table to the verdict."""

import json
from dataclasses import dataclass

import pytest

from made_up_hospitals import HOSPITALS, districts, four_hospitals, stays, visits
from made_up_tables import write_csv
from support import call

SHORT = ["num-server-rounds=1", "local-epochs=6", "batch-size=16", "learning-rate=0.05"]
CHANCE = "No model is surely more accurate than always answering no, the commonest class"


@dataclass(frozen=True)
class Evidence:
    """What `compare` found, and the texts that it wrote for people."""

    found: dict
    page: str
    printed: str

    def gains(self, silo, question):
        ids = [facts["silo"] for facts in self.found["silos"] if facts["name"] == silo]
        return [g for g in self.found["gains"] if [g["silo"]] == ids and g["question"] == question]

    def reasons(self, silo):
        ids = [facts["silo"] for facts in self.found["silos"] if facts["name"] == silo]
        return {u["question"]: u["reason"] for u in self.found["unasked"] if [u["silo"]] == ids}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Return what compares a table by some options, over three seeds of two folds."""

    def compare(columns, *options):
        folder = tmp_path_factory.mktemp("evidence")
        asked = ["--data", write_csv(folder / "table.csv", columns), *options, "--model", "linear"]
        keys = [part for key in SHORT for part in ("--set", key)]
        how = ["--engine", "in-process", "--seeds", 3, "--folds", 2, "--results", folder]
        outcome = call("compare", *asked, *keys, *how)
        assert outcome.code == 0, outcome.err
        written = folder / "table" / "comparison"
        return Evidence(
            json.loads((written / "report.json").read_text(encoding="utf-8")),
            (written / "report.html").read_text(encoding="utf-8"),
            " ".join(outcome.out.split()),
        )

    return compare


@pytest.fixture(scope="module")
def hospitals(compared):
    return compared(four_hospitals(), "--label", "disease", "--silo", "hospital")


@pytest.fixture(scope="module")
def many(compared):
    return compared(districts(), "--label", "outcome", "--silo", "district")


@pytest.fixture(scope="module")
def persons(compared):
    return compared(visits(), "--label", "ill", "--silo", "clinic", "--group", "person")


@pytest.fixture(scope="module")
def days(compared):
    return compared(stays(), "--label", "stay", "--silo", "site", "--margin", 20)


def words_fit_their_intervals(found):
    for gain in found["gains"]:
        assert gain["low"] <= gain["gain"] <= gain["high"]
        assert (gain["word"] == "gains") == (gain["low"] > 0 and gain["lack"] is None)
        assert (gain["word"] == "loses") == (gain["high"] < 0 and gain["lack"] is None)
    return bool(found["gains"])


def test_every_word_comes_from_the_interval_beside_it(hospitals, many, persons, days):
    assert all(words_fit_their_intervals(each.found) for each in (hospitals, many, persons, days))


def test_with_13_percent_positives_the_commonest_class_comes_first_and_auroc_decides(hospitals):
    assert hospitals.found["measures"][0]["name"] == "AUROC"
    assert hospitals.found["summary"].startswith((CHANCE, "Nothing was learnt"))
    assert "by AUROC, since only 13.0 % of the training rows are of class yes" in hospitals.printed


def test_every_row_of_every_hospital_is_its_own_case_once_a_seed(hospitals):
    own = {
        s["label"]: s["num_examples"] for s in hospitals.found["test_sets"] if s["kind"] == "own"
    }
    assert own == {f"own cases of {name}": count for name, count in HOSPITALS.items()}


def test_a_hospital_that_cannot_be_asked_is_told_why_and_harms_no_other(hospitals):
    for small in ("Long Beach", "Zürich"):
        assert not hospitals.gains(small, "own cases")
        assert hospitals.reasons(small)["own cases"]
        assert hospitals.gains(small, "whole population")
    for large in ("Cleveland", "Budapest"):
        assert hospitals.gains(large, "own cases")
        assert "own cases" not in hospitals.reasons(large)


def test_what_scikit_learn_makes_of_its_own_rows_stands_beside_every_silos_model(hospitals):
    regimes = {model["regime"] for model in hospitals.found["models"]}
    assert {"constant", "regularised-linear", "boosted-trees"} <= regimes


def test_of_sixty_districts_all_together_come_first(many):
    joint = {each["question"]: each for each in many.found["consortium"]}
    assert joint["whole population"]["leads"]
    assert many.found["summary"].find("on average over 60 silos") < 400
    estimands = [gain["estimand"] for gain in joint["own cases"]["gains"]]
    assert len(set(estimands)) == len(estimands) == 3
    assert joint["own cases"]["prospect"]["low"] < joint["own cases"]["prospect"]["high"]


def test_the_mean_of_sixty_small_districts_is_known_better_than_any_of_them(many):
    joint = {each["question"]: each for each in many.found["consortium"]}
    mean = joint["own cases"]["gains"][0]
    own = [gain for gain in many.found["gains"] if gain["question"] == "own cases"]
    assert len(own) == 60
    assert mean["high"] - mean["low"] < min(gain["high"] - gain["low"] for gain in own)


def test_sixty_districts_are_found_by_name_on_the_page_and_not_listed_on_the_terminal(many):
    assert "district 37" in many.page
    assert 'type="search"' in many.page
    assert many.printed.count("district 37") <= 3


def test_persons_count_as_one_and_few_of_them_give_numbers_and_no_word(persons):
    (few,) = persons.gains("west", "own cases")
    assert few["lack"]
    assert few["word"] == "numbers only"


def test_a_margin_in_days_finds_that_stays_do_not_differ_by_more(days):
    assert days.found["measures"][0]["unit"] == "stay"
    words = [gain["word"] for gain in days.found["gains"]]
    assert words.count("no relevant difference") > 0
    assert "within the margin of 20" in days.printed


def test_without_a_margin_there_is_no_such_word(hospitals, many, persons):
    for each in (hospitals, many, persons):
        assert all(gain["word"] != "no relevant difference" for gain in each.found["gains"])
