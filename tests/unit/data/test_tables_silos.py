"""From a table's file to silos: names, rows, caches, and the keys that go with them."""

import json

import numpy as np
import pytest

from fedcompare import api
from fedcompare.config.groups import (
    KEYS,
    DataConfig,
    DatasetName,
    ExperimentConfig,
    experiment_name,
)
from fedcompare.config.parsing import read_settings
from fedcompare.data.dataset import read_dataset, reload_dataset
from fedcompare.data.silos import load_silos, settle
from fedcompare.errors import ConfigError, DataError, PartitionError
from fedcompare.federated.server_app import config_from_run_config
from fedcompare.regimes.defaults import with_defaults
from made_up_tables import SITES, patients, rows, write_csv


@pytest.fixture
def path(tmp_path):
    columns = patients() | {"blood": ["A", "B"] * 60}
    return write_csv(tmp_path / "patients.csv", columns)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))


def configure(path, **keys):
    named = {"dataset": str(path), "label": "outcome", "silo": "hospital", **keys}
    return api.configure({key.replace("_", "-"): value for key, value in named.items()})


def test_each_silo_has_its_own_rows_and_its_name(path):
    silos = load_silos(configure(path))
    assert silos.names == ("site 7", "Torgersen", "東京")
    hospitals, counts = np.unique(patients()["hospital"], return_counts=True)
    for silo in silos:
        total = dict(zip(hospitals, counts, strict=True))[silos.names[silo.id - 1]]
        assert len(silo.train) + len(silo.test) == total
        assert abs(len(silo.test) - 0.2 * total) < 2
    assert silos.class_names == ("alive", "dead")
    assert silos.pooled.train.inputs.shape == (96, 6)
    assert len(silos.pooled.test) == len(silos.test) == 24


def test_there_are_as_many_silos_as_the_column_names_in_every_seed_the_same(path):
    config = configure(path)
    assert config.partition.num_silos == len(SITES)
    assert config.partition.excluded_classes == ()
    assert load_silos(config).origin == load_silos(config.with_seed(7)).origin


def test_numbers_as_names_are_shown_with_their_column(tmp_path):
    path = write_csv(tmp_path / "t.csv", rows() | {"site": ["007", "10", "7"] * 8})
    silos = load_silos(configure(path, label="y", silo="site"))
    assert silos.names == ("site 007", "site 7", "site 10")
    assert json.loads(silos.contract)["silos"] == ["007", "7", "10"]


def test_what_is_stored_is_what_is_made(path):
    config = configure(path).data
    made, stored, anew = read_dataset(config), read_dataset(config), reload_dataset(config)
    for other in (stored, anew):
        assert other.fingerprint == made.fingerprint
        assert other.contract == made.contract
        assert other.notes == made.notes
        assert other.train.inputs.equal(made.train.inputs)
        assert other.test_silos.equal(made.test_silos)


def test_a_changed_file_is_read_anew(path):
    before = load_silos(configure(path)).origin
    write_csv(path, patients(seed=1))
    after = read_dataset(configure(path).data)
    assert after.fingerprint != before.data


@pytest.mark.parametrize("key", ["features", "ignore", "test_fraction"])
def test_keys_of_a_table_count_through_its_data(path, key):
    value = {"features": "age,sex", "ignore": "sex", "test_fraction": 0.4}[key]
    assert load_silos(configure(path, **{key: value})).origin != load_silos(configure(path)).origin


def test_a_table_without_a_silo_column_is_dealt_as_other_data_are(path):
    silos = load_silos(configure(path, silo="", excluded_classes="", num_silos=4))
    assert len(silos) == 4
    assert silos.names == ()
    with pytest.raises(
        ConfigError, match=r"silo: no column is said to name the silos\. Set --silo"
    ):
        configure(path, silo="")
    assert len(load_silos(configure(path, silo="", excluded_classes="dead - alive"))) == 3


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"num_silos": 5}, "num-silos: 5, but the data name 3 silos"),
        ({"num_silos": 1, "excluded_classes": ""}, "num-silos: 1, but the data name"),
        (
            {"excluded_classes": "dead - -"},
            "excluded-classes: has no effect where the data name the silos",
        ),
        ({"num_silos": 3, "silo": "blood"}, "num-silos: 3, but the data name 2 silos"),
        ({"features": '"a'}, "features: write names as age,weight"),
        ({"test_fraction": 1.0}, "test-fraction: "),
    ],
)
def test_keys_that_contradict_the_column_are_refused(path, keys, message):
    with pytest.raises(ConfigError, match=message):
        configure(path, **keys)


def test_a_configuration_that_was_not_settled_is_refused(path):
    write_csv(path, patients() | {"hospital": ["a", "b"] * 60})
    config = ExperimentConfig(data=configure(path).data)
    with pytest.raises(PartitionError, match="num-silos = 3, but the data name 2 silos: a, b"):
        load_silos(config)


def test_a_table_without_a_label_is_refused(path):
    with pytest.raises(DataError, match=r"label: no column of .*patients\.csv .* Set --label"):
        configure(path, label="")


def test_flowers_run_config_states_all_keys_and_is_settled_too(path):
    named = {"dataset": str(path), "label": "outcome", "silo": "blood"}
    config, _, _ = config_from_run_config(ExperimentConfig().to_flat() | named)
    assert config.partition.num_silos == 2  # 3 is what a run config states of itself
    assert config.train == ExperimentConfig().train
    assert config.budget == ExperimentConfig().budget


def test_a_table_has_defaults_of_its_own_in_all_seeds_the_same(path):
    config, built_in = configure(path), ExperimentConfig()
    assert config.train != built_in.train
    assert config.budget.epochs > built_in.budget.epochs
    assert config.train == configure(path, seed=9).train
    dealt = configure(path, silo="", partition="iid", num_silos=4)
    assert (
        dealt.budget.local_epochs
        == with_defaults(built_in, [24] * 4, is_table=True).budget.local_epochs
    )


def test_pictures_keep_the_built_in_defaults(tiny):
    assert settle(tiny()) == tiny()
    assert settle(ExperimentConfig()) == ExperimentConfig()


def test_a_program_that_gives_a_configuration_gets_the_same(path, tmp_path):
    data = DataConfig(dataset=str(path), label="outcome", silo="hospital")
    found = api.partition(ExperimentConfig(name="ours", data=data), tmp_path / "results")
    wanted = configure(path, name="ours")
    assert read_settings(found.folder / "config.toml").keys() == set(KEYS)
    assert api.configure(file=found.folder / "config.toml") == wanted


def test_a_stored_configuration_is_read_back(path):
    config = configure(path)
    again = api.configure(config.to_flat())
    assert again == config


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("patients.csv", "csv", "patients.csv"),
        ("a b/P.TSV", "csv", "a b/P.TSV"),
        ("p.csv.gz", "csv", "p.csv.gz"),
        ("p.parquet", "parquet", "p.parquet"),
        ("csv:p.data", "csv", "p.data"),
        ("mnist", "mnist", None),
        ("hub:me/x.csv", "hub", "me/x.csv"),
    ],
)
def test_a_path_that_ends_as_a_table_does_is_one(text, kind, place):
    assert DatasetName.parse(text) == DatasetName(kind, place)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("/data/patients.csv", "patients"),
        ("csv:my patients (2).csv.gz", "my-patients-2"),
        ("東京.csv", "data"),
        ("con.csv", "data"),
        ("mnist", "mnist"),
        ("hub:me/flowers", "flowers"),
    ],
)
def test_an_experiment_is_called_as_its_file(dataset, name):
    assert experiment_name(dataset) == name
