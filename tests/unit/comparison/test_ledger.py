"""The ledger of what training took, and who contributes what."""

import itertools

import numpy as np
import pytest

from fedcompare.comparison.contributions import find_contributions
from fedcompare.comparison.ledger import find_budgets
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.regimes.budgets import count_steps
from fedcompare.regimes.catalog import CONVENTIONAL, ROWS, Regime, row_of
from fedcompare.regimes.coalitions import coalitions_to_train
from fedcompare.regimes.models import ModelId, models_of
from fedcompare.runs.manifest import Training
from made_up_answers import shuffled
from support import ORIGIN

COUNTS = ((30, 20, 0), (0, 10, 25), (7, 8, 9))
SIZES = [sum(own) for own in COUNTS]
EXAMPLES = sum(SIZES)
EPOCHS, FINE_TUNING, ALONE = 6, 2, 4
BATCH = 16
MODEL_BYTES = 1000
EXAMPLE_BYTES = 65
LABELS = np.repeat([0, 1, 2], [9, 8, 7])
NAMES = ("cat", "dog", "hen")
FEDERATED = ModelId(Regime.FEDERATED)


def training(epochs, *, sizes=SIZES, factor=1, **changes):
    """Return what a regime took; `factor` multiplies what it took."""
    steps = (count_steps(size, epochs=epochs, batch_size=BATCH) for size in sizes)
    fields = {
        "seconds": 3.0 * factor,
        "cpu_seconds": 2.0 * factor,
        "epochs": epochs,
        "local_steps": tuple(steps),
        "bytes_up": 0,
        "bytes_down": 0,
        "label_counts": COUNTS,
        "class_names": NAMES,
        "example_bytes": EXAMPLE_BYTES,
        "notes": (),
    }
    return Training(**fields | changes)


def seed_of_training(factor=1, **changes):
    """Return what training a seed took, and no answers."""
    trainings = {
        Regime.ISOLATED: training(ALONE, factor=factor),
        Regime.ISOLATED_EQUAL: training(EPOCHS, factor=factor),
        Regime.FEDERATED: training(
            EPOCHS, factor=factor, bytes_up=700 * factor, bytes_down=800 * factor, **changes
        ),
        Regime.FINE_TUNED: training(FINE_TUNING, factor=factor),
        Regime.CENTRALIZED: training(EPOCHS, sizes=[EXAMPLES], factor=factor),
    }
    return SeedAnswers(
        seed=factor,
        final={},
        rounds={},
        origin=ORIGIN,
        trainings=trainings,
        model_bytes=MODEL_BYTES,
    )


def ledger(*seeds):
    found = find_budgets(seeds or [seed_of_training()], example_bytes=EXAMPLE_BYTES)
    return {budget.regime: budget for budget in found}


def test_every_regime_has_a_row_in_the_order_of_tables():
    table = seed_of_training(columns=(("age", "number", "standardised"),))
    assert list(ledger(table)) == list(Regime)
    assert list(ledger()) == [row.regime for row in ROWS if not row.of_tables]


def test_models_that_are_no_networks_take_nothing_that_is_measured():
    table = seed_of_training(columns=(("age", "number", "standardised"),))
    for row in CONVENTIONAL:
        budget = ledger(table)[row.regime]
        assert (budget.epochs, budget.local_steps, budget.examples) == (0, 0, 0)
        assert (budget.bytes_up, budget.bytes_down, budget.seconds, budget.cpu_seconds) == (0,) * 4


def test_isolated_federated_and_centralized_pass_over_every_example_equally_often():
    equal = [Regime.ISOLATED_EQUAL, Regime.FEDERATED, Regime.CENTRALIZED]
    assert {ledger()[regime].epochs for regime in equal} == {EPOCHS}
    assert {ledger()[regime].examples for regime in equal} == {EPOCHS * EXAMPLES}


def test_examples_are_epochs_times_training_examples():
    for regime, budget in ledger().items():
        assert budget.examples == budget.epochs * EXAMPLES, regime


