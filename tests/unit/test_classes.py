"""Names of classes: what is written can be read, whatever the names look like."""

import itertools
import random
import tomllib

import pytest

from fedcompare.classes import (
    class_list,
    distinct,
    find_labels,
    format_class_lists,
    join_names,
    known_classes,
    lacked_by_all,
    lacking,
    listed,
    names_at,
    parse_class_lists,
    split_names,
)
from fedcompare.config.parsing import Setting, config_from_json, parse_config
from fedcompare.findings.test_sets import ALL, of_classes, own, seen, unseen
from fedcompare.runs.manifest import format_config

NASTY = (
    *("1", "07", "-", "", " ", "all", "none", "seen:1", "own:2", "a,b", 'a "b"', "'", '""'),
    *(" a", "a ", "a b", "[1]", '[["x"]]', "[", "{}", "#", "=", "\\", "\\n", "\n", "\r\n", "\t"),
    *("\x00", "\x1b[31m", "\x7f", "\x85", "\u00a0", "\u2028", "Ödem (früh)", "糖尿病", "🙂", "1e3"),
)


def nasty_lists(seed):
    """Return up to four silos' lists of nasty names, each name once a silo."""
    draw = random.Random(seed)
    return tuple(
        tuple(draw.sample(NASTY, draw.choice((0, 1, 1, 2, 5)))) for _ in range(draw.randint(1, 4))
    )


LISTS = [nasty_lists(seed) for seed in range(300)] + [((name,),) for name in NASTY]


def test_lists_of_classes_come_back_from_their_text():
    for lists in LISTS:
        text = format_class_lists(lists)
        assert parse_class_lists(text) == lists
        assert text.isprintable()


def test_a_configuration_with_any_names_comes_back_from_every_form():
    for lists in LISTS:
        given = {"num-silos": len(lists), "excluded-classes": lists}
        config = parse_config({key: Setting(value, key) for key, value in given.items()})
        assert config.partition.excluded_classes == lists
        assert config_from_json(config.to_json()) == config
        read = tomllib.loads(format_config(config))
        assert parse_config({key: Setting(value, key) for key, value in read.items()}) == config
        assert type(read["excluded-classes"]) is str  # Flower's run config has only scalars


@pytest.mark.parametrize(
    "value",
    ["[[a b],[]]", '["a"]', '"a b" -', "a,,b", "[" * 100_000, [["a"], "b"], [[True]], {"a": 1}, 7],
)
def test_what_is_no_list_per_silo_says_how_to_write_it(value):
    with pytest.raises(ValueError, match=r"write names as \"cat,dog -\", or as \[\["):
        parse_class_lists(value)


@pytest.mark.parametrize("text", ["1,3,7 2,5,8 4,6,9", "cat,dog -", "- -", "", "07,Ödem - x:y"])
def test_simple_names_are_written_plainly(text):
    assert format_class_lists(parse_class_lists(text)) == text


# Of more silos than any comparison has.
KEYS = {ALL.key, *(make(silo).key for make in (own, seen, unseen) for silo in range(1, 1001))}


def test_a_list_of_names_comes_back_and_is_no_other_key():
    for names in (names for lists in LISTS for names in lists if names):
        text = join_names(names)
        assert split_names(text) == names
        assert text not in KEYS
        assert of_classes(range(len(names)), names).key == text


def test_different_lists_are_written_differently():
    lists = [["a,b", "c"], ["a", "b,c"], ["a", "b", "c"], ["a,b,c"], ['a"', "b"], ["a", '"b']]
    assert len({join_names(names) for names in lists}) == len(lists)
    assert listed(["a, b", "c"]) == '"a, b", c'
    assert listed(["a", "b", "c"], most=2) == "a, b and 1 more"
    assert listed(["a", "b"], most=2) == "a, b"


@pytest.mark.parametrize("text", ["", '"a', '"a"b', "a\nb"])
def test_what_is_no_list_of_names_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        split_names(text)


def test_blanks_after_a_comma_are_no_part_of_a_name():
    assert split_names('cat, dog, "a, b"') == ("cat", "dog", "a, b")


def test_classes_are_listed_by_name_in_the_datasets_order():
    assert class_list({7, 1, 3}, "0123456789") == "1,3,7"
    assert class_list((0, 1, 2), ("b", "a,c", "10")) == 'b,"a,c",10'


def test_a_name_is_found_by_itself_and_never_by_its_position():
    names = ("1", "10", "11", "2", "3")
    assert find_labels(("3", "1", "3"), names) == (0, 4)
    with pytest.raises(KeyError, match="4"):
        find_labels(("1", "4"), names)


def test_positions_are_recognised_only_where_no_name_is_among_them():
    names = ("cat", "a b", "eel")
    assert names_at((("0", "1"), ("2",)), names) == (("cat", "a b"), ("eel",))
    for lists in ((("0", "cat"),), (("3",),), (("-1",),), (("x",),), (("01",),), ((),), ()):
        assert names_at(lists, names) is None
    assert names_at((("1", "2"),), ("1", "2", "4")) is None


def test_positions_are_those_of_the_source_where_a_name_has_no_example():
    found, stored = ("cat", "dog"), ("unknown", "cat", "dog")
    assert names_at((("1",), ("2",)), found, stored) == (("cat",), ("dog",))
    assert names_at((("0",), ("1",)), found, stored) is None


def test_an_unknown_name_gets_a_close_one_and_the_known_ones():
    assert known_classes("dgo", ("cat", "dog"), "") == (
        "Did you mean dog? The dataset's classes are cat, dog"
    )
    many = known_classes("x", [f"class {number}" for number in range(1000)], "")
    assert many.endswith("class 18, class 19 and 980 more")


def test_what_silos_lack_is_counted():
    counts = ((3, 0, 1, 0), (0, 0, 2, 5), (1, 0, 1, 1))
    lacks = tuple(map(lacking, counts))
    assert lacks == ((1, 3), (0, 1), (1,))
    assert lacked_by_all(lacks) == (1,)
    assert lacked_by_all([(), (1,)]) == ()
    assert distinct([(1, 3), (), (1,), (1, 3)]) == ((1, 3), (1,))


@pytest.mark.parametrize(
    ("test_set", "key"),
    [
        (ALL, "all"),
        (own(12), "own:12"),
        (seen(1), "seen:1"),
        (unseen(2), "unseen:2"),
        (of_classes((7, 1, 3), "0123456789"), "1,3,7"),
        (of_classes((0,), ("seen:0",)), '"seen:0"'),
        (of_classes((0, 1), ("seen:1", "2")), '"seen:1",2'),
        (of_classes((0,), ("all",)), '"all"'),
    ],
)
def test_a_key_says_of_what_it_is(test_set, key):
    assert test_set.key == key


def test_keys_of_test_sets_are_unique():
    assert len(KEYS) == 1 + 3 * 1000
    subsets = [rows for size in (1, 2) for rows in itertools.combinations(range(len(NASTY)), size)]
    keys = {of_classes(rows, NASTY).key for rows in subsets}
    assert len(keys) == len(subsets)
    assert not keys & KEYS


def test_the_same_classes_are_the_same_test_set():
    assert of_classes((3, 1), "0123") == of_classes((1, 3), "0123")
    assert len({own(1), seen(1), unseen(1), own(2), ALL}) == 5
