"""What is found out of columns and rows: all that libraries do silently with people's files."""

import numpy as np
import pytest

from fedcompare.data.tables.contract import Kind
from fedcompare.data.tables.encoding import encode
from fedcompare.errors import DataError
from made_up_tables import patients, rows, study_columns, study_of, write_csv


def feature(found, name):
    return next(one for one in found.contract.features if one.name == name)


def said(found):
    return "\n".join(found.notes)


def repeated(values, count=24):
    return [values[index % len(values)] for index in range(count)]


# Silos and labels are names, whatever they look like.


def test_a_site_or_class_named_na_is_one(tmp_path):
    names = ["NA", "None", "nan"]
    found = study_columns(tmp_path, {"site": repeated(names), "y": ["N/A"] * 12 + ["null"] * 12})
    assert found.contract.silos == ("NA", "nan", "None")
    assert found.contract.classes == ("N/A", "null")
    assert len(found.train) + len(found.test) == 24


def test_sites_keep_their_leading_zeros_and_are_sorted_as_numbers(tmp_path):
    found = study_columns(tmp_path, {"site": repeated(["10", "007", "7", "2"])})
    assert found.contract.silos == ("2", "007", "7", "10")


def test_blanks_around_names_are_none_and_capitals_are_told(tmp_path):
    found = study_columns(tmp_path, {"site": repeated(["North ", " North", "north", "North"])})
    assert found.contract.silos == ("North", "north")
    assert "site: North, north differ by capital letters alone" in said(found)


def test_rows_without_label_or_silo_are_counted_and_left_out(tmp_path):
    columns = {"y": ["", *(["a", "b"] * 12)][:24], "site": [*(["p", "q"] * 12)[:23], " "]}
    found = study_columns(tmp_path, columns)
    assert "1 row without y, first row 2: left out." in said(found)
    assert "1 row without site, first row 25: left out." in said(found)
    assert len(found.train) + len(found.test) == 22


@pytest.mark.parametrize(
    "values", [["0.0", "1.0"], ["0", "1"], ["0", "1.0", "0.00", "1"], ["0", "1", ""]]
)
def test_a_label_that_gaps_made_a_float_has_classes_without_decimals(tmp_path, values):
    assert study_columns(tmp_path, {"y": repeated(values)}).contract.classes == ("0", "1")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([f"p{x}" for x in range(120)], r"classes for 120 rows, such as p0, .* are names"),
        (["a"] * 24, r"all training rows are of one class, a"),
    ],
)
def test_a_label_that_is_no_class_is_refused_in_words(tmp_path, values, message):
    with pytest.raises(DataError, match=message):
        study_columns(tmp_path, {"y": values, "x": list(range(5, 5 + len(values)))})


def test_one_silo_alone_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"silo = 'site'.*of one silo, north"):
        study_columns(tmp_path, {"site": ["north"] * 24})


# Each column is what its training rows say.


def test_words_without_a_value_are_missing_numbers_and_are_listed(tmp_path):
    found = study_columns(tmp_path, {"v": repeated(["1", "?", "2.5", "-", ".", "NA", "", "3"])})
    assert feature(found, "v").kind is Kind.NUMBER
    assert feature(found, "v").gaps
    for word in ("?", "-", ".", "NA"):
        assert f"'{word}' (" in said(found)


def test_identifiers_beyond_what_numbers_hold_are_text_and_left_out(tmp_path):
    ids = [9007199254740992 + index for index in range(23)] + [""]
    found = study_columns(tmp_path, {"number": ids})
    assert found.contract.left_out["number"] == "an identifier: another value in each row"


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("code", [f"A{index}" for index in range(24)], "an identifier: another value"),
        ("patient_id", list(range(100, 172, 3)), "an identifier: another whole number"),
        ("subject", list(range(48)), "an identifier: whole numbers nearly one after"),
        ("fixed", ["same"] * 24, "constant: every training row has 'same'"),
        ("empty", [""] * 24, "no training row has a value"),
        ("gone", ["NA", "?"] * 12, "no training row has a value"),
        ("report", [f"the patient was seen {index}" for index in range(24)], "free text"),
        ("many", [f"c{index}" for index in repeated(range(150), 600)], "more than 100 categories"),
    ],
)
def test_what_cannot_be_learnt_from_is_left_out_with_the_reason(tmp_path, name, values, reason):
    found = study_columns(tmp_path, {name: values, "x": np.sqrt(range(len(values))).tolist()})
    assert reason in found.contract.left_out[name]


