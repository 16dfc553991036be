"""How much silos differ: from tables and pictures, and what it must not depend on."""

import numpy as np
import pytest

from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.parsing import Setting, parse_config
from fedcompare.data.inspection.table import inspect_table
from fedcompare.data.silos import load_silos, settle
from fedcompare.data.skew import tally_pictures
from fedcompare.statistics.skew import Level, Measure
from made_up_tables import SITES, patients, write_csv


def config_of(path, **keys) -> ExperimentConfig:
    named = {"dataset": str(path), "label": "outcome", "silo": "hospital", **keys}
    return parse_config({key: Setting(value, key) for key, value in named.items()})


def skew_of(path, **keys):
    """Return the skew between the silos of a table, as inspect has it."""
    return inspect_table(config_of(path, **keys)).skew


def all_kinds(count=300):
    """Return a table with numbers, categories, yes and no, days and gaps, skewed by hospital."""
    random = np.random.default_rng(1)
    columns = patients(count)
    at = np.array([SITES.index(name) for name in columns["hospital"]])
    columns["bmi"] = np.round(random.normal(25 + 3 * at, 4), 2).tolist()
    columns["ward"] = [f"w{index}" for index in (at + random.integers(0, 3, count)) % 4]
    columns["smoker"] = np.where(random.random(count) < 0.2 + 0.2 * at, "yes", "no").tolist()
    columns["seen"] = [f"2020-0{1 + day % 9}-11" for day in random.integers(0, 9, count) + at]
    for name, share in (("bmi", 0.3), ("ward", 0.2), ("smoker", 0.1)):
        for row in np.flatnonzero((random.random(count) < share) & (at > 0)):
            columns[name][row] = ""
    return columns


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("skew") / "patients.csv", all_kinds())


def test_what_silos_say_of_columns_gives_the_skew_of_the_rows_that_are_trained_on(table):
    agreed = skew_of(table)
    trained = load_silos(settle(config_of(table))).measured_skew
    assert len(agreed.features) == 9  # 7 columns, and what is missing of two
    for one, other in ((agreed.labels, trained.labels), (agreed.features, trained.features)):
        assert [(d.subject, d.measure, d.silo, d.is_chance) for d in one] == [
            (d.subject, d.measure, d.silo, d.is_chance) for d in other
        ]
        assert [d.value for d in one] == pytest.approx([d.value for d in other], abs=1e-4)


def test_the_columns_that_were_made_to_differ_do(table):
    found = {(d.subject, d.measure): d for d in skew_of(table).features}
    assert found["bmi", Measure.MEANS].level is Level.STRONGLY
    assert found["ward", Measure.HELLINGER].level is not Level.LITTLE
    assert found["bmi", Measure.MISSING].level is not Level.LITTLE
    assert found["sex", Measure.HELLINGER].level is Level.LITTLE


def test_the_order_of_rows_does_not_count(tmp_path):
    columns = all_kinds()
    columns["part"] = ["test" if row % 5 == 0 else "train" for row in range(300)]
    order = np.random.default_rng(0).permutation(300)
    paths = [
        write_csv(tmp_path / "one.csv", columns),
        write_csv(
            tmp_path / "other.csv",
            {name: [values[row] for row in order] for name, values in columns.items()},
        ),
    ]
    one, other = (skew_of(path, **{"split-column": "part"}) for path in paths)
    assert one == other


def test_rows_that_are_held_out_do_not_count(tmp_path):
    columns = patients(120)
    columns["part"] = ["test" if row % 4 == 0 else "train" for row in range(120)]
    one = skew_of(write_csv(tmp_path / "one.csv", columns), **{"split-column": "part"})
    columns["age"] = [
        age + 500 if part == "test" else age
        for age, part in zip(columns["age"], columns["part"], strict=True)
    ]
    assert skew_of(write_csv(tmp_path / "one.csv", columns), **{"split-column": "part"}) == one


def test_equal_silos_do_not_differ(tmp_path):
    columns = patients(60)
    twice = {name: values * 2 for name, values in columns.items()}
    twice["hospital"] = ["A"] * 60 + ["B"] * 60
    twice["part"] = ["test" if row % 5 == 0 else "train" for row in range(120)]
    skew = skew_of(write_csv(tmp_path / "t.csv", twice), **{"split-column": "part"})
    assert [d.value for d in (*skew.labels, *skew.features)] == pytest.approx([0] * 5, abs=1e-6)


def test_a_silo_with_one_row_or_one_class_has_a_distance(tmp_path):
    columns = patients(120)
    columns["hospital"][:31] = ["single", *["one class"] * 30]
    columns["outcome"][:31] = ["alive"] * 31
    columns["part"] = ["train"] * 100 + ["test"] * 20
    inspection = inspect_table(
        config_of(write_csv(tmp_path / "t.csv", columns), **{"split-column": "part"})
    )
    names = [silo.name for silo in inspection.silos]
    found = {names[d.silo - 1]: d for d in inspection.skew.labels}
    assert len(found) == 5
    assert found["single"].is_chance
    assert found["one class"].level is Level.STRONGLY
    assert all(np.isfinite(d.value) for d in inspection.skew.features)


def test_a_column_that_is_missing_in_one_silo_lies_at_most_apart(tmp_path):
    columns = patients(120)
    for row, name in enumerate(columns["hospital"]):
        if name == SITES[0]:
            columns["age"][row] = ""
    found = {
        (d.subject, d.measure): d for d in skew_of(write_csv(tmp_path / "t.csv", columns)).features
    }
    assert found["age", Measure.MISSING].value == 1
    assert found["age", Measure.MEANS].silo != 2  # has none


def test_brighter_pictures_and_such_of_more_contrast_lie_above_the_others():
    random = np.random.default_rng(0)
    plain, brighter, deeper = (
        (level + spread * random.normal(size=(5000, 1, 4, 4))).astype(np.float32)
        for level, spread in ((0, 0.1), (0.2, 0.1), (0, 0.2))
    )
    brightness, contrast = tally_pictures([plain, brighter, deeper])
    assert np.argmax(brightness.values()) == 1
    assert np.argmax(contrast.values()) == 2
    np.testing.assert_allclose(brightness.means, [0, 0.2, 0], atol=0.01)
    np.testing.assert_allclose(brightness.counts, 5000)
