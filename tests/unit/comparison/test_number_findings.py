"""A comparison of models that tell a number: what is found, and what is said of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fedcompare.comparison import analysis
from fedcompare.comparison.analysis import analyse, find_cases
from fedcompare.comparison.contributions import find_contributions
from fedcompare.comparison.files import comparison_files, verdict_json
from fedcompare.comparison.gains import find_gains
from fedcompare.comparison.voice import voice_of
from fedcompare.config.groups import DataConfig, ExperimentConfig
from fedcompare.evaluation import stored
from fedcompare.evaluation.measures.catalog import ABSOLUTE_ERROR
from fedcompare.findings.questions import Question
from fedcompare.findings.schema import from_json, to_json
from fedcompare.findings.test_sets import ALL, own
from fedcompare.names import Word
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.coalitions import coalitions_to_train
from fedcompare.regimes.models import ModelId
from fedcompare.report.sections import sections
from fedcompare.runs.directory import RunDirectory
from fedcompare.tasks import Task
from made_up_numbers import LABELS, NAMES, OWNERS, SEEDS, answering, made_up_numbers

CONFIG = ExperimentConfig(data=DataConfig(dataset="csv:stays.csv", label="stay", silo="site"))


@pytest.fixture
def analysed(monkeypatch, tmp_path):
    """Return `analysed(answers)`: the analysis of these answers."""
    runs = [RunDirectory(tmp_path, CONFIG.with_seed(seed)) for seed in SEEDS]

    def build(answers):
        answers_of = dict(zip(SEEDS, answers, strict=True))
        monkeypatch.setattr(stored, "read_seed_answers", lambda run: answers_of[run.config.seed])
        monkeypatch.setattr(analysis, "read_losses", lambda run: {})
        monkeypatch.setattr(analysis, "read_environment", lambda folder: {"python": "3"})
        return analyse(CONFIG, runs, contributions=False)

    return build


@pytest.fixture
def found(analysed):
    return analysed(made_up_numbers())


def error(answers, model, mask=None):
    """Return a model's mean absolute error by seed, on the examples of a mask."""
    rows = np.full(len(LABELS), True) if mask is None else mask
    return np.array([np.abs(s.final[model].predicted - LABELS)[rows].mean() for s in answers])


def test_a_gain_is_by_how_much_the_error_is_lower():
    answers = made_up_numbers()
    gains = find_gains(answers, find_cases(answers))
    assert {(gain.silo, gain.question) for gain in gains} == {
        (silo, question)
        for silo in (1, 2, 3)
        for question in (Question.OWN, Question.OTHERS, Question.WHOLE)
    }
    for gain in gains:
        masks = {
            Question.OWN: gain.silo == OWNERS,
            Question.OTHERS: (gain.silo != OWNERS) & (OWNERS > 0),
        }
        mask = masks.get(gain.question)
        alone = error(answers, ModelId(Regime.ISOLATED_EQUAL, gain.silo), mask)
        together = error(answers, ModelId(Regime.FEDERATED), mask)
        isolated = error(answers, ModelId(Regime.ISOLATED, gain.silo), mask)
        assert gain.gain == pytest.approx((alone - together).mean())
        assert (gain.isolated_equal, gain.federated) == pytest.approx(
            (alone.mean(), together.mean())
        )
        assert gain.unequal_gain == pytest.approx((isolated - together).mean())
        assert gain.budget_part == pytest.approx((isolated - alone).mean())
        assert gain.low < gain.gain < gain.high
        assert [seed.gain for seed in gain.seeds] == pytest.approx(list(alone - together))
        assert gain.word is Word.GAINS


def test_a_model_that_is_further_off_loses():
    answers = made_up_numbers(off={Regime.FEDERATED: 20.0, Regime.CENTRALIZED: 1.0})
    whole = [g for g in find_gains(answers, find_cases(answers)) if g.question is Question.WHOLE]
    assert all(gain.gain < 0 and gain.word is Word.LOSES for gain in whole)


def test_what_only_classes_have_is_none():
    answers = made_up_numbers()
    for gain in find_gains(answers, find_cases(answers)):
        assert (gain.unseen_part, gain.seen_part) == (None, None)
        for seed in gain.seeds:
            assert (seed.won, seed.lost, seed.mcnemar, seed.mcnemar_adjusted) == (None,) * 4


def test_another_unit_of_the_label_changes_gains_by_the_unit_alone():
    def in_unit(own):
        return replace(own, labels=1024 * own.labels, predicted=1024 * own.predicted)

    answers = made_up_numbers()
    other = [
        replace(seed, final={model: in_unit(own) for model, own in seed.final.items()})
        for seed in answers
    ]
    pairs = zip(
        find_gains(answers, find_cases(answers)), find_gains(other, find_cases(other)), strict=True
    )
    for before, after in pairs:
        assert (after.gain, after.low, after.high) == pytest.approx(
            (1024 * before.gain, 1024 * before.low, 1024 * before.high)
        )
        assert (after.word, after.gap_closed) == (before.word, pytest.approx(before.gap_closed))


def test_own_rows_that_differ_from_seed_to_seed_are_each_seeds_own():
    random = np.random.default_rng(6)
    answers = [replace(seed, owners=random.permutation(OWNERS)) for seed in made_up_numbers()]
    gains = find_gains(answers, find_cases(answers))
    for gain in (gain for gain in gains if gain.question is Question.OWN):
        by_seed = [
            error([seed], ModelId(Regime.ISOLATED_EQUAL, gain.silo), seed.owners == gain.silo)[0]
            - error([seed], ModelId(Regime.FEDERATED), seed.owners == gain.silo)[0]
            for seed in answers
        ]
        assert gain.gain == pytest.approx(np.mean(by_seed))
        assert gain.low < gain.gain < gain.high


