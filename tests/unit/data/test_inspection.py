"""What inspect finds: silos by the data or by a partition, whatever the data are."""

from pathlib import Path

import pytest

from fedcompare import api
from fedcompare.cli.options import read_config
from fedcompare.data.inspection.command import next_command
from fedcompare.errors import ConfigError
from fedcompare.statistics.skew import MeasuredSkew
from made_up_pictures import noise, write_class_folders, write_simple
from made_up_tables import patients, write_csv


def read(dataset: Path, **keys):
    """Return what is found before anything is settled, as the command line asks."""
    settings = [f"{key.replace('_', '-')}={value}" for key, value in keys.items()]
    return api.inspect(read_config(None, settings, data=str(dataset)))


@pytest.fixture
def pictures(tmp_path):
    return write_class_folders(
        tmp_path / "pictures",
        train=[noise(seed=seed, side=8, mode="RGB") for seed in range(40)],
        test=[noise(seed=seed, side=8, mode="RGB") for seed in range(40, 52)],
    )


def test_pictures_are_counted_and_dealt_as_they_would_be(pictures):
    found = read(pictures, num_silos=4, excluded_classes="")
    assert (found.noun, found.examples, found.train, found.test) == ("picture", 52, 40, 12)
    assert found.form == "8 x 8 pixels, 3 channels (colours)"
    assert found.classes == ("cat", "dog")
    assert [(silo.train, silo.test, sum(silo.by_class)) for silo in found.silos] == [
        (10, 3, 13)
    ] * 4
    assert len(found.skew.labels) == 4
    assert [one.subject for one in found.skew.features] == ["brightness", "contrast"]
    assert found.columns == ()


def test_silos_of_folders_have_their_names_and_what_is_theirs(tmp_path):
    for number, silo in enumerate(("North", "site 7")):
        write_simple(tmp_path / "scans" / silo, first_seed=100 * number)
    found = read(tmp_path / "scans")
    assert [silo.name for silo in found.silos] == ["North", "site 7"]
    assert [silo.train + silo.test for silo in found.silos] == [6, 6]
    assert found.has_silos


def test_a_partition_that_does_not_fit_is_told_and_the_rest_is_shown(pictures):
    found = read(pictures)
    assert not found.has_silos
    assert [(silo.name, silo.train, silo.by_class) for silo in found.silos] == [
        ("all pictures", 40, (26, 26))
    ]
    assert found.skew == MeasuredSkew()
    assert found.notes[-1].startswith("No silos can be made: excluded-classes: silo 1 excludes")


def test_equal_pictures_of_training_and_test_are_told(tmp_path):
    folder = write_class_folders(
        tmp_path / "pictures",
        train=[noise(seed=seed) for seed in range(8)],
        test=[noise(seed=seed) for seed in range(7, 11)],
    )
    notes = read(folder, excluded_classes="").notes
    assert "1 of 4 test pictures equal a training picture, pixel for pixel." in notes


def test_rows_without_a_silo_column_are_dealt_where_a_partition_is_asked_for(tmp_path):
    path = write_csv(tmp_path / "patients.csv", patients(200))
    found = read(path, label="outcome", partition="dirichlet(alpha=0.5)", num_silos=3)
    assert [silo.name for silo in found.silos] == ["silo 1", "silo 2", "silo 3"]
    assert sum(silo.train for silo in found.silos) == found.train
    assert sum(silo.test for silo in found.silos) == found.test
    assert len(found.skew.labels) == 3
    assert not [note for note in found.notes if "No column is said to be" in note]
    assert "--partition 'dirichlet(alpha=0.5)'" in found.command
    assert "--silo" not in found.command
    assert "excluded-classes" not in found.command


def test_a_partitioner_may_name_the_column_of_silos(tmp_path):
    path = write_csv(tmp_path / "patients.csv", patients(200))
    named = read(path, label="outcome", silo="hospital")
    found = read(path, label="outcome", partition="natural-id(partition_by='hospital')")
    assert found.silos == named.silos
    assert found.columns == named.columns
    assert [one.subject for one in found.skew.features] == ["age", "marker", "sex"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"partition": "iid"}, "partition: has no effect beside silo"),
        ({"num_silos": 7}, "num-silos: 7, but the data name 3 silos"),
    ],
)
def test_what_compare_would_refuse_is_refused(tmp_path, keys, message):
    path = write_csv(tmp_path / "patients.csv", patients(60))
    with pytest.raises(ConfigError, match=message):
        read(path, label="outcome", silo="hospital", **keys)


def test_without_a_label_silos_differ_in_features_alone(tmp_path):
    path = write_csv(tmp_path / "patients.csv", patients(200))
    found = read(path, silo="hospital")
    assert found.skew.labels == ()
    assert {one.subject for one in found.skew.features} == {"age", "marker", "sex", "outcome"}


def test_without_a_label_no_rows_are_dealt(tmp_path):
    path = write_csv(tmp_path / "patients.csv", patients(60))
    found = read(path, partition="iid")
    assert [silo.name for silo in found.silos] == ["all rows"]
    assert not found.has_silos


def test_a_partitioner_that_there_is_not_is_refused_before_data_are_read(tmp_path):
    with pytest.raises(ConfigError, match="did you mean dirichlet"):
        read(tmp_path / "missing.csv", partition="dirichlett")


@pytest.mark.parametrize(
    ("dataset", "typed"),
    [
        ("mnist", "mnist"),
        ("idx:/data/digits", "idx:/data/digits"),
        ("hub:owner/name", "hub:owner/name"),
        ("/data/a b.npz", "'/data/a b.npz'"),
        ("/data/scans/", "/data/scans/"),
    ],
)
def test_the_command_names_the_data_as_they_may_be_typed(dataset, typed):
    assert next_command(read_config(None, None, data=dataset)) == (
        f"fedcompare compare --data {typed}"
    )
