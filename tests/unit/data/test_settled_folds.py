"""In how many folds rows are held out: what is asked for, or what the data suggest."""

import numpy as np
import pytest

from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.parsing import Setting, parse_config
from fedcompare.data.dataset import read_dataset
from fedcompare.data.silos import load_silos, settle
from fedcompare.errors import ConfigError, DataError
from made_up_pictures import noise
from made_up_tables import rows, write_csv


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path):
    return write_csv(tmp_path / "rows.csv", rows(40))


def config_of(path, **keys):
    named = {"dataset": str(path), "label": "y", "silo": "site", **keys}
    flat = {key.replace("_", "-"): value for key, value in named.items()}
    return parse_config({key: Setting(value, key) for key, value in flat.items()})


def large(tmp_path, *, sizes):
    columns = {"site": [], "y": [], "x": []}
    for site, size in sizes.items():
        columns["site"] += [site] * size
        columns["y"] += ["ab"[row % 2] for row in range(size)]
        columns["x"] += [row % 7 for row in range(size)]
    return write_csv(tmp_path / "large.csv", columns)


def test_small_silos_have_five_folds_and_what_was_decided_is_kept(path):
    settled = settle(config_of(path))
    assert settled.comparison.folds == 5
    assert len(settled.by_repeat()) == 5 * settled.comparison.num_seeds
    assert settle(settled) == settled


@pytest.mark.parametrize(("sizes", "folds"), [((1000, 1200), 1), ((400, 900, 3000), 5)])
def test_the_median_silo_decides(tmp_path, sizes, folds):
    named = {f"site {index}": size for index, size in enumerate(sizes)}
    assert settle(config_of(large(tmp_path, sizes=named))).comparison.folds == folds


@pytest.mark.parametrize("folds", [1, 3])
def test_what_is_asked_for_is_done(path, folds):
    assert settle(config_of(path, folds=folds)).comparison.folds == folds


def test_silos_of_fewer_rows_than_folds_have_as_many_as_the_largest_has_rows(tmp_path):
    path = large(tmp_path, sizes={"a": 3, "b": 4})
    assert settle(config_of(path)).comparison.folds == 4
    with pytest.raises(
        ConfigError, match=r"folds: 5, but the largest silo has 4 rows. Use --folds"
    ):
        settle(config_of(path, folds=5))


def test_data_with_a_test_file_or_a_split_column_are_not_cross_fitted(path, tmp_path):
    test = write_csv(tmp_path / "test.csv", rows(8))
    columns = {**rows(40), "part": (["train"] * 4 + ["test"] * 4) * 5}
    split = write_csv(tmp_path / "split.csv", columns)
    for own in ({"path": path, "test_data": str(test)}, {"path": split, "split_column": "part"}):
        assert settle(config_of(**own)).comparison.folds == 1
        with pytest.raises(ConfigError, match="folds: 5, but the data say themselves what is held"):
            settle(config_of(**own, folds=5))
        with pytest.raises(DataError, match=r"held-out = fold\(.*Leave it out, or use --folds 1"):
            load_silos(settle(config_of(**own, held_out="fold(number=1, folds=5, seed=1)")))


def test_silos_that_the_data_do_not_name_are_not_cross_fitted(path):
    dealt = {"silo": "", "partition": "iid", "num_silos": 2}
    assert settle(config_of(path, **dealt)).comparison.folds == 1
    for config in (config_of(path, **dealt, folds=5), ExperimentConfig()):
        asked = config.comparison.model_copy(update={"folds": 5})
        with pytest.raises(ConfigError, match=r"Name their column \(--silo\)"):
            settle(config.model_copy(update={"comparison": asked}))


def test_folds_and_one_fold_of_other_folds_are_not_both_asked_for(path):
    with pytest.raises(ConfigError, match="is one of several"):
        settle(config_of(path, folds=5, held_out="fold(number=1, folds=2, seed=1)"))


@pytest.mark.parametrize("folds", [-1, 1001])
def test_a_number_that_cannot_be_is_refused_by_name(path, folds):
    with pytest.raises(ConfigError, match="folds: "):
        config_of(path, folds=folds)


@pytest.mark.parametrize(
    "held_out", ["half", "share(size=1)", "fold", "fold(number=6, folds=5, seed=1)"]
)
def test_a_rule_that_there_is_not_is_refused(path, held_out):
    with pytest.raises(ConfigError, match=r'use "share".* or a fold by its number'):
        config_of(path, held_out=held_out)


def test_groups_that_cross_silos_are_held_out_whole_and_counted(tmp_path):
    columns = {**rows(40), "patient": [f"P{row // 4}" for row in range(40)]}
    path = write_csv(tmp_path / "visits.csv", columns)
    settled = settle(config_of(path, group="patient", folds=3))
    tested = []
    for own in settled.by_repeat()[:3]:
        dataset = read_dataset(own.data)
        assert not np.intersect1d(dataset.train_groups, dataset.test_groups).size
        assert any("examples in several silos, and stay there" in note for note in dataset.notes)
        tested += dataset.test.ids.tolist()
    assert sorted(tested) == list(range(40))


def test_a_contract_is_that_of_the_folds_training_rows_alone(path):
    contracts = {load_silos(own).contract for own in settle(config_of(path)).by_repeat()[:5]}
    assert len(contracts) == 5  # means differ


def test_all_folds_are_remembered_together(path):
    repeats = settle(config_of(path)).by_repeat()
    first = list(map(load_silos, repeats))
    assert all(load_silos(own) is silos for own, silos in zip(repeats, first, strict=True))


def test_pictures_in_folders_of_silos_are_cross_fitted_and_known_by_their_number(tmp_path):
    for number, silo in enumerate(("north", "south")):
        for row in range(6):
            place = tmp_path / "scans" / silo / ("cat", "dog")[row % 2] / f"{row}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            noise(seed=100 * number + row).save(place)
    settled = settle(parse_config({"dataset": Setting(f"folder:{tmp_path / 'scans'}", "x")}))
    folds = settled.comparison.folds
    assert folds > 1
    datasets = [read_dataset(own.data) for own in settled.by_repeat()[:folds]]
    ids = [number for dataset in datasets for number in dataset.test.ids.tolist()]
    assert sorted(ids) == list(range(12))
