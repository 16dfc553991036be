import datetime
import json
import re
import tomllib
from pathlib import Path

import pytest

import fedcompare
from fedcompare.config.groups import KEYS, ExperimentConfig
from fedcompare.config.parsing import (
    Setting,
    config_from_json,
    parse_assignment,
    parse_config,
    read_settings,
)
from fedcompare.errors import ConfigError
from fedcompare.runs.manifest import write_config

REPOSITORY = Path(__file__).parents[3]
SHIPPED = sorted((REPOSITORY / "configs").rglob("*.toml"))
UNUSUAL = {
    "name": "odd",
    "seed": 2**63 - 1,
    "num-silos": 2,
    "excluded-classes": "0,9 -",
    "learning-rate": 1e-7,
    "momentum": 0,
    "fraction-evaluate": 0.5,
}


def parse(**flat):
    return parse_config({key: Setting(value, f"--set {key}") for key, value in flat.items()})


def problems(**flat):
    with pytest.raises(ConfigError) as error:
        parse(**flat)
    return error.value.problems


def test_json_round_trip():
    config = parse(**UNUSUAL)
    assert config_from_json(config.to_json()) == config


def test_toml_round_trip(tmp_path):
    config = parse(**UNUSUAL)
    write_config(tmp_path / "config.toml", config)
    assert parse_config(read_settings(tmp_path / "config.toml")) == config


def test_the_flat_form_has_every_key_and_only_scalars():
    flat = ExperimentConfig().to_flat()
    assert tuple(flat) == KEYS
    assert {type(value) for value in flat.values()} <= {str, int, float}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_load(path):
    assert parse_config(read_settings(path)).name == path.stem


def test_configs_are_shipped():
    assert {path.stem for path in SHIPPED} >= {"mnist", "quickstart", "smoke"}


def test_mnist_is_the_default():
    assert parse_config(read_settings(REPOSITORY / "configs/mnist.toml")) == ExperimentConfig()


def test_quickstart_is_flowers():
    config = parse_config(read_settings(REPOSITORY / "configs/quickstart.toml"))
    assert config.partition.num_silos == 10
    assert config.partition.excluded_classes == ()
    assert (config.train.learning_rate, config.train.batch_size) == (0.1, 32)
    assert (config.budget.local_epochs, config.federation.fraction_evaluate) == (1, 0.5)


def test_flowers_run_config_has_our_keys_and_defaults():
    app = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["flwr"]["app"]
    ours = ExperimentConfig().to_flat()
    assert app["config"] == {"results": "results", "force": False, **ours}
    types = {key: type(value) for key, value in app["config"].items()}
    assert all(types[key] is type(value) for key, value in ours.items())


def test_all_problems_are_reported_at_once_as_typed():
    found = problems(
        **{"rounds": 3, "learning-rate": -1, "num-silos": 0, "strategy": 1, "seed": "one"}
    )
    assert len(found) == 5
    for key in ("rounds", "learning-rate", "num-silos", "strategy", "seed"):
        assert sum(problem.startswith(f"--set {key}: ") for problem in found) == 1, key


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("learning-rat", "learning-rate"),
        ("learning_rate", "learning-rate"),
        ("sed", "seed"),
        ("silo-count", None),
        ("rounds", "num-server-rounds or round-timeout"),
        ("num-rounds", "num-server-rounds"),
        ("epochs", "isolated-epochs or local-epochs or fine-tune-epochs"),
        ("silo-column", None),
        ("patient-column", None),
        ("picture-width", None),
        ("", None),
        ("magic", None),
    ],
)
def test_an_unknown_key_gets_a_hint_only_where_it_is_close(key, meant):
    (problem,) = problems(**{key: 1})
    found = re.search(r"did you mean (.*)\?", problem)
    assert (found and found[1]) == meant


def test_a_key_that_is_not_close_gets_the_keys_of_its_words():
    (problem,) = problems(**{"silo-column": "hospital"})
    assert problem == (
        "--set silo-column: unknown key; keys that share a word with it: "
        "silo, columns, split-column, image-column, label-column, num-silos, threads-per-silo"
    )
    assert "known keys: name, seed, dataset" in problems(magic=1)[0]


def test_a_table_is_told_to_be_left_out():
    (problem,) = problems(train={"learning-rate": 0.1})
    assert problem == "--set train: keys stand alone; leave out the table [train]"


