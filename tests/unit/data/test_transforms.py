"""What transforms do to a silo's examples, to nobody else's, and alike wherever they are done."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch

from fedcompare import api
from fedcompare.config.choices import Choice
from fedcompare.data.silos import load_silos
from fedcompare.data.transforms.catalog import CATALOG, list_transforms, misfit
from fedcompare.data.transforms.seen import Column, Seen
from fedcompare.errors import ConfigError
from fedcompare.execution.partition import export_plan
from fedcompare.execution.plan import check_choices
from fedcompare.names import POOLED
from made_up_tables import patients, write_csv

ALL = "rotation(degrees=30) + blur(deviation=0.5) + contrast(factor=2) + noise(deviation=0.1)"
SKEWED = f"; {ALL}; label-noise(share=0.25) + noise(deviation=0.3)"


@pytest.fixture(scope="module")
def plain(tiny):
    return load_silos(tiny())


@pytest.fixture(scope="module")
def skewed(tiny):
    return load_silos(tiny(transforms=SKEWED))


def changed(before, after):
    """Return which rows have other inputs."""
    return (before.inputs != after.inputs).flatten(1).any(dim=1)


def seen(inputs, columns=None, seed=0):
    return Seen(
        inputs=np.asarray(inputs, dtype=np.float32),
        columns=columns or {},
        generator=np.random.default_rng(seed),
    )


def apply(name, inputs, table=None, **arguments):
    return CATALOG[name].transform(seen(inputs, table), **arguments)


# Whose examples are changed.


def test_a_silo_sees_its_own_training_and_test_examples_changed_and_others_do_not(plain, skewed):
    for split in ("train", "test"):
        assert not changed(getattr(plain[1], split), getattr(skewed[1], split)).any()
        for silo in (2, 3):
            assert changed(getattr(plain[silo], split), getattr(skewed[silo], split)).all()


def test_pooled_data_and_the_whole_test_split_are_what_silos_see(plain, skewed):
    pooled, test = skewed[POOLED], skewed.test
    for split in ("train", "test"):
        parts = [getattr(silo, split) for silo in skewed]
        for field in ("inputs", "labels", "ids"):
            whole = torch.cat([getattr(part, field) for part in parts])
            assert torch.equal(getattr(getattr(pooled, split), field), whole)
    for silo in skewed:
        assert torch.equal(test.inputs[silo.test.ids], silo.test.inputs)
    nobodys = torch.ones(len(test), dtype=torch.bool)
    nobodys[pooled.test.ids] = False
    assert nobodys.any()
    assert not changed(plain.test, test)[nobodys].any()
    assert torch.equal(plain.test.ids, test.ids)


def test_the_data_themselves_stay_as_they_are(plain, skewed):
    before = plain.dataset.test.inputs.clone()
    assert skewed.test.inputs is not plain.dataset.test.inputs
    assert torch.equal(plain.dataset.test.inputs, before)
    assert not changed(plain.dataset.train, skewed.dataset.train).any()


def test_labels_are_wrong_at_the_rate_asked_for_in_training_alone(plain, skewed):
    wrong = plain[3].train.labels != skewed[3].train.labels
    assert int(wrong.sum()) == round(0.25 * len(wrong))
    assert torch.equal(plain[3].test.labels, skewed[3].test.labels)
    assert torch.equal(plain.test.labels, skewed.test.labels)
    for silo in (1, 2):
        assert torch.equal(plain[silo].train.labels, skewed[silo].train.labels)
    assert torch.equal(skewed.pooled.train.labels[-len(wrong) :], skewed[3].train.labels)


def test_counts_are_those_of_the_labels_that_silos_train_on(plain, skewed):
    assert skewed.label_counts == tuple(silo.label_counts(10) for silo in skewed)
    assert skewed.label_counts[2] != plain.label_counts[2]
    assert plain.lacking[2] == (4, 6, 9)
    assert skewed.lacking[2] == ()


def test_wrong_labels_are_of_all_other_classes_alike():
    labels = np.repeat(np.arange(4), 3000)
    noisy = CATALOG["label-noise"].transform(labels, 4, np.random.default_rng(1), share=1)
    counts = np.histogram2d(labels, noisy, bins=4)[0]
    assert np.diag(counts).tolist() == [0] * 4
    np.testing.assert_allclose(counts[~np.eye(4, dtype=bool)], 1000, atol=100)


# The same wherever it is done, and something else where something else is asked for.


def test_no_transforms_are_what_was_there_before_there_were_any(tiny, plain):
    for value in ("", "; ;", ["", "", ""]):
        silos = load_silos(tiny(transforms=value))
        assert silos.dataset is plain.dataset
        assert silos.test is plain.dataset.test
        assert silos.origin == plain.origin
        assert silos.notes == plain.notes
    assert plain.origin.partition == plain.plan.fingerprint


def test_the_identity_follows_what_is_done_to_whom(tiny, plain):
    values = [
        "; blur(deviation=1); ",
        "; ; blur(deviation=1)",
        "; blur(deviation=2); ",
        "; blur(deviation=1) + noise(deviation=1); ",
        "; noise(deviation=1) + blur(deviation=1); ",
    ]
    origins = [load_silos(tiny(transforms=value)).origin for value in values]
    assert {origin.data for origin in origins} == {plain.origin.data}
    assert len({plain.origin.partition, *(origin.partition for origin in origins)}) == 6


def test_silos_may_be_named_or_listed_in_their_order(tiny):
    first, second = (
        load_silos(tiny(transforms=value))
        for value in ("; noise(deviation=1); ", "silo 2: noise(deviation=1)")
    )
    assert first.origin == second.origin
    assert torch.equal(first[2].train.inputs, second[2].train.inputs)


def test_draws_follow_seed_silo_place_and_split_and_nothing_else(tiny):
    config = tiny(num_silos=2, excluded_classes="", transforms=["noise(deviation=0.1)"] * 2)
    one, plain = load_silos(config), load_silos(tiny(num_silos=2, excluded_classes=""))
    two = load_silos(config.with_seed(config.seed + 1))
    drawn = [
        after.inputs[:50] - before.inputs[:50]
        for after, before in (
            (one[1].train, plain[1].train),
            (one[2].train, plain[2].train),
            (one[1].test, plain[1].test),
            (two[1].train, load_silos(tiny(num_silos=2, excluded_classes="", seed=6))[1].train),
        )
    ]
    for index, first in enumerate(drawn):
        assert all(not torch.allclose(first, other, atol=0.01) for other in drawn[index + 1 :])
    again = load_silos(config.with_seed(config.seed))
    assert torch.equal(again[2].train.inputs, one[2].train.inputs)


def test_a_process_of_its_own_sees_the_same(tiny, skewed):
    code = (
        "import sys, hashlib; from fedcompare.config.parsing import config_from_json;"
        "from fedcompare.data.silos import load_silos; import torch; torch.set_num_threads(3);"
        "silos = load_silos(config_from_json(sys.argv[1]));"
        "own = [silos[2].train.inputs, silos[3].train.labels, silos.test.inputs];"
        "print(*[hashlib.sha256(one.numpy().tobytes()).hexdigest() for one in own])"
    )
    config = tiny(transforms=SKEWED).to_json()
    found = subprocess.run(
        [sys.executable, "-c", code, config], check=True, capture_output=True, text=True
    )
    own = [skewed[2].train.inputs, skewed[3].train.labels, skewed.test.inputs]
    digests = [hashlib.sha256(one.numpy().tobytes()).hexdigest() for one in own]
    assert found.stdout.split() == digests


def test_a_plan_that_was_exported_is_of_rows_alone(tiny, tmp_path, skewed):
    path = tmp_path / "plan.json"
    export_plan(path, tiny(transforms=SKEWED), skewed)
    again = load_silos(tiny(partition=f"plan:{path}", excluded_classes="", transforms=SKEWED))
    assert again.origin == skewed.origin
    assert torch.equal(again[3].train.labels, skewed[3].train.labels)


def test_what_was_done_is_told_once_for_each_chain(tiny, plain, skewed):
    told = skewed.notes[len(plain.notes) :]
    wrong = round(0.25 * len(plain[3].train))
    assert told == (
        f"Transformed for silo 2: {ALL}, training and test examples alike.",
        "Transformed for silo 3: label-noise(share=0.25) + noise(deviation=0.3), training and test "
        "examples alike.",
        f"Label noise gives {wrong} training examples of silo 3 another class; test labels stay "
        "true.",
    )
    alike = load_silos(tiny(transforms="blur(deviation=1);;blur(deviation=1)")).notes
    assert alike[len(plain.notes) :] == (
        "Transformed for silos 1, 3: blur(deviation=1), training and test examples alike.",
    )


# What each does.


def test_pictures_turn_counter_clockwise_and_keep_their_range():
    picture = np.full((1, 2, 5, 5), -1, dtype=np.float32)
    picture[0, :, 2, 4] = 1  # on the right
    turned = apply("rotation", picture, degrees=90)
    assert turned.dtype == np.float32
    np.testing.assert_allclose(turned, np.rot90(picture, axes=(2, 3)), atol=1e-6)
    assert turned[0, 0, 0, 2] == pytest.approx(1)  # on top
    np.testing.assert_allclose(apply("rotation", picture, degrees=360), picture, atol=1e-6)


def test_a_rotation_brings_in_black():
    corner = apply("rotation", np.ones((1, 1, 9, 9)), degrees=45)[0, 0]
    assert corner[0, 0] == corner[8, 8] == -1
    assert corner[4, 4] == 1


def test_a_blur_spreads_within_a_picture_and_a_channel():
    pictures = np.full((2, 2, 7, 7), -1, dtype=np.float32)
    pictures[0, 1, 3, 3] = 1
    blurred = apply("blur", pictures, deviation=0.8)
    assert blurred.dtype == np.float32
    assert -1 < blurred[0, 1, 3, 4] < blurred[0, 1, 3, 3] < 1
    np.testing.assert_allclose(blurred[1], -1, rtol=1e-6)
    np.testing.assert_allclose(blurred[0, 0], -1, rtol=1e-6)


def test_contrast_keeps_the_mean_and_moves_pixels_from_it():
    picture = np.array([[[[0.0, 0.2], [-0.2, 0.4]]]], dtype=np.float32)
    np.testing.assert_allclose(
        apply("contrast", picture, factor=2), [[[[-0.1, 0.3], [-0.5, 0.7]]]], atol=1e-6
    )
    assert apply("contrast", picture, factor=0.5).mean() == pytest.approx(0.1)
    assert np.unique(apply("contrast", picture, factor=1e5)).tolist() == [-1, 1]


@pytest.mark.parametrize("chain", [ALL, "noise(deviation=5)", "contrast(factor=50)"])
def test_pixels_stay_between_black_and_white(tiny, chain):
    silo = load_silos(tiny(transforms=f"silo 1: {chain}"))[1]
    for inputs in (silo.train.inputs, silo.test.inputs):
        assert inputs.dtype == torch.float32
        assert -1 <= inputs.min() < inputs.max() <= 1


def test_noise_has_the_deviation_asked_for():
    noisy = apply("noise", np.zeros((50, 1, 40, 40)), deviation=0.1)
    assert noisy.std() == pytest.approx(0.1, rel=0.02)
    assert noisy.mean() == pytest.approx(0, abs=0.002)


COLUMNS = {"age": Column(0, None), "weight": Column(2, 3)}
ROWS = [[1, 1, 0.5, 0], [2, 0, 0, 1], [-1, 1, -0.5, 0]]  # the second one's weight is missing


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("shift", {"by": 2}, [[3, 1, 2.5, 0], [4, 0, 0, 1], [1, 1, 1.5, 0]]),
        ("shift", {"by": 2, "columns": ("weight",)}, [[1, 1, 2.5, 0], ROWS[1], [-1, 1, 1.5, 0]]),
        ("scale", {"by": 2}, [[2, 1, 1, 0], [4, 0, 0, 1], [-2, 1, -1, 0]]),
        ("scale", {"by": 2, "columns": ("age",)}, [[2, 1, 0.5, 0], [4, 0, 0, 1], [-2, 1, -0.5, 0]]),
    ],
)
def test_numbers_that_are_there_are_moved_and_nothing_else(name, arguments, expected):
    np.testing.assert_allclose(apply(name, ROWS, COLUMNS, **arguments), expected)


def test_noise_on_a_table_is_on_numbers_that_are_there():
    moved = apply("noise", ROWS, COLUMNS, deviation=3) != np.array(ROWS, dtype=np.float32)
    assert moved.tolist() == [[1, 0, 1, 0], [1, 0, 0, 0], [1, 0, 1, 0]]


def test_every_transform_is_listed_with_arguments_and_a_sentence():
    rows = {row.name: row for row in list_transforms()}
    assert rows.keys() == CATALOG.keys()
    assert rows["shift"].arguments == "by, columns=[]"
    assert rows["label-noise"].arguments == "share"
    assert all(". For " in row.line for row in rows.values())


# On tables whose silos have names.


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    columns = patients() | {"ward": ["a", "b", "c"] * 40}
    columns["age"][::9] = [""] * 14
    return write_csv(tmp_path_factory.mktemp("table") / "patients.csv", columns)


def configure(table, transforms):
    return api.configure(
        {
            "dataset": str(table),
            "label": "outcome",
            "silo": "hospital",
            "transforms": transforms,
        }
    )


def test_a_table_is_moved_by_the_names_of_silos_and_columns(table):
    plain = load_silos(configure(table, ""))
    both = 'Torgersen: shift(by=2, columns=["marker"]); 東京: scale(by=3)'
    silos = load_silos(configure(table, both))
    moved = {
        silo.name: (silo.train.inputs != plain[silo.id].train.inputs).any(dim=0).nonzero().flatten()
        for silo in silos
    }
    # The inputs: age, where it is missing, marker, sex, and the wards.
    expected = {"site 7": [], "Torgersen": [2], "東京": [0, 2]}
    assert {name: places.tolist() for name, places in moved.items()} == expected
    assert silos.measured_skew != plain.measured_skew  # of what silos see
    assert silos.contract == plain.contract
    assert silos.origin != plain.origin
    assert "Transformed for Torgersen: shift(by=2, columns=['marker'])" in " ".join(silos.notes)


def test_inspect_shows_what_silos_will_see(table):
    found = api.inspect(configure(table, 'Torgersen: shift(by=3, columns=["marker"])'))
    assert any(note.startswith("Transformed for Torgersen: shift(by=3") for note in found.notes)
    markers = [own for own in found.skew.features if own.subject == "marker"]
    assert [(own.silo, own.value > 2) for own in markers] == [(2, True)]


# What cannot be done.


def refusal(config):
    with pytest.raises(ConfigError) as caught:
        load_silos(config)
    return str(caught.value)


@pytest.mark.parametrize(
    ("transforms", "problem"),
    [
        (["rotatoin(degrees=3)", "", ""], "unknown transform 'rotatoin'; did you mean rotation"),
        ("silo 1: rotation", "rotation needs an argument degrees"),
        ("silo 1: rotation(degree=3)", "rotation has no argument degree; did you mean degrees"),
        ("silo 1: rotation(degrees='3')", "degrees should be a valid number"),
        ("silo 1: noise(deviation=0)", "deviation should be greater than 0"),
        ("silo 1: label-noise(share=1.5)", "share should be less than or equal to 1"),
        ("silo 1: label-noise(share=0.5, labels=3)", "label-noise has no argument labels"),
    ],
)
def test_a_wrong_transform_is_refused_before_any_work(tiny, transforms, problem):
    config = tiny(dataset="idx:/nowhere", transforms=transforms)
    assert problem in refusal(config)
    with pytest.raises(ConfigError, match="transforms: "):
        check_choices(config)


@pytest.mark.parametrize(
    ("transforms", "problem"),
    [
        (["", "blur(deviation=1)"], "2 entries, but num-silos = 3; write one for each silo"),
        (
            "silo 4: blur(deviation=1)",
            'there is no silo "silo 4"; there are silo 1, silo 2, silo 3',
        ),
        (
            "silo 1: shift(by=1)",
            "shift is for numbers of a table, and these data are pictures; for them there are "
            "rotation, blur, contrast, noise, and label-noise",
        ),
    ],
)
def test_what_does_not_fit_pictures_is_refused_with_what_does(tiny, transforms, problem):
    assert problem.replace('"', "") in refusal(tiny(transforms=transforms))


@pytest.mark.parametrize(
    ("transforms", "problem"),
    [
        (
            "Torgersen: rotation(degrees=9)",
            "for them there are noise, shift, scale, and label-nois",
        ),
        ("torgersen: shift(by=1)", "there is no silo torgersen; there are site 7, Torgersen, 東京"),
        (
            'Torgersen: shift(by=1, columns=["sex", "agee", "age"])',
            "shift: sex, agee is no numeric column to learn from; those are age, marker",
        ),
        (["shift(by=1)"], "1 entry, but num-silos = 3"),
    ],
)
def test_what_does_not_fit_a_table_is_refused_with_what_does(table, transforms, problem):
    assert problem in refusal(configure(table, transforms))


def test_labels_that_are_numbers_or_of_one_class_have_no_label_noise():
    noise = Choice("label-noise", (("share", 0.2),))
    assert misfit(noise, {}, 0) == "label-noise gives another class, and labels are numbers"
    assert misfit(noise, None, 1) == "label-noise gives another class, and there is only one"
    assert misfit(noise, {}, 2) == misfit(noise, None, 2) == ""


def test_a_table_without_numbers_has_none_to_move(tmp_path):
    columns = {key: patients()[key] for key in ("hospital", "sex", "outcome")}
    path = write_csv(tmp_path / "table.csv", columns)
    assert "no column of the table is numeric" in refusal(configure(path, "東京: scale(by=2)"))