def test_a_measurement_that_differs_in_each_row_is_no_identifier(tmp_path):
    values = [index + 0.5 for index in range(24)]
    assert feature(study_columns(tmp_path, {"weight": values}), "weight").kind is Kind.NUMBER


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["1,234", "12,000", "7"], [1234, 12000, 7]),
        (["12 %", "7%", "1.5 %"], [12, 7, 1.5]),
        (["\u22125", "3", "4"], [-5, 3, 4]),
        (["1\u00a0234", "1\u202f500.5", "7"], [1234, 1500.5, 7]),
        ([" 1", "2 ", "+3e2"], [1, 2, 300]),
        (["1,5", "2,25", "1.234,5"], [1.5, 2.25, 1234.5]),
    ],
)
def test_numbers_are_read_as_people_write_them(tmp_path, values, numbers):
    columns = rows() | {"v": repeated(values)}
    found = study_of(write_csv(tmp_path / "t.csv", columns, separator=";"), features="v")
    own = feature(found, "v")
    inputs = encode(found.contract, found.train.table, np.arange(3))[:, 0]
    np.testing.assert_allclose(inputs * own.deviation + own.mean, numbers, rtol=1e-5)


def test_the_decimal_sign_of_a_file_follows_from_the_columns_that_show_it(tmp_path):
    columns = rows() | {"v": repeated(["1.234", "2.000"]), "w": repeated(["1,5", "2,25", "3,1"])}
    found = study_of(write_csv(tmp_path / "t.csv", columns, separator=";"))
    assert feature(found, "v").mean > 1000
    assert "w: read with decimal commas." in said(found)


def test_one_word_among_numbers_is_missing_and_named_with_its_row(tmp_path):
    columns = {"v": [f"{index}.5" for index in range(60)], "part": ["train"] * 48 + ["test"] * 12}
    columns["v"][40] = "unknown"
    found = study_columns(tmp_path, columns, split_column="part")
    assert "v: 1 of 48 values are no numbers, first 'unknown' in row 42" in said(found)
    assert feature(found, "v").kind is Kind.NUMBER
    columns["v"][50] = "lost"
    found = study_columns(tmp_path, columns, split_column="part")
    assert "v: 1 test row holds what training rows do not (first 'lost' in row 52)" in said(found)


def test_a_column_of_numbers_and_words_is_text_and_told_with_a_row(tmp_path):
    found = study_columns(tmp_path, {"v": repeated(["1", "2", "3", "low"])})
    assert feature(found, "v").categories == ("1", "2", "3", "low")
    row = next(index for index in found.train.numbers if index % 4 == 3) + 2
    assert f"v: numbers and text ('low' in row {row}), so text" in said(found)


def test_words_in_many_rows_are_categories(tmp_path):
    found = study_columns(tmp_path, {"v": repeated([f"c{index}" for index in range(9)], 6000)})
    assert len(feature(found, "v").categories) == 9
    mixed = [*range(2000), *(f"c{index}" for index in range(2000))]
    found = study_columns(tmp_path, {"v": mixed, "x": np.sqrt(range(4000)).tolist()})
    assert "v" in found.contract.left_out


def test_digits_with_leading_zeros_are_categories(tmp_path):
    found = study_columns(tmp_path, {"zone": repeated(["007", "7", "010"])})
    assert feature(found, "zone").categories == ("007", "7", "010")


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e400"])
def test_an_infinite_number_is_missing_and_told(tmp_path, value):
    values = [index + 0.5 for index in range(96)]
    values[::6] = [value] * 16
    found = study_columns(tmp_path, {"v": values})
    assert np.isfinite([feature(found, "v").mean, feature(found, "v").deviation]).all()
    assert "values are infinite, and counted as missing" in said(found)
    inputs = encode(found.contract, found.train.table, found.train.numbers)
    assert np.isfinite(inputs).all()


@pytest.mark.parametrize("value", [999, -9, 9999, -99])
def test_a_number_that_may_stand_for_a_missing_one_is_told_and_kept(tmp_path, value):
    values = repeated([1.5, 2.5, 3, 4, value])
    found = study_columns(tmp_path, {"v": values})
    shown = str(value).replace("-", "−")
    assert f"v: {shown} lies far from all other values" in said(found)
    assert not feature(found, "v").gaps


@pytest.mark.parametrize(
    "values",
    [["yes", "no"], ["Yes", "NO", ""], ["True", "False", "TRUE"], ["true", "false", "NA"], ["Y"]],
)
def test_yes_and_no_are_one_input_of_ones_and_zeros(tmp_path, values):
    found = study_columns(tmp_path, {"v": repeated([*values, "n"] if values == ["Y"] else values)})
    own = feature(found, "v")
    assert own.kind is Kind.YES_NO
    assert own.width == 1 + own.gaps
    assert own.categories[0] in ("yes", "true", "y")


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2020-01-02", "2020-12-31"], "year-month-day"),
        (["2020-01-02 12:30", "2020-12-31T07:00:01.5"], "year-month-day"),
        (["31.12.2020", "1.2.2021"], "day.month.year"),
        (["12/31/2020", "1/2/2021"], "month/day/year"),
        (["31/12/2020", "01/02/2021"], "day/month/year"),
    ],
)
def test_days_of_one_form_become_numbers(tmp_path, values, form):
    own = feature(study_columns(tmp_path, {"v": repeated(values)}), "v")
    assert (own.kind, own.form) == (Kind.DAY, form)
    assert 18000 < own.mean < 19000