@pytest.mark.parametrize(
    "key", ["a" * 10**6, "\x1b[31mred", "\0", "\udcff"], ids=["long", "colour", "nul", "half"]
)
def test_an_odd_key_is_shown_short_and_harmless(key):
    (problem,) = problems(**{key: 1})
    assert problem.isprintable()
    assert len(problem) < 1000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num-silos", 0),
        ("num-silos", 2.5),
        ("num-silos", True),
        ("learning-rate", -0.1),
        ("learning-rate", 0),
        ("learning-rate", float("nan")),
        ("learning-rate", float("inf")),
        ("learning-rate", "0.1"),
        ("momentum", 1.0),
        ("batch-size", 0),
        ("num-server-rounds", 0),
        ("local-epochs", 0),
        ("isolated-epochs", -1),
        ("fraction-evaluate", 1.01),
        ("fraction-evaluate", float("nan")),
        ("round-timeout", 0),
        ("seed", -1),
        ("seed", 2**63),
        ("num-cpus", -1),
        ("name", "../elsewhere"),
        ("name", ""),
        ("dataset", ""),
        ("excluded-classes", "1,,x 2 3"),
        ("excluded-classes", '"a b" 2 3'),
        ("excluded-classes", '[["a b"], [], 3]'),
        ("excluded-classes", '[["a b"], [], ["c"]'),
        ("excluded-classes", "[" * 100_000),
        ("excluded-classes", [[1.5], [], []]),
        ("excluded-classes", [[True], [], []]),
        ("excluded-classes", [[1, "1"], [], []]),
        ("excluded-classes", "1,1 2 3"),
        ("excluded-classes", 7),
        ("excluded-classes", [1, 2, 3]),
        ("name", "."),
        ("name", "tiny."),
        ("name", "con"),
        ("name", "COM1.old"),
        ("name", "a" * 101),
        ("name", "two\nlines"),
        ("dataset", "idx:\0"),
        ("dataset", "idx:\udcff"),
        ("dataset", "idx:" + "a" * 1000),
        ("label-column", "\x1b[31m"),
        ("strategy", "a" * 1001),
        ("seed", datetime.date(2024, 1, 1)),
        ("seed", {"a": 1}),
        ("seed", [16**5000]),  # more digits than Python writes
        ("name", [[[[[[[[["deep"]]]]]]]]]),
    ],
)
def test_a_wrong_value_is_one_problem_that_names_its_key(key, value):
    (problem,) = problems(**{key: value})
    assert problem.startswith(f"--set {key}: ")
    assert len(problem) < 500
    assert problem.isprintable()


@pytest.mark.parametrize("key", ["seed", "learning-rate", "excluded-classes"])
def test_a_number_with_more_digits_than_python_writes_is_one_problem(key):
    (problem,) = problems(**{key: 16**5000})
    assert problem.startswith(f"--set {key}: ")
    assert len(problem) < 500


LIMITS = {
    "image-size": 4096,
    "seed": 2**63 - 1,
    "num-silos": 10_000,
    "hidden-units": 100_000,
    "batch-size": 10_000_000,
    "threads-per-silo": 1024,
    "isolated-epochs": 10_000_000,
    "local-epochs": 10_000_000,
    "fine-tune-epochs": 10_000_000,
    "num-server-rounds": 100_000,
    "num-seeds": 1000,
    "folds": 1000,
    "num-cpus": 1_000_000,
}


@pytest.mark.parametrize("key", LIMITS)
def test_every_count_has_a_limit_that_is_told(key):
    parse(**{key: LIMITS[key], "excluded-classes": ""})
    for value in (LIMITS[key] + 1, 10**19, 10**400):
        (problem,) = problems(**{key: value, "excluded-classes": ""})
        assert str(LIMITS[key] + (key == "seed")) in problem


def test_no_count_is_without_a_limit():
    counts = {key for key, value in ExperimentConfig().to_flat().items() if type(value) is int}
    assert counts == LIMITS.keys()


@pytest.mark.parametrize(
    "value",
    ["1,3 - 2", [[1, 3], [], [2]], (("1", "3"), (), ("2",)), '[["1", 3], [], [2]]'],
)
def test_excluded_classes_are_a_list_or_a_string(value):
    partition = parse(**{"excluded-classes": value}).partition
    assert partition.excluded_classes == (("1", "3"), (), ("2",))


@pytest.mark.parametrize(
    ("value", "margin"), [("none", None), (1, 1.0), (0.25, 0.25), ("2.5", 2.5), (" None ", None)]
)
def test_a_margin_is_a_number_or_none_and_comes_back_as_it_was(value, margin):
    config = parse(margin=value)
    assert config.comparison.margin == margin
    assert config_from_json(config.to_json()) == config


