"""Silos are called as their data call them, in tables, sentences and pictures."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.config.groups import ExperimentConfig
from fedcompare.evaluation.cases import Cases
from fedcompare.execution.jobs import TrainJob
from fedcompare.federated.session import FederatedJob
from fedcompare.findings.schema import from_json, to_json
from fedcompare.findings.test_sets import own, seen, unseen
from fedcompare.names import POOLED, silo_name, silo_names, silo_title
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.report.evaluation import counts_table
from fedcompare.report.html import render_html
from fedcompare.report.markdown import render_markdown
from made_up_findings import findings

NAMES = ("Torgersen", "東京", "<b>St. Mary's & a very long name</b>")


def named():
    found = findings()
    silos = zip(found.silos, NAMES, strict=True)
    return replace(found, silos=tuple(replace(facts, name=name) for facts, name in silos))


def test_a_silo_without_a_name_has_its_number():
    assert silo_name(2) == "silo 2"
    assert silo_title(2) == "Silo 2"
    assert silo_names([2, 3]) == "silos 2, 3"
    assert silo_name(POOLED, NAMES) == silo_name(POOLED) == "all silos"


def test_a_name_stays_as_it_is():
    assert silo_name(2, NAMES) == silo_title(2, NAMES) == "東京"
    assert silo_title(1, ["de Bilt"]) == "de Bilt"
    assert silo_names([1, 2], NAMES) == "Torgersen, 東京"


def test_models_and_test_sets_have_the_silos_name():
    assert ModelId(Regime.ISOLATED, 2).called(NAMES) == "isolated, 東京"
    assert ModelId(Regime.FEDERATED).called(NAMES) == "federated"
    counts = [[[1, 1], [1, 0]]]
    cases = Cases.build(np.array([0, 1]), counts, ("a", "b"), silo_names=NAMES[:2])
    assert cases.facts(own(2)).label == "own cases of 東京"
    assert cases.facts(seen(1)).label == "classes Torgersen has"
    assert cases.facts(unseen(2)).label == "never seen by 東京 (b)"
    assert [facts.name for facts in cases.silo_facts(counts)] == list(NAMES[:2])


def test_jobs_have_the_names_of_their_silos():
    config = ExperimentConfig(name="x")
    train = {"config": config, "regime": Regime.ISOLATED, "names": NAMES[:2]}
    seed = f"seed {config.seed}"
    assert TrainJob(**train, silos=(2,)).name == f"isolated training of 東京, {seed}"
    assert TrainJob(**train, silos=(1, 2)).name == f"isolated training of Torgersen, 東京, {seed}"
    assert TrainJob(**train, silos=(POOLED,)).name == f"isolated training of all silos, {seed}"
    job = FederatedJob(config=config, members=(1, 2), names=("p", "q", "r"))
    assert job.name == f"the federation of p, q, {seed}"


def test_tables_of_counts_are_headed_by_names():
    assert counts_table([[1, 2], [3, 4]], ("a", "b"), NAMES[:2]).columns[1:] == NAMES[:2]
    many = counts_table([[1, 2]] * 9, ("a", "b"), [f"site {number}" for number in range(9)])
    assert many.rows[0][0].text == "site 0"


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_a_report_shows_names_and_no_numbers_in_their_place(render):
    text = render(named())
    for name in ("Torgersen", "東京"):
        assert name in text
    assert "<b>St." not in text
    assert "Silo 1:" not in text


def test_names_are_kept_in_the_json():
    assert from_json(to_json(named()), "report.json").silo_names == NAMES
    assert from_json(to_json(findings()), "report.json").silo_names == ()


def test_a_long_name_leaves_room_in_the_picture():
    text = render_html(named())
    assert "&lt;b&gt;St. Ma…" in text
