"""Gains from made-up answers: which example each model of each seed gets right is chosen."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from fedcompare.comparison.asking import find_unasked, over_seeds
from fedcompare.comparison.contrasts import Weighting
from fedcompare.comparison.gains import find_gains
from fedcompare.comparison.rules import Rules
from fedcompare.config.groups import ComparisonConfig
from fedcompare.errors import ResultsError
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import ABSOLUTE_ERROR, ACCURACY, Measure
from fedcompare.evaluation.measures.classification import correctness
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.questions import QUESTIONS, Question, row_of
from fedcompare.findings.test_sets import ALL, of_classes, others, own, seen, unseen
from fedcompare.names import Lack, Word
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.word_rules import Correction
from made_up_answers import shuffled
from support import ORIGIN

LABELS = np.repeat(np.arange(4), 30)
NAMES = ("cat", "dog", "hen", "owl")
SEEDS = (11, 12, 13, 14, 15)
# [seed][silo][class]: silo 1 lacks hen and owl, silo 2 lacks cat, silo 3 lacks nothing.
COUNTS = [((8 + k, 2, 0, 0), (0, 5, 5, 5 + k), (1, 2, 3 + k, 4)) for k in range(len(SEEDS))]
CASES = Cases.build(LABELS, COUNTS, NAMES)
OWNERS = np.random.default_rng(8).integers(0, 4, len(LABELS))
OWNED_CASES = Cases.build(LABELS, COUNTS, NAMES, owners=np.stack([OWNERS] * len(SEEDS)))
FEDERATED, CENTRALIZED = ModelId(Regime.FEDERATED), ModelId(Regime.CENTRALIZED)
OWNED = (Regime.ISOLATED, Regime.ISOLATED_EQUAL)
SHARED = (Regime.FEDERATED, Regime.CENTRALIZED)
ALWAYS = np.ones(len(LABELS), dtype=bool)


def equal(silo):
    """Return the model that gains are measured against."""
    return ModelId(Regime.ISOLATED_EQUAL, silo)


def answers(rights):
    """Return a seed's answers per row of `rights`: by model, who is right, bool [N]."""
    return [
        SeedAnswers(
            seed=seed,
            final={model: answering(right) for model, right in row.items()},
            rounds={},
            origin=ORIGIN,
            trainings={},
            model_bytes=1,
        )
        for seed, row in zip(SEEDS, rights, strict=False)
    ]


def answering(right):
    """Return answers that are right exactly where `right` is."""
    predicted = np.where(right, LABELS, (LABELS + 1) % 4)
    probabilities = np.full((len(LABELS), 4), 0.1, dtype=np.float32)
    probabilities[np.arange(len(LABELS)), predicted] = 0.7
    return Answers.of(probabilities, ids=np.arange(len(LABELS)), labels=LABELS)


def rows(isolated, federated, *, centralized=None, alone=None, silos=(1, 2, 3)):
    """Return `rights` of every seed: the isolated model's by silo, the others' for all."""
    centralized = federated if centralized is None else centralized
    row = {equal(silo): isolated(silo) for silo in silos}
    row |= {ModelId(Regime.ISOLATED, silo): (alone or isolated)(silo) for silo in silos}
    return [row | {FEDERATED: federated, CENTRALIZED: centralized}] * len(SEEDS)


def random_rows(seed=0, levels=(0.6, 0.65, 0.8, 0.9)):
    """Return models that are right at random, each regime at its level."""
    random = np.random.default_rng(seed)
    models = [ModelId(regime, silo) for regime in OWNED for silo in (1, 2, 3)]
    models += map(ModelId, SHARED)
    level = dict(zip((*OWNED, *SHARED), levels, strict=True))
    return [
        {model: random.random(len(LABELS)) < level[model.regime] for model in models} for _ in SEEDS
    ]


def knows(silo):
    """Return a model that is right on all classes its silo has, and never on others."""
    return CASES.mask(CASES.seen_classes(silo))


def gains(rights, cases=CASES):
    return {(gain.silo, gain.question): gain for gain in find_gains(answers(rights), cases)}


def relevant(silo, question):
    """Return the test examples that a question is about."""
    classes = {
        Question.OWN: CASES.seen_classes(silo),
        Question.WHOLE: range(4),
        Question.UNSEEN: CASES.unseen_classes(silo),
    }
    return np.isin(LABELS, classes[question])


@pytest.fixture(scope="module")
def found():
    """Gains of models that are right at random."""
    return gains(random_rows())


