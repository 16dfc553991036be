"""What every model does over the seeds, of made-up answers, against the same by hand."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from fedcompare.comparison import analysis
from fedcompare.comparison.analysis import analyse, find_cases
from fedcompare.comparison.models import (
    confusions,
    mistakes,
    qualities,
    scores_over_seeds,
    seed_scores,
)
from fedcompare.comparison.spread import spread
from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ResultsError
from fedcompare.evaluation import stored
from fedcompare.evaluation.measures.catalog import ACCURACY, Measure, measures_of, summaries_of
from fedcompare.evaluation.measures.classification import macro_f1, recall
from fedcompare.evaluation.scores import find_scores
from fedcompare.findings.gains import Spread
from fedcompare.findings.test_sets import Kind, of_classes, unseen
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.report.markdown import render_markdown
from fedcompare.report.sections import sections
from fedcompare.runs.directory import RunDirectory
from fedcompare.tasks import Task
from made_up_answers import (
    ANSWERS,
    CASES,
    FOLLOWED_MODELS,
    LABELS,
    MODELS,
    NAMES,
    SEEDS,
    UNTESTED,
    calibration_by_hand,
    shuffled,
)

FEDERATED = ModelId(Regime.FEDERATED)


def distance(answers):
    """Return how far each answer is from being sure of the right class."""
    own = answers.probabilities[np.arange(len(answers.labels)), answers.labels]
    return 1.0 - own.astype(np.float64)


DISTANCE = Measure(name="distance", line="", values=distance, higher_is_better=False)
BOTH = (ACCURACY, DISTANCE)
MEASURES = measures_of(Task.MULTI_CLASS)


def singles(measures=MEASURES):
    return list(seed_scores(ANSWERS, CASES, measures))


def test_every_model_is_measured_on_every_test_set_in_every_seed_by_every_measure():
    found = singles(BOTH)
    keys = {(s.seed, s.model, s.test_set, s.measure) for s in found}
    assert len(keys) == len(found) == len(SEEDS) * len(MODELS) * len(CASES.test_sets()) * 2


def test_of_many_silos_a_model_is_measured_on_its_own_silos_test_sets_and_nobodys(monkeypatch):
    every = {(s.model, s.test_set) for s in singles(BOTH)}
    monkeypatch.setattr("fedcompare.comparison.models.MANY", 1)
    few = {(s.model, s.test_set) for s in singles(BOTH)}
    left_out = every - few
    assert few < every
    assert all(None not in (m.silo, t.silo) and m.silo != t.silo for m, t in left_out)
    assert not [1 for m, t in few if None not in (m.silo, t.silo) and m.silo != t.silo]


@pytest.mark.parametrize("measure", BOTH, ids=lambda measure: measure.name)
def test_scores_are_weighted_means_of_the_examples_values(measure):
    for single in singles([measure]):
        index = SEEDS.index(single.seed)
        values = measure.values(ANSWERS[index].final[single.model])
        assert single.value == pytest.approx(values @ CASES.weights(single.test_set, index))


def test_accuracy_is_the_share_of_right_answers():
    for own in ANSWERS[0].final.values():
        np.testing.assert_array_equal(ACCURACY.values(own), own.predicted == LABELS)


def test_wilsons_interval_is_given_only_for_plain_proportions():
    for single in singles(BOTH):
        if single.test_set.kind is Kind.OWN or single.measure is DISTANCE:
            assert (single.low, single.high) == (None, None)
        else:
            correct = round(single.value * single.num_examples)
            expected = proportion_confint(correct, single.num_examples, method="wilson")
            assert (single.low, single.high) == pytest.approx(expected)
            assert single.low <= single.value <= single.high


def test_a_test_set_without_examples_has_no_value():
    bat, every = of_classes((4,), UNTESTED.class_names), of_classes(range(5), UNTESTED.class_names)
    found = find_scores(
        {FEDERATED: ANSWERS[0].final[FEDERATED]},
        UNTESTED,
        lambda model: (bat, every),
        measures=BOTH,
        seed=3,
    )
    values = {(s.test_set, s.measure): (s.value, s.low, s.num_examples) for s in found}
    for measure in BOTH:
        assert values[bat, measure] == (None, None, 0)
        assert values[every, measure][0] is not None
        assert values[every, measure][2] == len(LABELS)


def test_scores_are_mean_lowest_and_highest_over_the_seeds():
    every = singles(BOTH)
    found = list(scores_over_seeds(every))
    assert len(found) * len(SEEDS) == len(every)
    for item in found:
        wanted = (item.model, item.test_set, item.measure)
        values = [s.value for s in every if (s.model.key, s.test_set.key, s.measure.name) == wanted]
        assert item.mean == pytest.approx(sum(values) / 3)
        assert (item.lowest, item.highest) == (min(values), max(values))


def test_spread_of_one_value_is_that_value():
    assert spread([0.25]) == Spread(mean=0.25, lowest=0.25, highest=0.25)
    assert spread([-1.0, 0.0, 4.0]) == Spread(mean=1.0, lowest=-1.0, highest=4.0)


@pytest.mark.parametrize("seed", range(5))
def test_a_mean_stays_within_the_measures_bounds(seed):
    weights = np.random.default_rng(seed).random(1000)
    weights /= weights.sum()
    for measure, value in ((ACCURACY, 1.0), (DISTANCE, 0.0)):
        found = measure.mean(np.full(1000, value), weights)
        assert found == pytest.approx(value)
        assert measure.bounds[0] <= found <= measure.bounds[1]


def test_confusions_are_summed_over_the_seeds():
    found = list(confusions(ANSWERS, CASES))
    shown = FOLLOWED_MODELS[:3]
    assert [model.key for model in shown] == [item.model for item in found]
    assert [item.model for item in found] == [
        *("isolated-equal-silo-1", "isolated-equal-silo-2", "federated"),
    ]
    for model, item in zip(shown, found, strict=True):
        expected = np.zeros((4, 4), dtype=int)
        for seed in ANSWERS:
            np.add.at(expected, (LABELS, seed.final[model].predicted), 1)
        np.testing.assert_array_equal(item.counts, expected)


def test_mistakes_are_the_commonest_answers_to_unseen_classes():
    found = list(mistakes(ANSWERS, CASES))
    assert {item.silo for item in found} == {1}
    for name in ("hen", "owl"):
        own_mistakes = [item for item in found if item.unseen_class == name]
        counts = [item.num_examples for item in own_mistakes]
        assert 0 < len(counts) <= 3
        assert counts == sorted(counts, reverse=True)
        assert name not in {item.taken_for for item in own_mistakes}
    for item in found:
        sure, total = [], 0
        for seed in ANSWERS:
            answers = seed.final[ModelId(Regime.ISOLATED_EQUAL, 1)]
            of_class = NAMES.index(item.unseen_class) == LABELS
            chosen = of_class & (answers.predicted == NAMES.index(item.taken_for))
            sure += answers.confidence[chosen].astype(np.float64).tolist()
            total += of_class.sum()
        assert item.num_examples == len(sure)
        assert item.share == pytest.approx(len(sure) / total)
        assert item.confidence == pytest.approx(np.mean(sure))


def test_qualities_are_means_over_the_seeds():
    found = list(qualities(ANSWERS, CASES))
    assert [item.model for item in found] == [model.key for model in MODELS]
    for model, item in zip(MODELS, found, strict=True):
        every = [seed.final[model] for seed in ANSWERS]
        assert item.macro_f1 == pytest.approx(np.mean(list(map(macro_f1, every))))
        expected = np.mean(list(map(calibration_by_hand, every)))
        assert item.calibration_error == pytest.approx(expected)
        assert item.recall == pytest.approx(np.mean(list(map(recall, every)), axis=0))


def test_every_summary_is_in_the_qualities():
    for item in qualities(ANSWERS, CASES):
        assert all(0 <= getattr(item, row.name) <= 1 for row in summaries_of(Task.MULTI_CLASS))


def test_only_a_silo_that_lacks_classes_has_a_confidence_on_them():
    never = CASES.weights(unseen(1), 0) > 0
    for model, item in zip(MODELS, qualities(ANSWERS, CASES), strict=True):
        if model.silo == 1:
            values = [seed.final[model].confidence[never] for seed in ANSWERS]
            assert item.unseen_confidence == pytest.approx(np.mean(values))
        else:
            assert item.unseen_confidence is None


def with_federated(**changes):
    """Return the answers, one seed's federated model with other ids or labels."""
    first, *others = ANSWERS
    odd = replace(first.final[FEDERATED], **changes)
    return [*others, replace(first, final={**first.final, FEDERATED: odd})]