def test_days_in_either_order_and_in_several_forms_are_told(tmp_path):
    either = study_columns(tmp_path, {"v": repeated(["01/02/2020", "03/04/2020"])})
    assert "v: day and month may stand in either order; read as day/month/year" in said(either)
    mixed = study_columns(tmp_path, {"v": repeated(["2020-01-02", "01/02/2020"])})
    assert feature(mixed, "v").kind is Kind.CATEGORY
    assert "v: days in several forms, so text" in said(mixed)


def test_missing_categories_are_a_category_and_capitals_are_told(tmp_path):
    found = study_columns(tmp_path, {"v": repeated(["Red", "red", "", "blue"])})
    own = feature(found, "v")
    assert own.categories == ("blue", "Red", "red")
    assert own.width == 4
    assert "v: Red, red differ by capital letters alone" in said(found)


# Leaks are told, and left in.


def test_a_column_that_tells_the_label_or_the_silo_is_suspected(tmp_path):
    columns = patients(240)
    columns["diagnosis"] = [f"D{outcome == 'dead'}" for outcome in columns["outcome"]]
    columns["score"] = [3.0 + (outcome == "dead") for outcome in columns["outcome"]]
    columns["branch"] = [f"{site}!" for site in columns["hospital"]]
    path = write_csv(tmp_path / "t.csv", columns)
    found = study_of(path, label="outcome", silo="hospital")
    told = [note for note in found.notes if " alone tells " in note]
    assert [note.split()[0] for note in told] == ["diagnosis", "score", "branch"]
    assert "branch alone tells hospital of 100 % of the training rows" in told[2]
    assert feature(found, "diagnosis").kind is Kind.CATEGORY


# Columns have one role, and keys name columns that there are.


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"label": "Y"}, r"label = 'Y': .*table\.csv has no such column; "),
        ({"silo": "hospital"}, r"silo = 'hospital': .*no such column"),
        ({"silo": "y"}, r"label and silo both name 'y'"),
        ({"features": "x,y"}, r"features lists y, which label, silo"),
        ({"features": "weight"}, r"features = 'weight': .*no such column"),
        ({"ignore": "weight"}, r"ignore = 'weight': .*no such column"),
        ({"ignore": "x"}, r"no column left to learn from"),
        ({"split_column": "part", "test_data": "other.csv"}, r"Choose one"),
    ],
)
def test_keys_that_do_not_fit_the_columns_are_refused(tmp_path, keys, message):
    with pytest.raises(DataError, match=message):
        study_columns(tmp_path, {"part": ["train"] * 24} if "split_column" in keys else {}, **keys)


def test_features_and_ignore_choose_columns(tmp_path):
    columns = {"v": repeated([1, 2, 5]), "w": repeated([2, 5, 1]), 'a "b", c': repeated([1, 9])}
    chosen = study_columns(tmp_path, columns, ignore="v, w")
    assert [one.name for one in chosen.contract.features] == ["x", 'a "b", c']
    assert chosen.contract.left_out["v"] == "as asked for"
    only = study_columns(tmp_path, columns, features="w")
    assert [one.name for one in only.contract.features] == ["w"]


def test_a_column_that_is_asked_for_is_no_identifier(tmp_path):
    found = study_columns(tmp_path, {"room_id": list(range(48))}, features="room_id")
    assert feature(found, "room_id").kind is Kind.NUMBER


def test_numbers_that_are_names_are_categories_where_a_key_says_so(tmp_path):
    columns = rows(40) | {"ward": [10, 2, 10, 7] * 10, "zip": list(range(1000, 1040))}
    path = write_csv(tmp_path / "t.csv", columns)
    plain = study_of(path)
    assert {f.name: f.kind for f in plain.contract.features}["ward"] is Kind.NUMBER
    found = study_of(path, categories="ward,zip")
    (ward,) = (feature for feature in found.contract.features if feature.name == "ward")
    assert (ward.kind, ward.categories) == (Kind.CATEGORY, ("2", "7", "10"))
    assert found.contract.left_out["zip"] == "an identifier: another value in each row"


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ("wards", "categories = 'wards': .* has no such column"),
        ("site", "categories lists site, which models do not learn from"),
    ],
)
def test_categories_that_are_no_columns_to_learn_from_are_refused(tmp_path, categories, message):
    with pytest.raises(DataError, match=message):
        study_of(write_csv(tmp_path / "t.csv", rows()), categories=categories)
