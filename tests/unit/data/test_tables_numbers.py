"""A label that is a number: found out, said, refused, scaled, held out and told of."""

import json
from functools import reduce
from operator import add

import numpy as np
import pytest
import torch

from fedcompare.config.choices import Choice
from fedcompare.config.groups import DataConfig, PartitionConfig
from fedcompare.config.parsing import Setting, parse_config
from fedcompare.data.dataset import read_dataset
from fedcompare.data.partitions.plan import partition_dataset
from fedcompare.data.silos import Silos
from fedcompare.data.tables.contract import contract_from_json
from fedcompare.data.tables.facts import find_sums
from fedcompare.data.transforms.catalog import misfit
from fedcompare.errors import ConfigError, DataError, PartitionError
from fedcompare.tasks import Task
from made_up_tables import rows, study_columns, write_csv


def said(found):
    return "\n".join(found.notes)


def floats(count=24):
    return [f"{2.5 * row + 0.25:g}" for row in range(count)]


def dataset_of(folder, columns, **keys):
    path = write_csv(folder / "table.csv", rows(len(columns["y"])) | columns)
    return read_dataset(DataConfig(dataset=f"csv:{path}", **{"label": "y", "silo": "site", **keys}))


def dealt(dataset, **keys):
    return partition_dataset(
        dataset, PartitionConfig(**{"num-silos": 3, "excluded-classes": "", **keys}), seed=1
    )


# Found out.


@pytest.mark.parametrize(
    "values", [floats(), [str(row) for row in range(100, 160)], ["0.5", "1.5"] * 12]
)
def test_floats_and_many_numbers_are_a_number(tmp_path, values):
    found = study_columns(tmp_path, {"y": values})
    assert found.contract.number
    assert found.contract.classes == ()
    assert f"Task: regression, since y holds {len(set(values))} different numbers" in said(found)


@pytest.mark.parametrize(
    ("values", "task"),
    [(["0", "1"], "binary"), (["1.0", "2.0", "3.0"], "multi-class"), (["a", "b"], "binary")],
)
def test_few_whole_numbers_and_text_are_classes(tmp_path, values, task):
    found = study_columns(tmp_path, {"y": values * 12})
    assert found.contract.number is None
    assert f"Task: {task}, {len(values)} classes." in said(found)


def test_words_for_missing_and_infinite_labels_are_counted_and_left_out(tmp_path):
    values = [*floats(24)[:20], "NA", "", "-inf", "1e400"]
    found = study_columns(tmp_path, {"y": values})
    assert found.contract.number
    assert "2 rows without a number as y, first row 22: left out." in said(found)
    assert "2 rows whose y is infinite, first row 24: left out." in said(found)
    assert len(found.train) + len(found.test) == 20
    assert np.isfinite([*found.train.labels, *found.test.labels]).all()


def test_decimal_commas_and_groups_of_thousands_are_read(tmp_path):
    commas = study_columns(tmp_path, {"y": [text.replace(".", ",") for text in floats()]})
    points = study_columns(tmp_path, {"y": floats()})
    np.testing.assert_array_equal(commas.train.labels, points.train.labels)
    grouped = study_columns(tmp_path, {"y": [f"1,{row:03},000.5" for row in range(24)]})
    assert min(grouped.train.labels) >= 1e6


def test_digits_that_no_number_keeps_are_no_number(tmp_path):
    with pytest.raises(DataError, match="are names or a measurement, and no classes"):
        study_columns(tmp_path, {"y": [f"{row:04}" for row in range(60)]})


def test_a_label_that_counts_rows_is_asked_about(tmp_path):
    assert "is y an identifier?" in said(study_columns(tmp_path, {"y": list(range(60))}))
    assert "identifier" not in said(study_columns(tmp_path, {"y": floats()}))


# Said.


def test_an_integer_of_few_values_is_a_number_where_somebody_says_so(tmp_path):
    found = study_columns(tmp_path, {"y": ["1", "2", "3"] * 8}, task="regression")
    assert found.contract.number.mean == pytest.approx(found.train.labels.mean())
    assert "Task: regression, as asked for." in said(found)


def test_floats_are_classes_where_somebody_says_so(tmp_path):
    found = study_columns(tmp_path, {"y": ["0.5", "1.5", "2.5"] * 8}, task="multi-class")
    assert found.contract.classes == ("0.5", "1.5", "2.5")


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (
            ["low", "high"] * 12,
            "regression",
            r"24 values of 24 are no numbers, first 'low' in row 2",
        ),
        (
            [*floats(20), *"wxyz"],
            "regression",
            r"4 values of 24 are no numbers, first 'w' in row 22",
        ),
        (["a", "b", "c"] * 8, "binary", r"task = binary: label = 'y' holds 3 classes \(a, b, c\)"),
        (floats(60), "multi-class", "60 classes for 60 rows.*set task = regression"),
        (["7.5"] * 24, "", "all training rows have 7.5: there is nothing to tell"),
        ([""] * 23 + ["x"], "regression", "1 value of 1 are no numbers"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path, values, task, message):
    with pytest.raises(DataError, match=message):
        study_columns(tmp_path, {"y": values}, task=task)


