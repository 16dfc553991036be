"""A plan that is exported and used again gives the same silos, or is refused."""

import json

import numpy as np
import pytest

from fedcompare.errors import ConfigError, PartitionError
from made_up_partitions import deal, made_up_dataset, parse

NAMES = ["plan.json", "my plan (1).json", "a=b, c.json", "東京.json"]


@pytest.fixture(scope="module")
def dataset():
    return made_up_dataset()


@pytest.fixture
def plan_file(dataset, tmp_path):
    """A plan of four silos, as a table to change and a file to write it to."""
    plan = deal(dataset, "dirichlet(alpha=1)", num_silos=4)
    content = {
        "format": 1,
        "data": dataset.fingerprint,
        "digest": plan.fingerprint,
        "silos": [
            {"train": train.tolist(), "test": test.tolist()}
            for train, test in zip(plan.train, plan.test, strict=True)
        ],
    }

    def write(change=lambda content: None, name="plan.json"):
        changed = json.loads(json.dumps(content))
        change(changed)
        path = tmp_path / name
        path.write_text(json.dumps(changed))
        return path

    return write


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_gives_its_rows_for_every_seed(dataset, plan_file, name):
    choice = f"plan:{plan_file(name=name)}"
    made = deal(dataset, "dirichlet(alpha=1)", num_silos=4)
    for seed in (7, 8):
        again = deal(dataset, choice, seed=seed)
        assert again.fingerprint == made.fingerprint
        for one, two in zip(made.train + made.test, again.train + again.test, strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_written_into_a_configuration_and_read_again(plan_file, name, monkeypatch):
    path = plan_file(name=name)
    monkeypatch.chdir(path.parent)
    config = parse(partition=f"plan:{name}").located()
    flat = config.to_flat()
    assert flat["partition"] == f"plan:{path}"
    assert (flat["num-silos"], flat["excluded-classes"]) == (4, "")
    assert parse(**flat) == config


def without_digest(content):
    del content["digest"]


def test_a_plan_by_hand_needs_no_digest_and_says_what_it_leaves_out(dataset, plan_file):
    def change(content):
        without_digest(content)
        content["silos"] = [{"train": [3, 1], "test": []}, {"train": [599], "test": [0]}]

    plan = deal(dataset, f"plan:{plan_file(change)}")
    assert [rows.tolist() for rows in plan.train] == [[3, 1], [599]]
    assert [len(rows) for rows in plan.test] == [0, 1]
    assert "leaves 597 of 600 training examples out, among them all of class" in plan.notes[0]


def rows(silo, split):
    def change(content, *more):
        without_digest(content)
        content["silos"][silo - 1][split] += more

    return change


BAD = {
    "other data": (
        lambda c: c.update(data="0123456789abcdef"),
        "made for other data: their fingerprint is 0123456789ab",
    ),
    "another row order": (
        lambda c: c["silos"][0]["train"].reverse(),
        "rows are not those that its digest",
    ),
    "out of range": (
        lambda c: rows(2, "train")(c, 600),
        "silo 2 has train row 600, but .* are 0 to 599",
    ),
    "beyond all numbers": (lambda c: rows(2, "test")(c, 10**30), "test row 1000000"),
    "negative": (lambda c: rows(3, "test")(c, -1), "silo 3, test: -1 is no row number"),
    "true": (lambda c: rows(3, "test")(c, True), "silo 3, test: True is no row number"),
    "half": (lambda c: rows(3, "test")(c, 1.5), "silo 3, test: 1.5 is no row number"),
    "twice in one": (
        lambda c: rows(1, "test")(c, c["silos"][0]["test"][0]),
        r"test row \d+ is given twice, to silo 1; ",
    ),
    "twice in two": (
        lambda c: rows(4, "train")(c, c["silos"][1]["train"][0]),
        r"train row \d+ is given twice, to silo 2 and silo 4",
    ),
    "empty silo": (
        lambda c: (without_digest(c), c["silos"][2].update(train=[])),
        "silo 3 is left with no data: give it training rows in the plan",
    ),
    "no test": (lambda c: c["silos"][0].pop("test"), 'silo 1 has no list of rows "test"'),
    "no silos": (lambda c: c.update(silos=[]), '"silos" must be a list'),
    "silos as numbers": (lambda c: c.update(silos=[1]), "1 stands where a table is expected"),
    "another format": (lambda c: c.update(format=2), '"format" is 2, not 1'),
    "no fingerprint": (lambda c: c.pop("data"), '"data" and "digest" must be text'),
}


@pytest.mark.parametrize("case", BAD)
def test_a_plan_that_does_not_fit_is_refused(dataset, plan_file, case):
    change, message = BAD[case]
    path = plan_file(change)
    with pytest.raises(PartitionError, match=message) as error:
        deal(dataset, f"plan:{path}", num_silos=4)
    assert str(path) in str(error.value) or case == "empty silo"


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"format": 1}', "[" * 100_000])
def test_what_is_no_plan_is_refused(dataset, tmp_path, text):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(PartitionError, match=r"no partition plan: .*--export writes one"):
        deal(dataset, f"plan:{path}", num_silos=4)


def test_bytes_that_are_no_text_are_refused(dataset, tmp_path):
    (tmp_path / "plan.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PartitionError, match="no partition plan"):
        deal(dataset, f"plan:{tmp_path / 'plan.json'}", num_silos=4)


def test_the_number_of_silos_follows_from_the_plan_or_agrees(dataset, plan_file, tmp_path):
    choice = f"plan:{plan_file()}"
    assert parse(partition=choice).partition.num_silos == 4
    assert len(deal(dataset, choice, num_silos=4)) == 4
    with pytest.raises(PartitionError, match="it has 4 silos, but num-silos = 3"):
        deal(dataset, choice, num_silos=3)
    with pytest.raises(ConfigError, match=r"partition: plan:.*none: No such file") as error:
        parse(partition=f"plan:{tmp_path / 'none'}")
    assert len(error.value.problems) == 1


def test_the_number_of_silos_follows_from_sizes_or_agrees():
    sizes = "size(partition_sizes=[4, 3, 2, 1])"
    config = parse(partition=sizes)
    assert config.partition.num_silos == 4
    assert parse(**config.to_flat()) == config
    assert parse(partition=sizes, num_silos=4) == config
    with pytest.raises(ConfigError, match="num-silos = 5, but size has sizes for 4 silos"):
        parse(partition=sizes, num_silos=5)


def test_excluded_classes_are_for_the_default_partitioner_alone():
    config = parse(partition="iid", num_silos=7)
    assert config.partition.excluded_classes == ()
    assert parse(**config.to_flat()) == config
    assert parse(partition="iid", excluded_classes="") == parse(partition="iid")
    assert parse(partition="excluded-classes") == parse()
    with pytest.raises(ConfigError, match="iid deals all classes by its own rule") as error:
        parse(partition="iid", excluded_classes="1 2 3", num_silos=2)
    assert len(error.value.problems) == 1


@pytest.mark.parametrize("value", ["", "plan:", "plan:a\nb", "iid(3)", "a b", 3])
def test_what_has_not_the_form_of_a_partition_is_refused(value):
    with pytest.raises(ConfigError, match=r"^.*\n  partition: "):
        parse(partition=value)