def test_contributions_are_for_the_better_where_the_error_is_lower():
    answers = made_up_numbers()
    # Whoever federates with north is off by 1, everybody else by 5.
    coalitions = [
        {members: answering(1.0 if 1 in members else 5.0) for members in coalitions_to_train(3)}
        for _ in answers
    ]
    answers = [
        replace(seed, final={**seed.final, ModelId(Regime.FEDERATED): answering(1.0)})
        for seed in answers
    ]
    rows = list(find_contributions(answers, coalitions, find_cases(answers)))
    assert {row.test_set for row in rows} == {ALL.key}
    assert [row.leave_one_out.mean for row in rows] == pytest.approx([4, 0, 0])


def test_the_findings_hold_what_numbers_have_and_nothing_of_classes(found):
    findings = found.findings
    assert findings.task is Task.REGRESSION
    measure, beside = findings.measures
    assert beside.name == "root mean squared error"
    assert (measure.name, measure.unit, measure.higher_is_better) == (
        *("mean absolute error", "stay", False),
    )
    assert {fit.model for fit in findings.fits} == {model.key for model in findings.models}
    for empty in ("qualities", "confusions", "mistakes", "forgetting", "class_names"):
        assert getattr(findings, empty) == ()
    assert {curve.test_set for curve in findings.curves} == {
        ALL.key,
        *(own(s).key for s in (1, 2, 3)),
    }
    assert from_json(to_json(findings), "here") == findings


def test_sentences_say_by_how_much_the_error_is_lower(found):
    (first, *_) = found.findings.verdicts
    (gain, *_) = (g for g in found.findings.gains if (g.silo, g.question) == (1, Question.WHOLE))
    assert first.headline == (
        "north gains on the whole population, on its own cases and on the other silos' cases."
    )
    assert (
        f"On the whole population it lowers its mean absolute error by {gain.gain:.2f} "
        f"(98.3\u00a0% interval {gain.low:.2f} to {gain.high:.2f}): from "
        f"{gain.isolated_equal:.2f} of its own "
    ) in first.sentences[0]
    assert "Errors are mean absolute errors in the unit of stay" in found.findings.summary
    assert "Nothing was learnt" not in found.findings.summary


def test_models_that_are_hardly_unlike_do_not_look_alike():
    gain = replace(
        find_gains(made_up_numbers(), find_cases(made_up_numbers()))[0],
        **{"isolated_equal": 2.5034, "federated": 2.5004, "gain": 0.003, "low": 0.002},
        **{"high": 0.004, "word": Word.GAINS, "confidence": 0.95},
    )
    voice = voice_of(ABSOLUTE_ERROR, "stay")
    assert voice.models(gain) == "from 2.5034 of its own model to 2.5004 of the federated one"
    assert voice.change(gain).startswith("lowers its mean absolute error by 0.00300 (95")


def test_a_loss_is_said_with_its_own_bounds(analysed):
    findings = analysed(made_up_numbers(off={Regime.FEDERATED: 20.0})).findings
    gain = next(g for g in findings.gains if (g.silo, g.question) == (1, Question.WHOLE))
    said = findings.verdicts[0].sentences[0]
    assert f"raises its mean absolute error by {-gain.gain:.1f} (98.3\u00a0% interval " in said
    assert (
        f"{-gain.high:.2f} to {-gain.low:.1f}" in said
        or f"{-gain.high:.1f} to {-gain.low:.1f}" in said
    )


def test_models_that_know_nothing_are_warned_of(analysed):
    nothing = dict.fromkeys(Regime, 60.0)
    findings = analysed(made_up_numbers(off=nothing)).findings
    assert findings.summary.startswith("Nothing was learnt: no model is surely nearer than always")
    assert "decide nothing" in findings.verdicts[0].sentences[-1]


def test_a_silo_without_held_out_rows_is_told_so_and_answered_on_the_rest(analysed):
    owners = np.where(OWNERS == 2, 0, OWNERS)
    findings = analysed(made_up_numbers(owners=owners)).findings
    asked = {g.question for g in findings.gains if g.silo == 2}
    assert asked == {Question.OTHERS, Question.WHOLE}
    assert any(
        "On its own cases there is no answer" in said for said in findings.verdicts[1].sentences
    )
    assert "On their own cases, 2 of 2 silos gain" in findings.summary


def test_no_file_speaks_of_accuracy_classes_or_percent_of_right_answers(found):
    for name, text in comparison_files(CONFIG, found):
        if name in ("config.toml", "report.json"):  # all keys, and all fields
            continue
        for word in ("ccuracy", "McNemar", "onfusion", "% right", "percentage point", "recall"):
            assert word not in text, (name, word)
    names = {name for name, _ in comparison_files(CONFIG, found)}
    assert "tables/fits.csv" in names
    assert not names & {"tables/qualities.csv", "tables/mistakes.csv", "tables/forgetting.csv"}
    keys = [section.key for section in sections(found.findings)]
    assert not set(keys) & {"confusion", "mistakes", "forgetting"}


def test_the_files_name_silos_and_the_unit(found):
    files = dict(comparison_files(CONFIG, found))
    assert all(name in files["report.html"] for name in NAMES)
    assert "in the unit of stay" in files["report.html"]
    content = json.loads(files["verdict.json"])
    assert content["measure"] == {
        "name": "mean absolute error",
        "higher_is_better": False,
        "unit": "stay",
        "in_hundredths": False,
    }
    assert content == json.loads(json.dumps(verdict_json(found.findings)))
