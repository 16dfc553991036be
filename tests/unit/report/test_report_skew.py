"""How much silos differ, in words and as a table."""

from dataclasses import replace

import pytest

from fedcompare.report.silos import silos_section
from fedcompare.report.skew import (
    distance_cell,
    distance_note,
    sentences,
    size_sentence,
    skew_sentence,
    skew_sheet,
)
from fedcompare.statistics.skew import Distance, Measure, MeasuredSkew
from made_up_findings import findings

NAMES = ("North", "site 7", "<b>[red]|$x$")


def label(silo, value, *, is_chance=False):
    return Distance(
        subject="label",
        measure=Measure.JENSEN_SHANNON,
        silo=silo,
        value=value,
        is_chance=is_chance,
    )


def feature(subject, value, *, silo=1, measure=Measure.MEANS, is_chance=False):
    return Distance(subject=subject, measure=measure, silo=silo, value=value, is_chance=is_chance)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([50, 50, 50], "Silos are of similar sizes: 50 training examples each."),
        ([50, 60.5, 70], "Silos are of similar sizes: 50 to 70 training examples each."),
        (
            [40, 5000, 100],
            "Sizes differ 125-fold: 5,000 training examples in site 7, 40 in North.",
        ),
        ([10, 25, 25], "Sizes differ 2.5-fold: 25 training examples in site 7, 10 in North."),
    ],
)
def test_sizes_are_told_by_the_largest_and_the_smallest_silo(sizes, said):
    assert size_sentence(sizes, NAMES) == said


def test_labels_are_told_by_the_silo_furthest_out_and_by_the_median():
    skew = MeasuredSkew(labels=(label(1, 0.02), label(2, 0.3), label(3, 0.9, is_chance=True)))
    assert skew_sentence(skew, NAMES) == (
        "Labels differ clearly between silos: Jensen-Shannon distance 0.30 in site 7; in the "
        "median silo it is 0.30."
    )


def test_labels_that_are_numbers_lie_above_or_below():
    labels = tuple(feature("label", value, silo=silo) for silo, value in ((1, -1.5), (2, 0.7)))
    assert "North lies 1.50 deviations below the others" in skew_sentence(
        MeasuredSkew(labels=labels), NAMES
    )


def test_features_are_counted_by_level_and_the_three_furthest_named():
    skew = MeasuredSkew(
        features=(
            feature("age", 0.3),
            feature("bmi", 1.3),
            feature("ward", 0.41, silo=2, measure=Measure.HELLINGER),
            feature("bmi", 0.2, silo=3, measure=Measure.MISSING),
            feature("sex", 0.01, measure=Measure.HELLINGER),
            feature("noise", 3.0, is_chance=True),
        )
    )
    assert skew_sentence(skew, NAMES) == (
        "Between silos 2 of 5 features differ strongly, 1 somewhat: bmi (North lies 1.30 "
        "deviations above the others), ward (Hellinger distance 0.41 in site 7), bmi (Hellinger "
        "distance of missing values 0.20 in <b>[red]|$x$)."
    )
    sheet = skew_sheet(skew, NAMES)
    assert [row[0].text for row in sheet.rows] == ["bmi", "ward", "bmi", "age"]
    assert [row[2].text for row in sheet.rows] == ["+1.30", "0.41", "0.20", "+0.30"]


def test_chance_is_called_so_and_makes_no_table():
    skew = MeasuredSkew(
        labels=(label(1, 0.5, is_chance=True),), features=(feature("age", 2.0, is_chance=True),)
    )
    assert skew_sentence(skew, NAMES) == (
        "Labels differ no more between silos than chance gives. Features differ no more between "
        "silos than chance gives."
    )
    assert skew_sheet(skew, NAMES) is None
    assert distance_cell(skew.labels[0]).line == "0.50 (chance)"


def test_what_is_little_though_no_chance_is_called_little():
    skew = MeasuredSkew(labels=(label(1, 0.05),), features=(feature("age", 0.1),))
    assert "Labels differ little between silos" in skew_sentence(skew, NAMES)
    assert "Features differ little between silos, all 1 of them." in skew_sentence(skew, NAMES)


def test_a_single_silo_differs_from_nobody():
    assert list(sentences([50], MeasuredSkew(), ())) == []


def test_what_the_distance_of_labels_is_follows_from_the_labels():
    assert "Jensen-Shannon" in distance_note(MeasuredSkew(labels=(label(1, 0.5),)))
    numbers = MeasuredSkew(labels=(feature("label", 0.5),))
    assert "standardised difference of a silo's mean label" in distance_note(numbers)
    assert distance_note(MeasuredSkew()) == ""


def test_what_was_not_measured_is_not_told():
    assert skew_sentence(MeasuredSkew(), NAMES) == ""


def test_a_feature_of_another_silo_with_every_seed_names_none():
    skew = MeasuredSkew(
        features=(
            feature("x", 1.0, silo=None),
            feature("y", 0.5, silo=None, measure=Measure.MISSING),
        )
    )
    said = skew_sentence(skew, NAMES)
    assert "x (1.00 deviations apart)" in said
    assert "y (Hellinger distance of missing values 0.50)" in said
    assert [row[1].text for row in skew_sheet(skew, NAMES).rows] == ["–", "–"]


def test_many_classes_that_a_silo_lacks_are_counted_and_sizes_stand_before_all_classes():
    found = findings()
    names = tuple(f"class {index}" for index in range(40))
    facts = tuple(
        replace(one, label_counts=(9.0,) * 20 + (0.0,) * 20, unseen=names[20:])
        for one in found.silos
    )
    sheet = silos_section(replace(found, class_names=names, silos=facts)).blocks[1]
    assert sheet.columns[:5] == ("silo", "all", "%", "label distance", "class 0")
    assert [row[-1].text for row in sheet.rows] == ["20 of 40"] * 3
    assert [row[2].text for row in sheet.rows] == ["33.3"] * 3
