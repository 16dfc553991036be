"""What a comparison of two classes finds and says, by each measure that may decide it."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.comparison import analysis
from fedcompare.comparison.analysis import analyse, find_cases
from fedcompare.comparison.contrasts import Weighting
from fedcompare.comparison.contributions import find_contributions
from fedcompare.comparison.files import comparison_files
from fedcompare.comparison.rounds import curves
from fedcompare.comparison.voice import Errors, Points, RightAnswers, voice_of
from fedcompare.config.groups import ComparisonConfig, ExperimentConfig
from fedcompare.evaluation import stored
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.measures.catalog import MEASURES, measures_of
from fedcompare.findings.questions import Question
from fedcompare.findings.schema import from_json, to_json
from fedcompare.findings.test_sets import ALL
from fedcompare.names import Word
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.report.markdown import render_markdown
from fedcompare.report.sections import sections
from fedcompare.runs.directory import RunDirectory
from fedcompare.tasks import Task
from fedcompare.text.units import Unit
from made_up_pairs import LABELS, NAMES, SEEDS, made_up_pairs

BINARY = measures_of(Task.BINARY)
IDS = [row.key for row in BINARY]


@pytest.fixture(scope="module")
def answers():
    return made_up_pairs()


@pytest.fixture
def analysed(monkeypatch, tmp_path, answers):
    """Return `analysed(measure)`: the analysis of the answers by a measure of this name."""

    def build(measure="", given=answers, **keys):
        config = ExperimentConfig(comparison=ComparisonConfig(measure=measure, **keys))
        runs = [RunDirectory(tmp_path, config.with_seed(seed)) for seed in SEEDS]
        answers_of = dict(zip(SEEDS, given, strict=True))
        monkeypatch.setattr(stored, "read_seed_answers", lambda run: answers_of[run.config.seed])
        monkeypatch.setattr(analysis, "read_losses", lambda run: {})
        monkeypatch.setattr(analysis, "read_environment", lambda folder: {"python": "3"})
        return config, analyse(config, runs, contributions=False)

    return build


def test_a_rare_class_is_decided_by_the_auroc_and_told_first(analysed):
    _, found = analysed()
    findings = found.findings
    assert findings.measures[0].name == "AUROC"
    assert (findings.measures[0].unit, findings.measures[0].in_hundredths) == ("points", True)
    assert findings.summary.startswith(
        "No model is surely more accurate than always answering well, the commonest class"
    )
    assert "Verdicts are by AUROC, since only 12.8 % of the training rows are of class ill" in (
        findings.summary
    )
    assert "a case of class ill gets a higher score than one of class well" in findings.summary
    whole = next(g for g in findings.gains if g.question is Question.WHOLE)
    assert whole.word is Word.GAINS
    assert (
        f"its own model has an AUROC of {100 * whole.isolated_equal:.1f}, the federated one "
        f"{100 * whole.federated:.1f}"
    ) in findings.verdicts[0].sentences[0]


@pytest.mark.parametrize("measure", BINARY, ids=IDS)
def test_every_measure_can_decide_and_the_others_stand_beside_it(analysed, measure):
    config, found = analysed(measure.name)
    findings = found.findings
    assert findings.measures[0].name == measure.name
    assert {facts.name for facts in findings.measures} == {row.name for row in BINARY}
    gains = [gain for gain in findings.gains if gain.question is Question.WHOLE]
    assert len(gains) == 2
    for gain in gains:
        difference = measure.sign * (gain.federated - gain.isolated_equal)
        assert gain.gain == pytest.approx(difference)
        assert gain.gain > 0
    has_tests = measure.is_share
    assert all((seed.mcnemar is not None) is has_tests for g in gains for seed in g.seeds)
    assert all((gain.unseen_part is not None) is measure.form.is_sum for gain in gains)
    text = render_markdown(findings)
    assert measure.name.lower() in text.lower()
    assert ("McNemar" in text) is has_tests
    assert from_json(to_json(findings), "here") == findings
    assert dict(comparison_files(config, found))


@pytest.mark.parametrize("measure", BINARY, ids=IDS)
def test_every_row_of_every_table_has_as_many_cells_as_columns(analysed, measure):
    _, found = analysed(measure.name)

    def sheets(blocks):
        for block in blocks:
            if block.kind == "sheet":
                yield block
            yield from sheets(getattr(block, "blocks", ()))

    for section in sections(found.findings):
        for sheet in sheets(section.blocks):
            assert {len(row) for row in sheet.rows} <= {len(sheet.columns)}, sheet.key


def test_what_an_auroc_lacks_leaves_one_silos_question_out_and_no_other(analysed):
    _, found = analysed("AUROC")
    questions = {(gain.silo, gain.question) for gain in found.findings.gains}
    assert {(1, Question.WHOLE), (2, Question.WHOLE)} <= questions
    assert (1, Question.OWN) not in questions
    reasons = {u.reason for u in found.findings.unasked if u.question is Question.OWN}
    assert reasons == {"an AUROC is the same however common classes are, as on the whole test set"}


def test_a_silo_that_cannot_be_asked_harms_nobody_even_where_its_models_differ(analysed, answers):
    """Its own rows, ten of one class and two of the other, have a value and no interval."""
    own = np.concatenate([np.flatnonzero(LABELS == 0)[:10], np.flatnonzero(LABELS)[:2]])
    owners = np.where(np.isin(np.arange(len(LABELS)), own), 2, 1)
    model = ModelId(Regime.ISOLATED_EQUAL, 2)

    def odd(seed, index):
        outputs = np.where((index == 1) == LABELS, 0.1, 0.9).astype(np.float32)
        wrong = Answers.of(
            np.stack([1 - outputs, outputs], axis=1), ids=np.arange(len(LABELS)), labels=LABELS
        )
        return replace(seed, owners=owners, final={**seed.final, model: wrong})

    _, found = analysed("AUROC", given=[odd(seed, index) for index, seed in enumerate(answers)])
    questions = {(gain.silo, gain.question) for gain in found.findings.gains}
    assert (1, Question.OWN) in questions
    assert (2, Question.OWN) not in questions
    assert {(1, Question.WHOLE), (2, Question.WHOLE)} <= questions
    (reason,) = {item.reason for item in found.findings.unasked if item.silo == 2} - {""}
    assert reason.startswith("it has only 2 of the 5 test examples of class ill")


def test_a_margin_is_in_points_of_an_auroc_and_in_nats_of_a_log_loss(analysed):
    assert analysed("AUROC", margin=1.0)[1].findings.margin == pytest.approx(0.01)
    assert analysed("log loss", margin=0.02)[1].findings.margin == pytest.approx(0.02)


def test_models_that_order_nothing_have_learnt_nothing(analysed):
    alike = made_up_pairs(apart={}, other=0.0)
    _, found = analysed("AUROC", given=alike)
    assert found.findings.summary.startswith("Nothing was learnt: no model is surely better")
    assert "always answering the same, which has an AUROC of 50.0" in found.findings.summary
    assert "decide nothing" in found.findings.verdicts[0].sentences[-1]


@pytest.mark.parametrize("measure", ["log loss", "Brier score", "balanced accuracy"])
def test_models_that_order_cases_have_learnt_something_by_any_measure(analysed, measure):
    _, found = analysed(measure)
    assert "Nothing was learnt" not in found.findings.summary


def test_curves_are_by_answers_where_the_measure_needs_probabilities(answers, analysed):
    for measure in BINARY:
        cases = find_cases(answers, measure.name)
        found = list(curves(answers, cases))
        own = analysed(measure.name)[1].findings
        expected = "accuracy" if measure.needs_probabilities else measure.name
        assert own.followed.name == expected
        assert own.curves == tuple(found)
        values = [point.mean for curve in found for point in curve.points]
        assert 0 <= min(values) <= max(values) <= 1
        said = "this is not by" in render_markdown(own)
        assert said is measure.needs_probabilities


def test_contributions_are_by_the_measure_and_untrained_models_have_no_probabilities(answers):
    for measure in BINARY:
        cases = find_cases(answers, measure.name)
        rows = list(find_contributions(answers, [{} for _ in answers], cases))
        assert rows
        assert all((row.shapley is None) is measure.needs_probabilities for row in rows)
        whole = next(row for row in rows if (row.silo, row.test_set) == (1, "all"))
        part = _whole(answers, cases, measure)
        assert whole.leave_one_out.mean == pytest.approx(part)


def _whole(answers, cases, measure):
    """Return by how much the federated model is better than silo 2's own, on the mean."""
    view = Weighting.of(cases, ALL, len(answers))
    models = (ModelId(Regime.FEDERATED), ModelId(Regime.ISOLATED_EQUAL, 2))
    ours, theirs = (view.means([s.final[m] for s in answers], measure) for m in models)
    return measure.sign * (ours - theirs).mean()


def test_every_measure_has_a_voice_that_names_it_and_its_unit():
    for row in MEASURES:
        voice = voice_of(row, "stay", class_names=NAMES)
        if row.is_share:
            assert isinstance(voice, RightAnswers)
            assert voice.preamble() == ""
            continue
        assert isinstance(voice, Points if row.is_bounded else Errors)
        assert row.name.lower() in voice.preamble().lower()
        if row.unit is Unit.NATS:
            assert voice.preamble() == "Errors are log losses in nats; a gain lowers them."
        if row.unit is Unit.LABEL:
            assert "in the unit of stay" in voice.preamble()
        if row.unit is Unit.NONE:
            assert voice.preamble() == "Errors are Brier scores; a gain lowers them."