def test_an_unknown_task_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigError, match="multi-class, binary or regression"):
        parse_config({"task": Setting("regresion", "--task")})


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_pictures_of_ten_classes_are_neither_numbers_nor_two(tiny, task):
    with pytest.raises(DataError, match=f"task = {task}: idx:.* holds 10 classes"):
        read_dataset(tiny(task=task).data)


def test_pictures_are_told_apart_as_they_are_where_somebody_says_so(tiny):
    assert read_dataset(tiny(task="multi-class").data).task is Task.MULTI_CLASS


# Scaled by what silos say of their training rows.


def test_the_scale_follows_from_the_silos_sums(tmp_path):
    found = study_columns(tmp_path, {"y": floats(60)})
    own = [found.train.labels[found.train.silos == silo] for silo in (0, 1)]
    number = found.contract.number
    assert number.mean == pytest.approx(reduce(add, map(find_sums, own)).mean)
    assert number.mean == pytest.approx(found.train.labels.mean())
    assert number.deviation == pytest.approx(found.train.labels.std())


def test_no_test_row_changes_the_contract(tmp_path):
    split = ["train"] * 40 + ["test"] * 20
    first, second = (
        study_columns(
            tmp_path,
            {**rows(60), "y": [*floats(40), *tail], "part": split},
            **{"split_column": "part"},
        ).contract
        for tail in (floats(20), ["123456.5", "NA"] * 10)
    )
    assert first == second


def test_the_contract_as_json_is_the_same_contract(tmp_path):
    contract = study_columns(tmp_path, {"y": floats()}).contract
    assert contract_from_json(contract.to_json()) == contract
    assert json.loads(contract.to_json())["number"]["mean"] == contract.number.mean


def test_examples_hold_the_labels_to_the_last_bit_and_their_scale(tmp_path):
    dataset = dataset_of(tmp_path, {"y": floats()})
    assert dataset.task is Task.REGRESSION
    assert dataset.train.labels.dtype == torch.float64
    every = sorted([*dataset.train.labels.tolist(), *dataset.test.labels.tolist()])
    assert every == [float(text) for text in floats()]
    assert float(dataset.train.targets.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(dataset.train.targets.double().std(correction=0)) == pytest.approx(1)
    assert dataset.test.scale == dataset.train.scale


def test_each_silo_holds_out_the_same_share(tmp_path):
    columns = {"site": ["north"] * 50 + ["south"] * 10, "y": floats(60)}
    found = study_columns(tmp_path, columns)
    assert np.bincount(found.test.silos).tolist() == [10, 2]
    assert "the same share of each silo, in all seeds the same" in said(found)


def test_a_column_that_is_the_label_in_other_words_is_a_suspected_leak(tmp_path):
    values = [float(text) for text in floats(200)]
    columns = {
        **rows(200),
        "y": floats(200),
        "copy": [3 * value + 1 for value in values],
        "x": np.random.default_rng(1).normal(size=200).round(3).tolist(),
    }
    notes = said(study_columns(tmp_path, columns))
    assert "copy alone explains" in notes
    assert "x alone explains" not in notes


# Dealt to silos.


@pytest.mark.parametrize(
    "rule", ["iid", "linear", "size(partition_sizes=[20, 10, 6])", "excluded-classes"]
)
def test_partitioners_of_sizes_deal_numbers(tmp_path, rule):
    dataset = dataset_of(tmp_path, {"y": floats(60)}, silo="")
    plan = dealt(dataset, partition=rule)
    silos = Silos(dataset=dataset, plan=plan)
    assert [counts for (counts,) in silos.label_counts] == list(map(len, plan.train))
    assert min(silos.test_sizes) > 0
    owners = silos.test_owners
    for silo, rows_of_silo in zip(silos.ids, plan.test, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(owners == silo), np.sort(rows_of_silo))


@pytest.mark.parametrize(
    "rule",
    [
        "dirichlet(alpha=0.5)",
        "pathological(num_classes_per_partition=2)",
        "shard(num_shards_per_partition=2)",
    ],
)
def test_partitioners_of_classes_refuse_numbers_in_words(tmp_path, rule):
    dataset = dataset_of(tmp_path, {"y": floats(60)}, silo="")
    with pytest.raises(PartitionError, match="by their class, and the labels are numbers; use"):
        dealt(dataset, partition=rule)


def test_classes_cannot_be_excluded_from_numbers(tmp_path):
    dataset = dataset_of(tmp_path, {"y": floats(60)}, silo="")
    with pytest.raises(PartitionError, match="excluded-classes: the labels are numbers"):
        dealt(dataset, **{"excluded-classes": "1 2 3"})


def test_wrong_labels_cannot_be_made_of_numbers(tmp_path):
    assert "labels are numbers" in misfit(Choice("label-noise", (("share", 0.1),)), {}, 0)