def test_the_cases_are_what_every_model_answered():
    found = find_cases(ANSWERS)
    assert found.labels is LABELS
    np.testing.assert_array_equal(found.ids, np.arange(len(LABELS)))
    np.testing.assert_array_equal(found.class_shares, CASES.class_shares)


def test_answers_to_another_test_are_not_mixed():
    with pytest.raises(AssertionError):
        find_cases(with_federated(labels=LABELS[::-1]))
    with pytest.raises(ResultsError, match="other test examples"):
        find_cases(with_federated(ids=np.arange(len(LABELS)) + 1))


def test_answers_are_joined_by_id_and_not_by_place():
    mixed = shuffled(ANSWERS)
    assert list(seed_scores(mixed, CASES, BOTH)) == singles(BOTH)
    assert list(confusions(mixed, CASES)) == list(confusions(ANSWERS, CASES))
    for found, expected in zip(mistakes(mixed, CASES), mistakes(ANSWERS, CASES), strict=True):
        assert found == replace(expected, confidence=pytest.approx(expected.confidence))
    for found, expected in zip(qualities(mixed, CASES), qualities(ANSWERS, CASES), strict=True):
        assert (found.model, found.recall) == (expected.model, expected.recall)
        for name in ("macro_f1", "calibration_error", "unseen_confidence"):
            assert getattr(found, name) == pytest.approx(getattr(expected, name))