def test_equal_models_show_no_evidence():
    half = np.arange(len(LABELS)) % 2 == 0
    for gain in gains(rows(lambda silo: half, half)).values():
        assert gain.word is Word.NO_EVIDENCE
        assert (gain.gain, gain.unseen_part, gain.seen_part, gain.budget_part) == (0, 0, 0, 0)
        assert gain.low < 0 < gain.high
        assert gain.adjusted_p_value == 1
        assert gain.gap_closed is None
        assert all((seed.won, seed.lost, seed.mcnemar) == (0, 0, 1) for seed in gain.seeds)


@pytest.mark.parametrize("silo", [1, 2])
def test_classes_that_only_the_federated_model_knows_are_the_whole_gain(silo):
    found = gains(rows(knows, ALWAYS))
    never, whole = found[silo, Question.UNSEEN], found[silo, Question.WHOLE]
    assert (never.word, never.isolated_equal) == (Word.GAINS, 0)
    assert (never.gain, never.federated) == pytest.approx((1, 1))
    assert whole.word is Word.GAINS
    assert whole.gain == pytest.approx(relevant(silo, Question.UNSEEN).mean())
    assert whole.unseen_part == pytest.approx(whole.gain)
    assert whole.seen_part == pytest.approx(0)
    assert (found[silo, Question.OWN].word, found[silo, Question.OWN].gain) == (Word.NO_EVIDENCE, 0)


def test_a_federated_model_that_is_worse_on_own_cases_loses():
    federated = np.arange(len(LABELS)) % 2 == 0
    found = gains(rows(lambda silo: ALWAYS, federated))
    for silo in (1, 2, 3):
        gain = found[silo, Question.OWN]
        assert gain.word is Word.LOSES
        assert gain.gain == pytest.approx(-0.5)
        assert gain.high < 0


def test_the_word_agrees_with_sign_and_certainty(found):
    better = gains(random_rows(levels=(0.3, 0.3, 0.9, 0.9)))
    worse = gains(random_rows(levels=(0.9, 0.9, 0.3, 0.9)))
    assert {gain.word for gain in better.values()} == {Word.GAINS}
    assert {gain.word for gain in worse.values()} == {Word.LOSES}
    for gain in (*found.values(), *better.values(), *worse.values()):
        assert (gain.word is Word.NO_EVIDENCE) == (gain.adjusted_p_value > 0.05)
        assert gain.low <= gain.gain <= gain.high
        assert gain.detectable > 0


def test_a_gain_is_the_difference_of_accuracies_and_the_mean_of_the_seeds_gains(found):
    rights = random_rows()
    for (silo, question), gain in found.items():
        for index, seed in enumerate(gain.seeds):
            weights = CASES.weights(row_of(question).test_set(silo), index)
            isolated = rights[index][equal(silo)] @ weights
            federated = rights[index][FEDERATED] @ weights
            assert seed.seed == SEEDS[index]
            assert (seed.isolated_equal, seed.federated) == pytest.approx((isolated, federated))
            assert seed.gain == pytest.approx(federated - isolated)
        assert gain.gain == pytest.approx(np.mean([seed.gain for seed in gain.seeds]))
        assert gain.gain == pytest.approx(gain.federated - gain.isolated_equal)


def test_parts_add_up(found):
    for gain in found.values():
        assert gain.unseen_part + gain.seen_part == pytest.approx(gain.gain)
        assert gain.budget_part + gain.gain == pytest.approx(gain.unequal_gain)
    for silo in (1, 2):
        assert found[silo, Question.UNSEEN].seen_part == pytest.approx(0)
        assert found[silo, Question.OWN].unseen_part == 0


def test_a_larger_budget_is_told_apart_from_federating():
    few, more = np.arange(len(LABELS)) % 3 == 0, np.arange(len(LABELS)) % 3 != 1
    found = gains(rows(lambda silo: more, ALWAYS, alone=lambda silo: few))
    for gain in found.values():
        assert gain.budget_part == pytest.approx(1 / 3)
        assert gain.gain == pytest.approx(1 / 3)
        assert gain.unequal_gain == pytest.approx(2 / 3)


def test_pairs_are_counted_on_the_questions_examples_and_tested(found):
    rights = random_rows()
    for (silo, question), gain in found.items():
        mask = relevant(silo, question)
        assert gain.num_examples == mask.sum()
        for row, seed in zip(rights, gain.seeds, strict=True):
            isolated, federated = row[equal(silo)][mask], row[FEDERATED][mask]
            assert seed.won == (federated & ~isolated).sum()
            assert seed.lost == (isolated & ~federated).sum()
            expected = binomtest(seed.won, seed.won + seed.lost).pvalue
            assert seed.mcnemar == pytest.approx(expected)


