import datasets
import numpy as np
import pytest
from flwr_datasets import FederatedDataset
from flwr_datasets.metrics import compute_counts

from fedcompare.data.partitions.excluded_classes_partitioner import ExcludedClassesPartitioner

LABELS = np.random.default_rng(3).integers(0, 10, 1000)
EXCLUDED = [[1, 3, 7], [2, 5, 8], [4, 6, 9]]


def parts(excluded=EXCLUDED, **options):
    partitioner = ExcludedClassesPartitioner(excluded, **options)
    partitioner.dataset = datasets.Dataset.from_dict({"label": LABELS, "row": range(len(LABELS))})
    loaded = [partitioner.load_partition(index) for index in range(partitioner.num_partitions)]
    return [part.with_format("numpy")["row"][:] for part in loaded]


@pytest.mark.parametrize("num_silos", [1, 3, 7])
def test_without_exclusions_parts_cover_all_rows_once(num_silos):
    found = parts([[]] * num_silos)
    assert sorted(np.concatenate(found)) == list(range(1000))
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_only_excluded_classes_are_missing():
    whole = parts([[]] * 3)
    for own, all_rows, classes in zip(parts(), whole, EXCLUDED, strict=True):
        np.testing.assert_array_equal(own, all_rows[~np.isin(LABELS[all_rows], classes)])
        assert not np.isin(LABELS[own], classes).any()


def test_parts_are_disjoint():
    rows = np.concatenate(parts())
    assert len(np.unique(rows)) == len(rows)


def test_rows_are_shuffled():
    assert parts([[]])[0].tolist() != list(range(1000))


def test_one_seed_gives_one_partition():
    for first, again in zip(parts(seed=1), parts(seed=1), strict=True):
        np.testing.assert_array_equal(first, again)
    assert parts(seed=1)[0].tolist() != parts(seed=2)[0].tolist()


def test_the_global_random_state_is_left_alone():
    np.random.seed(1)  # noqa: NPY002 - the global state is what is tested
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    parts()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize("partition_id", [-1, 3])
def test_there_is_no_other_partition(partition_id):
    partitioner = ExcludedClassesPartitioner(EXCLUDED)
    with pytest.raises(ValueError, match=r"0\.\.2"):
        partitioner.load_partition(partition_id)


@pytest.fixture(scope="module")
def federated(tmp_path_factory):
    """A FederatedDataset over a local parquet folder."""
    folder = tmp_path_factory.mktemp("tables")
    rows = datasets.Dataset.from_dict({"digit": LABELS})
    rows.to_parquet(folder / "train.parquet")
    partitioner = ExcludedClassesPartitioner(EXCLUDED, partition_by="digit", seed=9)
    return FederatedDataset(dataset=str(folder), partitioners={"train": partitioner}, shuffle=False)


def test_flower_datasets_takes_it(federated):
    for index, classes in enumerate(EXCLUDED):
        part = federated.load_partition(index)
        assert 200 < len(part) < 334
        assert not set(part["digit"]) & set(classes)


def test_flower_datasets_counts_its_labels(federated):
    federated.load_partition(0)
    counts = compute_counts(federated.partitioners["train"], "digit")
    for index, classes in enumerate(EXCLUDED):
        absent = counts.columns[counts.loc[index] == 0]
        assert set(absent) == set(classes)