def widened(answers):
    """Return the same answers of a model that also knows a class without test examples."""
    none = np.zeros((len(LABELS), 1), dtype=np.float32)
    return replace(answers, probabilities=np.hstack((answers.probabilities, none)))


def test_a_class_without_test_examples_has_no_number_and_changes_none():
    answers = [
        replace(seed, final={model: widened(own) for model, own in seed.final.items()})
        for seed in ANSWERS
    ]
    pairs = zip(qualities(ANSWERS, CASES), qualities(answers, UNTESTED), strict=True)
    for before, after in pairs:
        assert after == replace(before, recall=(*before.recall, None))


# From measures to the report.


@pytest.fixture
def analysed(monkeypatch, tmp_path):
    """Return `analysed(measures)`: what the made-up answers say by these measures."""
    config = ExperimentConfig()
    runs = [RunDirectory(tmp_path, config.with_seed(seed)) for seed in SEEDS]
    answers_of = dict(zip(SEEDS, ANSWERS, strict=True))

    def build(measures):
        monkeypatch.setattr(analysis, "measures_of", lambda task: measures)
        monkeypatch.setattr(stored, "read_seed_answers", lambda run: answers_of[run.config.seed])
        monkeypatch.setattr(analysis, "read_losses", lambda run: {})
        monkeypatch.setattr(analysis, "read_environment", lambda folder: {})
        return analyse(config, runs, contributions=False).findings

    return build


def test_every_measure_of_the_catalogue_is_in_the_scores(analysed):
    found = analysed(MEASURES)
    assert ACCURACY in MEASURES
    assert [item.name for item in found.measures] == [row.name for row in MEASURES]
    assert {score.measure for score in found.scores} == {row.name for row in MEASURES}


def matrices(findings):
    """Return the sheets of the matrix, by key."""
    section = next(s for s in sections(findings) if s.key == "matrix")
    folds = [block.blocks for block in section.blocks if block.kind == "fold"]
    sheets = [b for b in itertools.chain(section.blocks, *folds) if b.kind == "sheet"]
    return {sheet.key: sheet for sheet in sheets if sheet.key.startswith("matrix-")}


def test_another_measure_reaches_the_scores_and_the_matrix_and_changes_nothing_else(analysed):
    one, both = analysed((ACCURACY,)), analysed(BOTH)
    added = [score for score in both.scores if score.measure == "distance"]
    assert len(added) == len(one.scores)
    of_accuracy = tuple(score for score in both.scores if score.measure == "accuracy")
    assert both == replace(one, measures=both.measures, scores=both.scores)
    assert of_accuracy == one.scores
    assert matrices(both).keys() - matrices(one).keys() == {"matrix-distance-whole"}
    captions = [sheet.caption for sheet in matrices(both).values()]
    assert "Distance on the whole test set and on each silo's own cases, %" in captions
    assert all(f"**{caption}**" in render_markdown(both) for caption in captions)


def test_the_best_of_a_column_is_the_lowest_where_lower_is_better(analysed):
    found = analysed(BOTH)
    for measure, choose in ((ACCURACY, max), (DISTANCE, min)):
        sheet = matrices(found)[f"matrix-{measure.name}-whole"]
        means = {
            score.model: score.mean
            for score in found.scores
            if (score.measure, score.test_set) == (measure.name, "all")
        }
        rows = zip(MODELS, sheet.rows, strict=True)
        best = [model for model, row in rows if row[1].best]
        choices = {m: means[m.key] for m in MODELS if m.regime is not Regime.CENTRALIZED}
        assert best == [choose(choices, key=choices.get)]