@pytest.mark.parametrize("question", [Question.OWN, Question.WHOLE, Question.UNSEEN])
def test_the_correction_over_silos_keeps_the_order_and_never_helps(found, question):
    asked = [gain for (_, asked), gain in found.items() if asked is question]
    families = [[(gain.p_value, gain.adjusted_p_value) for gain in asked]]
    families += [
        [(gain.seeds[k].mcnemar, gain.seeds[k].mcnemar_adjusted) for gain in asked]
        for k in range(len(SEEDS))
    ]
    for family in families:
        adjusted = [after for _, after in sorted(family)]
        assert adjusted == sorted(adjusted)
        assert all(before <= after <= 1 for before, after in family)
        smallest = min(family)
        assert smallest[1] == pytest.approx(min(1, len(asked) * smallest[0]))


def test_a_single_silo_needs_no_correction():
    cases = Cases.build(LABELS, [[row[0]] for row in COUNTS], NAMES)
    found = gains(random_rows(), cases)
    assert {silo for silo, _ in found} == {1}
    for gain in found.values():
        assert gain.adjusted_p_value == gain.p_value
        assert all(seed.mcnemar_adjusted == seed.mcnemar for seed in gain.seeds)


def test_more_silos_make_a_gain_harder_to_detect(found):
    cases = Cases.build(LABELS, [[row[0]] for row in COUNTS], NAMES)
    alone = gains(random_rows(), cases)
    for key, gain in alone.items():
        assert gain.detectable < found[key].detectable
        assert gain.p_value == found[key].p_value
        assert found[key].low <= gain.low < gain.high <= found[key].high


@pytest.mark.parametrize("correction", Correction)
def test_a_word_never_contradicts_its_interval_or_its_p_value(correction):
    said = set()
    for seed in range(4):
        rights = random_rows(seed, levels=(0.6, 0.68, 0.76, 0.9))
        for gain in find_gains(answers(rights), CASES, Rules(correction=correction)):
            assert (gain.word is Word.GAINS) == (gain.low > 0)
            assert (gain.word is Word.LOSES) == (gain.high < 0)
            assert (gain.adjusted_p_value <= 0.05) == (gain.low > 0 or gain.high < 0)
            said.add(gain.word)
    assert {Word.GAINS, Word.NO_EVIDENCE} <= said


def test_two_seeds_give_numbers_and_no_word():
    two = Cases.build(LABELS, COUNTS[:2], NAMES)
    for gain in find_gains(answers(rows(knows, ALWAYS)[:2]), two):
        assert (gain.word, gain.lack) == (Word.NO_WORD, Lack.SEEDS)
        assert gain.low <= gain.gain <= gain.high


def test_with_a_margin_equal_models_show_no_relevant_difference():
    half = np.arange(len(LABELS)) % 2 == 0
    found = find_gains(answers(rows(lambda silo: half, half)), CASES, Rules(margin=0.5))
    assert {gain.word for gain in found} == {Word.NO_DIFFERENCE}
    for gain in found:
        assert gain.within_margin
        assert -0.5 < gain.low < gain.high < 0.5


def test_gains_lie_on_one_side_of_the_margin():
    found = {
        margin: find_gains(answers(rows(knows, ALWAYS)), CASES, Rules(margin=margin))
        for margin in (0.01, 0.9)
    }
    for margin, every in found.items():
        (whole, *_) = (gain for gain in every if gain.question is Question.WHOLE)
        assert whole.word is Word.GAINS
        assert whole.beyond_margin is (margin < whole.low)
        assert whole.within_margin is (margin == 0.9)


def test_a_margin_is_in_points_where_values_are_shares():
    config = ComparisonConfig(margin=1.5, correct="bh")
    assert Rules.of(config, ACCURACY) == Rules(margin=0.015, correction=Correction.BH)
    assert Rules.of(config, ABSOLUTE_ERROR).margin == 1.5
    assert Rules.of(ComparisonConfig(), ACCURACY).margin is None


# What cannot be asked of a silo.


def test_own_cases_of_one_class_tell_nothing_and_that_is_said():
    counts = [[(4, 0, 0, 0), (5, 5, 5, 0), (1, 2, 3, 4)] for _ in SEEDS]
    cases = Cases.build(LABELS, counts, NAMES)
    found = gains(random_rows(), cases)
    assert (1, Question.OWN) not in found
    assert {silo for silo, question in found if question is Question.OWN} == {2, 3}
    (item,) = find_unasked(cases)
    assert (item.silo, item.question) == (1, Question.OWN)
    assert NAMES[0] in item.reason