@pytest.mark.parametrize("value", [0, 0.0, -1, "-0.5", "0", "inf", "nan", 10**400, "much", True])
def test_a_margin_of_nothing_is_refused_with_the_remedy(value):
    (problem,) = problems(margin=value)
    assert problem.startswith("--set margin: ")
    if value in (0, 0.0, -1, "-0.5", "0"):
        assert "must be above 0" in problem
        assert "leave it out for none" in problem


@pytest.mark.parametrize("value", ["", []])
def test_no_excluded_classes_mean_iid_silos(value):
    partition = parse(**{"excluded-classes": value, "num-silos": 7}).partition
    assert [partition.excluded_from(index) for index in range(7)] == [()] * 7


def test_the_number_of_silos_and_their_classes_must_agree():
    (problem,) = problems(**{"num-silos": 2})
    assert re.match(
        r"--set num-silos: excluded-classes lists 3 silos \(the default.*but num-silos = 2", problem
    )
    (problem,) = problems(**{"num-silos": 2, "excluded-classes": "1"})
    assert problem.startswith(
        "--set excluded-classes: excluded-classes lists 1 silos, but num-silos = 2"
    )


def test_a_config_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        ExperimentConfig().seed = 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed=1", 1),
        ("learning-rate = 1e-2", 0.01),
        ("dataset=hub:ylecun/mnist", "hub:ylecun/mnist"),
        ('excluded-classes="1 2 3"', "1 2 3"),
        ("excluded-classes=[[1], [2], [3]]", [[1], [2], [3]]),
        ("dataset=idx:/a=b", "idx:/a=b"),
        ("seed=1\nname='other'", "1\nname='other'"),
        ("seed=" + "[" * 5000 + "]" * 5000, "[" * 5000 + "]" * 5000),
        ("seed=" + "9" * 5000, "9" * 5000),
        ("seed=2024-13-45", "2024-13-45"),
        ("seed=", ""),
    ],
)
def test_assignments_are_toml_or_bare_words(text, expected):
    key, setting = parse_assignment(text)
    assert (setting.value, setting.typed) == (expected, f"--set {key}")


def test_an_assignment_needs_an_equals_sign():
    with pytest.raises(ConfigError, match="--set seed: write it as key=value"):
        parse_assignment("seed")


@pytest.mark.parametrize(
    "content",
    [
        b"seed = ",
        b"\xff\xfe",
        b"seed = " + b"[" * 5000 + b"]" * 5000,
        b"seed = " + b"{a=" * 5000,
        b"seed = " + b"9" * 5000,
        b"seed = 2024-13-45",
        b"#" * (2**20 + 1),
        "seed = 1".encode("utf-16"),
        None,
    ],
)
def test_an_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / "broken.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"--config .*broken\.toml: "):
        read_settings(path)


@pytest.mark.parametrize("place", [".", "file/x", "a" * 300, "/dev/zero"])
def test_what_is_no_file_of_text_is_named(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as error:
        read_settings(tmp_path / place)
    (problem,) = error.value.problems
    assert problem.startswith(f"--config {tmp_path / place}: ")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbfseed = 3\r\n")
    assert parse_config(read_settings(path)).seed == 3


def test_a_key_of_a_file_is_named_with_the_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("num-silos = 0\n[train]\nlr = 1\n")
    with pytest.raises(ConfigError) as error:
        parse_config(read_settings(path))
    assert [problem.split(":")[:2] for problem in error.value.problems] == [
        ["mine.toml", " train"],
        ["mine.toml", " num-silos"],
    ]


def test_keys_that_change_everything_leave_out_budgets_and_resources():
    shared = ExperimentConfig().counted()
    assert json.dumps(shared)
    assert {"seed", "learning-rate", "hidden-units"} <= shared.keys()
    assert not {"isolated-epochs", "num-server-rounds", "num-cpus"} & shared.keys()


def test_the_version_is_the_same_in_both_places():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert project["version"] == fedcompare.__version__


def test_a_column_may_be_named_by_its_position():
    for key in (
        "label",
        "silo",
        "group",
        "features",
        "ignore",
        "categories",
        "columns",
        "split-column",
    ):
        config = parse_config(dict([parse_assignment(f"{key}=5")]))
        assert config.to_flat()[key] == "5"
        with pytest.raises(ConfigError, match=f"{key}: should be"):
            parse_config(dict([parse_assignment(f"{key}=true")]))
