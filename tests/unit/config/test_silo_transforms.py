"""One key says what each silo's examples go through."""

import pytest

from fedcompare.config.choices import Choice
from fedcompare.config.groups import PartitionConfig
from fedcompare.config.parsing import Setting, config_from_json, parse_config
from fedcompare.config.silo_transforms import Entry, format_transforms, parse_transforms
from fedcompare.errors import ConfigError

BLUR = Choice("blur", (("deviation", 1),))
SHIFT = Choice("shift", (("by", -1e-5), ("columns", ("a;b", "c+d", "(e"))))
NOISE = Choice("label-noise", (("share", 0.2),))


def parse(value):
    return parse_config({"transforms": Setting(value, "--set transforms")})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ()),
        (" ; ", ()),
        ([], ()),
        ("; blur(deviation=1);", [Entry("", ()), Entry("", (BLUR,)), Entry("", ())]),
        (["", "blur(deviation=1)", ""], [Entry("", ()), Entry("", (BLUR,)), Entry("", ())]),
        (
            "blur(deviation=1)+label-noise(share=0.2)\n; ",
            [Entry("", (BLUR, NOISE)), Entry("", ())],
        ),
        ("Dream: blur(deviation=1)", [Entry("Dream", (BLUR,))]),
        (
            "\nsilo 2: blur(deviation=1);\nSt. John's:label-noise(share=0.2);\n",
            [Entry("silo 2", (BLUR,)), Entry("St. John's", (NOISE,))],
        ),
        (["a;b: blur(deviation=1)"], [Entry("a;b", (BLUR,))]),
        ('"say ""a: b; c+(d""" : blur(deviation=1)', [Entry('say "a: b; c+(d"', (BLUR,))]),
        ('shift(by=-1e-5, columns=["a;b", \'c+d\', "(e"])', [Entry("", (SHIFT,))]),
    ],
)
def test_entries_are_read_from_text_and_from_lists(value, expected):
    assert parse_transforms(value) == tuple(expected)


SILOS = [" blank ", "a;b", "a:b", "a+b", "(a", 'a"b', '"', "東京", "St. John's", "silo 2", "a=b"]


def test_what_is_written_is_read_again():
    chains = [(), (BLUR,), (SHIFT, NOISE, BLUR)]
    placed = tuple(Entry("", chain) for chain in chains)
    named = tuple(Entry(name, chain) for name in SILOS for chain in chains[1:2])
    mixed = tuple(Entry(name, (SHIFT, NOISE)) for name in SILOS)
    for entries in (placed, named, mixed, ()):
        assert parse_transforms(format_transforms(entries)) == entries
        config = PartitionConfig(transforms=entries)
        assert config.transforms == entries


def test_the_key_crosses_to_clients_as_it_is():
    config = parse(["", 'shift(by=2, columns=["a;b"])', "noise(deviation=0.5)"])
    assert config_from_json(config.to_json()) == config
    assert config.to_flat()["transforms"] == "; shift(by=2, columns=['a;b']); noise(deviation=0.5)"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (3, "write an entry for each silo"),
        ([3], "write an entry for each silo"),
        ("a: blur(deviation=1); blur(deviation=1)", "some entries name their silo and others do"),
        ("a: blur(deviation=1); a: blur(deviation=2)", "names 'a' twice"),
        (": blur(deviation=1)", "names no silo"),
        ("blur(deviation=1", "brackets or quotes do not match"),
        ("blur(deviation=1))", "brackets or quotes do not match"),
        ("blur(deviation='1)", "brackets or quotes do not match"),
        ("blur(deviation=1)+", "write a name"),
        ("blur deviation", "write a name"),
        ("blur(1)", "need names"),
        (["a\x00: blur(deviation=1)"], "control character"),
    ],
)
def test_other_forms_are_refused_by_the_key(value, problem):
    with pytest.raises(ConfigError, match=r"--set transforms: .*") as caught:
        parse(value)
    assert problem in str(caught.value)