def test_everything_can_be_asked_of_silos_with_several_classes():
    assert find_unasked(CASES) == ()


def test_the_gap_is_closed_where_the_federated_model_is_the_centralized_one():
    found = gains(rows(knows, ALWAYS))
    assert found[1, Question.WHOLE].gap_closed == pytest.approx(1)
    assert found[1, Question.UNSEEN].gap_closed == pytest.approx(1)


def test_half_of_the_gap():
    federated = knows(1) | ((np.arange(len(LABELS)) % 2 == 0) & ~knows(1))
    gain = gains(rows(knows, federated, centralized=ALWAYS))[1, Question.WHOLE]
    assert gain.gap_closed == pytest.approx(0.5)
    assert gain.centralized == pytest.approx(1)


def test_there_is_no_gap_where_the_centralized_model_is_not_surely_better():
    one_more = np.arange(len(LABELS)) > 0
    found = gains(rows(lambda silo: one_more, ALWAYS, centralized=ALWAYS))
    worse = gains(rows(lambda silo: ALWAYS, ALWAYS, centralized=one_more))
    assert {gain.gap_closed for gain in (*found.values(), *worse.values())} == {None}


def test_a_question_without_test_examples_is_not_asked(found):
    asked = defaultdict(set)
    for silo, question in found:
        asked[silo].add(question)
    of_all = {Question.OWN, Question.WHOLE}
    assert asked == {1: of_all | {Question.UNSEEN}, 2: of_all | {Question.UNSEEN}, 3: of_all}


def test_nobody_asks_of_unseen_classes_where_all_are_seen():
    cases = Cases.build(LABELS, [[row[2]] * 3 for row in COUNTS], NAMES)
    found = gains(random_rows(), cases)
    assert {question for _, question in found} == {Question.OWN, Question.WHOLE}
    assert all(gain.unseen_part == 0 for gain in found.values())


def test_gains_come_silo_by_silo():
    found = find_gains(answers(random_rows()), CASES)
    assert [gain.silo for gain in found] == [1, 1, 1, 2, 2, 2, 3, 3]


def test_the_order_of_seeds_does_not_matter(found):
    backwards = Cases.build(LABELS, COUNTS[::-1], NAMES)
    for gain in find_gains(answers(random_rows())[::-1], backwards):
        other = found[gain.silo, gain.question]
        assert tuple(seed.seed for seed in gain.seeds) == SEEDS[::-1]
        assert gain.seeds[::-1] == other.seeds
        assert gain.word is other.word
        for name in ("gain", "low", "high", "p_value", "adjusted_p_value", "unseen_part"):
            assert getattr(gain, name) == pytest.approx(getattr(other, name))


def test_swapping_the_models_turns_the_sign():
    rights = random_rows()
    swapped = [row | {equal(1): row[FEDERATED], FEDERATED: row[equal(1)]} for row in rights]
    cases = Cases.build(LABELS, [[row[0]] for row in COUNTS], NAMES)  # one silo: one level
    there, back = gains(rights, cases), gains(swapped, cases)
    for question in {question for _, question in there}:
        one, other = there[1, question], back[1, question]
        assert (one.gain, one.low, one.high) == pytest.approx(
            (-other.gain, -other.high, -other.low)
        )
        assert one.p_value == pytest.approx(other.p_value)


def test_only_who_is_right_matters_and_not_how_sure_they_are(found):
    sure = [
        replace(
            seed,
            final={
                model: replace(own, probabilities=own.probabilities**4)
                for model, own in seed.final.items()
            },
        )
        for seed in answers(random_rows())
    ]
    assert find_gains(sure, CASES) == tuple(found.values())


def test_no_silo_asks_of_classes_that_nobody_has():
    # Silo 1 lacks hen and owl, silo 2 only owl: hen can be learnt from silo 2, owl from nobody.
    counts = [[(8, 2, 0, 0), (1, 5, 5, 0)] for _ in SEEDS]
    asked = gains(random_rows(), Cases.build(LABELS, counts, NAMES))
    assert (1, Question.UNSEEN) in asked
    assert (2, Question.UNSEEN) not in asked
    assert (2, Question.WHOLE) in asked


def test_answers_are_paired_by_id_and_not_by_place(found):
    assert find_gains(shuffled(answers(random_rows())), CASES) == tuple(found.values())


