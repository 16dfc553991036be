"""The catalogue has a row for each regime, and nothing else decides what a regime is called."""

import pytest

from fedcompare.comparison.models import model_rows
from fedcompare.evaluation.conventional import FITS
from fedcompare.regimes.catalog import (
    COMPARED,
    CONVENTIONAL,
    FOLLOWED,
    ROWS,
    TRAINED,
    Regime,
    Role,
    row_of,
    rows_for,
)
from fedcompare.regimes.models import local_models, models_of


def test_every_regime_has_one_row_in_the_order_of_tables():
    assert [row.regime for row in ROWS] == list(Regime)
    assert all(row_of(regime).regime is regime for regime in Regime)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.regime)
def test_a_shared_model_has_no_owner_and_others_one_per_silo(row):
    assert row.owners([1, 2, 3]) == ([None] if row.shared else [1, 2, 3])


def test_what_is_followed_was_trained_and_what_is_not_is_an_alternative_or_conventional():
    assert {row.regime for row in FOLLOWED} <= set(TRAINED)
    roles = {row.role for row in ROWS if not row.trained}
    assert roles == {Role.ALTERNATIVE, Role.CONVENTIONAL}
    assert {row.regime for row in COMPARED} <= set(TRAINED)


def test_conventional_models_are_of_tables_only_one_for_each_silo_and_fitted_by_a_function():
    assert set(rows_for(is_table=True)) - set(rows_for(is_table=False)) == set(CONVENTIONAL)
    assert rows_for(is_table=True) == ROWS
    assert not any(row.shared or row.trained for row in CONVENTIONAL)
    assert {row.regime for row in CONVENTIONAL} == set(FITS)


def test_there_is_one_federated_and_one_followed_baseline():
    assert [row.regime for row in ROWS if row.role is Role.FEDERATED] == [Regime.FEDERATED]
    baselines = [row.regime for row in FOLLOWED if row.role is Role.BASELINE]
    assert baselines == [Regime.ISOLATED_EQUAL]


def test_a_model_is_called_by_its_regime_and_tables_keep_the_regimes_order(tiny):
    models = list(model_rows(tiny(), models_of(ROWS, [1, 2, 3])))
    for model in models:
        owner = "" if model.silo is None else f", silo {model.silo}"
        assert model.label == f"{model.regime.value}{owner}"
    assert list(dict.fromkeys(model.regime for model in models)) == list(Regime)
    assert len({model.label for model in models}) == len(models)


def test_every_model_has_a_key_and_a_file_of_its_own():
    models = [*models_of(ROWS, [1, 2, 3]), *local_models([1, 2, 3])]
    assert len({model.key for model in models}) == len({model.label for model in models})
    assert len({model.key for model in models}) == len(models)
    files = {(model.regime, model.weights_file(round=1)) for model in models}
    assert len(files) == len(models)
    assert [model.is_local for model in models[-3:]] == [True] * 3
    assert not any(model.is_local for model in models[:-3])