def test_steps_are_those_of_all_silos_and_pooled_batches_are_fuller():
    found = ledger()
    assert found[Regime.FEDERATED].local_steps == EPOCHS * sum(-(-size // BATCH) for size in SIZES)
    assert found[Regime.CENTRALIZED].local_steps == EPOCHS * -(-EXAMPLES // BATCH)


def test_fine_tuning_takes_the_federation_and_its_own():
    found, own = ledger(), seed_of_training().trainings[Regime.FINE_TUNED]
    federated, tuned = found[Regime.FEDERATED], found[Regime.FINE_TUNED]
    assert tuned.epochs == EPOCHS + FINE_TUNING
    assert tuned.local_steps == federated.local_steps + sum(own.local_steps)
    assert (tuned.bytes_up, tuned.bytes_down) == (federated.bytes_up, federated.bytes_down)
    assert tuned.seconds == federated.seconds + own.seconds
    assert tuned.cpu_seconds == federated.cpu_seconds + own.cpu_seconds


@pytest.mark.parametrize("regime", [Regime.AVERAGE, Regime.ENSEMBLE])
def test_one_exchange_takes_the_isolated_training_and_every_silos_weights_once(regime):
    found = ledger()
    shared, isolated = found[regime], found[Regime.ISOLATED_EQUAL]
    for name in ("epochs", "local_steps", "examples", "seconds", "cpu_seconds"):
        assert getattr(shared, name) == getattr(isolated, name)
    assert shared.bytes_up == 3 * MODEL_BYTES
    # An average comes back to each silo; of an ensemble each silo needs the other two models.
    back = {Regime.AVERAGE: 3, Regime.ENSEMBLE: 3 * 2}
    assert shared.bytes_down == back[regime] * MODEL_BYTES


def test_only_what_is_shared_takes_bytes():
    found = ledger()
    for regime in (Regime.ISOLATED, Regime.ISOLATED_EQUAL):
        assert (found[regime].bytes_up, found[regime].bytes_down) == (0, 0)
    centralized = found[Regime.CENTRALIZED]
    assert (centralized.bytes_up, centralized.bytes_down) == (EXAMPLES * EXAMPLE_BYTES, 0)
    federated = found[Regime.FEDERATED]
    assert (federated.bytes_up, federated.bytes_down) == (700, 800)


def test_costs_are_means_over_the_seeds():
    found = ledger(seed_of_training(1), seed_of_training(3))
    single, federated = ledger()[Regime.FEDERATED], found[Regime.FEDERATED]
    for name in ("bytes_up", "bytes_down", "seconds", "cpu_seconds"):
        assert getattr(federated, name) == 2 * getattr(single, name)
    assert (federated.epochs, federated.examples) == (single.epochs, single.examples)


# Contributions.


def guesses(random):
    probabilities = random.dirichlet(np.ones(3), len(LABELS)).astype(np.float32)
    return Answers.of(probabilities, ids=np.arange(len(LABELS)), labels=LABELS)


def coalition_game(num_silos, num_seeds=2):
    """Return answers, coalitions and cases of silos that each lack no or one class."""
    random = np.random.default_rng(num_silos)
    silos = range(1, num_silos + 1)
    counts = [[[5, 5, 5 * (silo != 1)] for silo in silos]] * num_seeds
    models = models_of(map(row_of, (Regime.FEDERATED, Regime.ISOLATED_EQUAL)), silos)
    answers = [
        SeedAnswers(
            seed=seed,
            final={model: guesses(random) for model in models},
            rounds={(FEDERATED, 0): random.integers(0, 3, len(LABELS))},
            origin=ORIGIN,
            trainings={},
            model_bytes=1,
        )
        for seed in range(num_seeds)
    ]
    coalitions = [
        {members: guesses(random) for members in coalitions_to_train(num_silos)} for _ in answers
    ]
    return answers, coalitions, Cases.build(LABELS, counts, NAMES)


def value(game, seed, members, key):
    """Return a coalition's accuracy on the test set with this key, by hand."""
    answers, coalitions, cases = game
    (test_set,) = [found for found in cases.test_sets() if found.key == key]
    if not members:
        predicted = answers[seed].rounds[FEDERATED, 0]
    elif len(members) == len(cases.silos):
        predicted = answers[seed].final[FEDERATED].predicted
    elif len(members) == 1:
        (silo,) = members
        predicted = answers[seed].final[ModelId(Regime.ISOLATED_EQUAL, silo)].predicted
    else:
        predicted = coalitions[seed][members].predicted
    return (predicted == LABELS) @ cases.weights(test_set, seed)


@pytest.mark.parametrize("num_silos", [1, 2, 3, 5])
def test_shapley_values_add_up_to_what_everybody_adds_to_nobody(num_silos):
    game = coalition_game(num_silos)
    everyone = tuple(range(1, num_silos + 1))
    found = list(find_contributions(*game))
    for key in {item.test_set for item in found}:
        total = sum(item.shapley.mean for item in found if item.test_set == key)
        added = [value(game, k, everyone, key) - value(game, k, (), key) for k in (0, 1)]
        assert total == pytest.approx(np.mean(added))


@pytest.mark.parametrize("num_silos", [1, 2, 3, 6])
def test_leave_one_out_is_what_the_federation_loses_without_a_silo(num_silos):
    game = coalition_game(num_silos)
    everyone = tuple(range(1, num_silos + 1))
    for item in find_contributions(*game):
        others = tuple(silo for silo in everyone if silo != item.silo)
        lost = [
            value(game, k, everyone, item.test_set) - value(game, k, others, item.test_set)
            for k in (0, 1)
        ]
        found = item.leave_one_out
        expected = (np.mean(lost), min(lost), max(lost))
        assert (found.mean, found.lowest, found.highest) == pytest.approx(expected)


def test_a_shapley_value_is_the_mean_over_the_orders_of_joining():
    game = coalition_game(3)
    orders = list(itertools.permutations((1, 2, 3)))
    for item in find_contributions(*game):
        shares = []
        for seed in (0, 1):
            before = [tuple(sorted(order[: order.index(item.silo)])) for order in orders]
            added = [
                value(game, seed, tuple(sorted((*members, item.silo))), item.test_set)
                - value(game, seed, members, item.test_set)
                for members in before
            ]
            shares.append(np.mean(added))
        assert item.shapley.mean == pytest.approx(np.mean(shares))
        assert (item.shapley.lowest, item.shapley.highest) == pytest.approx(
            (min(shares), max(shares))
        )


def test_more_than_five_silos_have_no_shapley_value():
    assert {item.shapley for item in find_contributions(*coalition_game(6))} == {None}


def test_coalitions_are_joined_with_other_models_by_id():
    answers, coalitions, cases = coalition_game(3)
    backwards = [
        {members: own.at(own.ids[::-1].copy()) for members, own in row.items()}
        for row in coalitions
    ]
    expected = list(find_contributions(answers, coalitions, cases))
    assert list(find_contributions(shuffled(answers), backwards, cases)) == expected


def test_contributions_are_to_the_whole_and_the_unseen():
    found = [(item.test_set, item.silo) for item in find_contributions(*coalition_game(3))]
    keys = ("all", "unseen:1")
    assert found == [(key, silo) for key in keys for silo in (1, 2, 3)]


@pytest.mark.parametrize(
    ("num_silos", "sizes"),
    [(1, {}), (2, {}), (3, {2: 3}), (5, {2: 10, 3: 10, 4: 5}), (6, {5: 6}), (10, {9: 10})],
)
def test_coalitions_are_trained_only_where_no_other_part_has_them(num_silos, sizes):
    coalitions = coalitions_to_train(num_silos)
    found = [len(members) for members in coalitions]
    assert {size: found.count(size) for size in found} == sizes
    assert len(set(coalitions)) == len(coalitions)
    assert all(list(members) == sorted(set(members)) for members in coalitions)