def test_a_model_that_did_not_answer_every_example_is_not_compared():
    first, *others = answers(random_rows())
    part = first.final[FEDERATED].of_classes((0, 1))
    short = [replace(first, final={**first.final, FEDERATED: part}), *others]
    with pytest.raises(ResultsError, match="cannot be paired"):
        find_gains(short, CASES)


# Contrasts of any two models, by any measure.


def wrongness(own):
    return 1.0 - correctness(own)


WRONG = Measure(name="wrong", line="", values=wrongness, higher_is_better=False, is_share=True)
TEST_SETS = (ALL, own(1), own(3), unseen(1), seen(2), of_classes((1, 2), NAMES))


def contrast_of(test_set, measure):
    every = answers(random_rows())
    weighting = Weighting.of(CASES, test_set, len(SEEDS))
    challenger, baseline = (over_seeds(every, model) for model in (FEDERATED, equal(1)))
    parts = [weighting.part(challenger, baseline, (c,), measure) for c in range(4)]
    return weighting.contrast(challenger, baseline, measure), parts


@pytest.mark.parametrize("test_set", TEST_SETS, ids=lambda test_set: test_set.key)
def test_where_lower_is_better_a_fall_is_a_gain(test_set):
    (falls, by_class), (rises, expected) = (contrast_of(test_set, m) for m in (WRONG, ACCURACY))
    assert falls.found == rises.found
    assert falls.found.gain == pytest.approx((falls.baseline - falls.challenger).mean())
    np.testing.assert_allclose(falls.challenger, 1 - rises.challenger)
    assert by_class == pytest.approx(expected)
    assert sum(by_class) == pytest.approx(falls.found.gain)


@pytest.mark.parametrize("test_set", TEST_SETS, ids=lambda test_set: test_set.key)
def test_a_contrast_is_of_the_test_sets_examples(test_set):
    found, _ = contrast_of(test_set, ACCURACY)
    assert found.num_examples == CASES.size(test_set)
    assert found.found.gain == pytest.approx((found.challenger - found.baseline).mean())


# Questions: a row each.


def test_every_question_has_one_row_and_words_of_its_own():
    assert {row.question for row in QUESTIONS} == set(Question)
    assert len(QUESTIONS) == len(Question)
    assert all(row_of(question).question is question for question in Question)
    for kind in ("of_silos", "of_silo", "on"):
        words = [getattr(row, kind) for row in QUESTIONS]
        assert all(words)
        assert len(set(words)) == len(words)


def test_the_questions_are_of_the_cases_that_they_name():
    assert row_of(Question.WHOLE).test_set(2) == ALL
    assert row_of(Question.UNSEEN).test_set(2) == unseen(2)
    assert row_of(Question.OWN).test_set(2) == own(2)
    assert row_of(Question.OTHERS).test_set(2) == others(2)


def test_every_row_is_asked_of_a_silo_that_lacks_what_another_has():
    found = gains(random_rows(), OWNED_CASES)
    for row in QUESTIONS:
        assert row.is_asked(1)
        assert (1, row.question) in found
        assert ((3, row.question) in found) is row.is_asked(0)


def test_own_and_other_cases_are_the_silos_own_rows_where_these_are_known():
    right = random_rows()
    found = gains(right, OWNED_CASES)
    for silo in (1, 2, 3):
        masks = {Question.OWN: silo == OWNERS, Question.OTHERS: (silo != OWNERS) & (OWNERS > 0)}
        for question, mask in masks.items():
            gain = found[silo, question]
            changes = [row[FEDERATED] * 1.0 - row[equal(silo)] for row in right]
            assert gain.num_examples == mask.sum()
            assert gain.gain == pytest.approx(np.mean([own[mask].mean() for own in changes]))


def test_a_silo_without_rows_of_its_own_harms_nobody():
    owners = np.where(OWNERS == 2, 0, OWNERS)
    cases = Cases.build(LABELS, COUNTS, NAMES, owners=np.stack([owners] * len(SEEDS)))
    found, before = gains(random_rows(), cases), gains(random_rows(), OWNED_CASES)
    assert (2, Question.OWN) not in found
    assert (2, Question.OTHERS) in found
    for silo in (1, 3):
        assert found[silo, Question.OWN].gain == before[silo, Question.OWN].gain
        assert found[silo, Question.OWN].p_value == before[silo, Question.OWN].p_value


def test_nobody_asks_of_others_cases_where_all_rows_are_everybodys(found):
    assert not any(question is Question.OTHERS for _, question in found)
