import gc

import numpy as np
import pytest
import torch

from fedcompare.data.silos import Silos, load_dataset, load_silos
from fedcompare.names import POOLED


def test_silos_lack_their_excluded_classes_in_training_and_test(tiny):
    config = tiny()
    for silo, excluded in zip(load_silos(config), config.partition.excluded_classes, strict=True):
        for examples in (silo.train, silo.test):
            assert set(examples.labels.tolist()) == set(range(10)) - set(map(int, excluded))


def test_label_counts_count_the_training_examples(tiny):
    silo = load_silos(tiny())[2]
    counts = silo.label_counts(10)
    assert sum(counts) == len(silo.train)
    assert [counts[c] for c in (2, 5, 8)] == [0, 0, 0]


def test_one_silo_is_the_same_as_among_all(tiny):
    silos = load_silos(tiny())
    alone, among = Silos(dataset=silos.dataset, plan=silos.plan)[3], list(silos)[2]
    assert (alone.id, alone.name) == (3, "silo 3")
    assert torch.equal(alone.train.inputs, among.train.inputs)
    assert torch.equal(alone.test.labels, among.test.labels)


def test_iid_silos_share_all_examples(tiny):
    config = tiny(num_silos=4, excluded_classes="")
    silos = load_silos(config)
    assert [len(silo.train) for silo in silos] == [75] * 4
    inputs = torch.cat([silo.train.inputs for silo in silos]).flatten(1).numpy()
    expected = load_dataset(config.data).train.inputs.flatten(1).numpy()
    np.testing.assert_array_equal(np.unique(inputs, axis=0), np.unique(expected, axis=0))


def test_own_test_examples_are_counted(tiny):
    config = tiny(num_silos=120, excluded_classes="")
    expected = tuple(len(silo.test) for silo in load_silos(config))
    assert load_silos(config).test_sizes == expected
    assert 0 in expected


def test_silos_are_counted_from_one(tiny):
    silos = load_silos(tiny())
    assert (len(silos), list(silos.ids)) == (3, [1, 2, 3])
    assert [silo.id for silo in silos] == [1, 2, 3]
    assert (silos[2].id, silos.pooled.id, silos[POOLED].id) == (2, POOLED, POOLED)
    with pytest.raises(IndexError, match="there is no silo 4"):
        silos[4]


def test_facts_of_silos_are_those_of_their_examples(tiny):
    silos = load_silos(tiny())
    assert silos.label_counts == tuple(silo.label_counts(10) for silo in silos)
    assert silos.test_sizes == tuple(len(silo.test) for silo in silos)
    assert silos.lacking == ((1, 3, 7), (2, 5, 8), (4, 6, 9))
    assert silos.test is silos.dataset.test
    assert silos.class_names == tuple("0123456789")
    assert silos.example_bytes == 8 * 8 + 1


def test_ids_find_each_example_in_its_split(tiny):
    silos = load_silos(tiny())
    for silo in (silos[2], silos.pooled):
        for split in ("train", "test"):
            part, whole = getattr(silo, split), getattr(silos.dataset, split)
            assert part.ids.dtype == torch.int64
            assert torch.equal(whole.inputs[part.ids], part.inputs)
            assert torch.equal(whole.labels[part.ids], part.labels)
    assert torch.equal(silos.test.ids, torch.arange(100))


def test_nobodys_examples_are_copied_before_they_are_asked_for(tiny, monkeypatch):
    copied, subset = [], type(load_dataset(tiny().data).train).subset
    monkeypatch.setattr(
        "fedcompare.data.examples.Examples.subset",
        lambda self, rows: copied.append(len(rows)) or subset(self, rows),
    )
    silos = load_silos(tiny(seed=91))
    assert silos.label_counts
    assert silos.origin
    assert not copied
    silo = silos[3]
    assert copied == [len(silo.train), len(silo.test)]


def test_examples_are_shared_while_they_are_held_and_then_let_go(tiny):
    silos = load_silos(tiny(seed=92))  # which no other test holds
    held = silos[1]
    assert load_silos(tiny(seed=92, learning_rate=0.5))[1] is held
    assert silos.pooled.train is not silos[1].train
    assert list(silos._held) == [1]
    del held
    gc.collect()
    assert not silos._held


def test_seeds_share_the_dataset_and_nothing_else(tiny):
    first, second = load_silos(tiny()), load_silos(tiny(seed=6))
    assert first.dataset is second.dataset
    assert first.origin.data == second.origin.data
    assert first.origin.partition != second.origin.partition


def test_what_concerns_no_data_has_the_same_silos(tiny):
    silos = load_silos(tiny())
    assert load_silos(tiny(learning_rate=0.5)) is silos
    assert load_dataset(tiny().data) is silos.dataset
