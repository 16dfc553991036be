"""Users' text on its way through the commands: names of classes, folders, options."""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fedcompare.cli.main import run
from fedcompare.errors import ExitCode
from fedcompare.text.csv_text import parse_csv
from fedcompare.text.escaping import visible
from nasty import FOLDERS

SILOS = 2


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A configuration of a dataset whose classes are folders of these names."""
    root = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for split, count in (("train", 4), ("test", 1)):
        for name in FOLDERS:
            folder = root / "data" / split / name
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = random.integers(0, 255, (4, 4), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{index}.png")
    config = root / "config.toml"
    config.write_text(
        f'name = "text"\nseed = 5\ndataset = "hub:{root / "data"}"\nnum-silos = {SILOS}\n'
        'excluded-classes = ""\nhidden-units = 4\nisolated-epochs = 1\nlocal-epochs = 1\n'
        "num-server-rounds = 1\n"
    )
    return config


def assert_shown(text):
    """Fail where text acts on a terminal; line feeds are the layout."""
    assert [line for line in text.split("\n") if visible(line) != line] == []


def test_classes_of_any_name_come_through_every_command(cli, pictures, tmp_path, inline):
    options = ("--config", pictures, "--results", tmp_path)
    outcomes = {
        command: cli(command, *options)
        for command in ("partition", "isolated", "federated", "evaluate")
    }
    for outcome in outcomes.values():
        assert outcome.code == 0, outcome.err
        assert_shown(outcome.out)
        assert_shown(outcome.err)
    rows = [line.split()[0] for line in outcomes["partition"].out.splitlines() if line.strip()]
    assert [row for row in rows if row in set(map(visible, FOLDERS))] == list(map(visible, FOLDERS))
    run = tmp_path / "text/seed-5"
    counts = parse_csv((run / "partition/label-counts.csv").read_text())
    assert [list(row) for row in counts] == [["silo", *FOLDERS]] * SILOS
    with (run / "evaluation/confusion/federated.csv").open(newline="") as file:
        header = next(csv.reader(file))
    assert header == ["true class", *(f"'{n}" if n == "=1+1" else n for n in FOLDERS)]
    assert len(list(run.rglob("*.png"))) == 6


def test_json_is_ascii(cli, pictures, tmp_path, inline):
    options = ("--config", pictures, "--results", tmp_path)
    for command in ("isolated", "federated"):
        assert cli(command, *options).code == 0
    out = cli("evaluate", *options, "--json").out
    assert out.isascii()
    assert json.loads(out)


@pytest.mark.parametrize(
    "name", ["a[/x]b", "[red]", ":smile:", "two\nlines", "red\x1b[31m", "\udce9"]
)
def test_where_something_was_written_is_one_line_that_names_it(cli, tiny_toml, tmp_path, name):
    results = Path(tmp_path, name)
    outcome = cli("partition", "--config", tiny_toml, "--results", results)
    assert outcome.code == 0, outcome.err
    place = results / "tiny/seed-5/partition"
    assert outcome.err == f"written: {visible(str(place))}\n"
    assert place.is_dir()


def test_a_failure_below_such_a_folder_is_told_and_logged(cli, tiny_toml, tmp_path, monkeypatch):
    def burn(*args, **kwargs):
        raise ValueError("the disk \udce9 burns \x1b[31m")

    monkeypatch.setattr("fedcompare.learning.alone.train_rounds", burn)
    results = tmp_path / "\udce9[/x]"
    outcome = cli("isolated", "--config", tiny_toml, "--results", results, "--cpus", "1", "--debug")
    assert outcome.code == ExitCode.SILO
    assert r"the disk \udce9 burns \x1b[31m" in outcome.err
    assert_shown(outcome.err)
    log = results / "tiny/seed-5/logs/isolated.log"
    assert r"the disk \udce9 burns" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("partition", "--\x1b[31m"), ExitCode.USAGE, r"No such option '--\x1b[31m'"),
        (("\x1b]0;title\x07\udce9",), ExitCode.USAGE, r"\x1b]0;title\x07\udce9"),
        (("isolated", "--seed", "\x9b31m"), ExitCode.USAGE, r"\x9b31m"),
        (("isolated", "--set", "[/x]\x1b=3"), ExitCode.CONFIG, r"--set [/x]\x1b: unknown key"),
        (("isolated", "--set", "dataset=idx:\udce9"), ExitCode.CONFIG, r"idx:\udce9"),
        (("isolated", "--config", "\udce9\r"), ExitCode.CONFIG, r"\udce9\r: No such file"),
        (("report", "[/x]\u202e"), ExitCode.RESULTS, r"[/x]\u202e has no finished comparison"),
    ],
)
def test_what_was_typed_is_shown_and_not_obeyed(cli, arguments, code, message):
    outcome = cli(*arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err
    assert_shown(outcome.err)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_of_another_encoding_gets_everything(monkeypatch, pictures, tmp_path, encoding):
    for arguments in (
        ["partition", "--config", str(pictures), "--results", str(tmp_path / "ö糖")],
        ["partition", "--help"],
        ["partition", "--ö糖"],
    ):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        code = run(arguments)
        for stream in streams:
            stream.seek(0)
        shown = "".join(stream.read() for stream in streams)
        assert code == (ExitCode.USAGE if "--ö糖" in arguments else 0), shown
        assert (r"\u7cd6" in shown) is ("--help" not in arguments)
        assert ("Usage" in shown) is (len(arguments) == 2)
