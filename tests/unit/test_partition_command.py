"""Partitions on the command line: chosen, exported, used again, and listed."""

import json

import pytest

from fedcompare import api
from fedcompare.data.silos import load_silos
from fedcompare.errors import ConfigError, ExitCode

DIRICHLET = "dirichlet(alpha=0.5, min_partition_size=1)"


def test_an_exported_plan_makes_the_same_silos_again(cli, tiny_toml, tmp_path):
    file, results = tmp_path / "my plan.json", tmp_path / "results"
    given = ("--config", tiny_toml, "--results", results, "--set", "excluded-classes=''")
    made = cli("partition", *given, "--partition", DIRICHLET, "--export", file)
    assert made.code == 0, made.err
    assert f"written: {file}" in made.err.replace("\n", "")
    content = json.loads(file.read_text())
    assert content["partition"] == DIRICHLET
    assert len(content["silos"]) == 3
    # A part of other rows would be refused: these are the same, though the rule is another.
    again = cli("partition", *given, "--partition", f"plan:{file}")
    assert (again.code, again.out) == (0, made.out)
    other = cli("partition", *given, "--partition", "iid")
    assert other.code == ExitCode.RESULTS
    assert f"partition = 'plan:{file}', now 'iid'" in other.err


def test_a_file_is_not_replaced_unless_it_is_said(cli, tiny_toml, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text("mine")
    given = ("partition", "--config", tiny_toml, "--results", tmp_path, "--export", file)
    refused = cli(*given)
    assert refused.code == ExitCode.RESULTS
    assert "is there already; add --force" in refused.err
    assert file.read_text() == "mine"
    assert cli(*given, "--force").code == 0
    assert json.loads(file.read_text())["partition"] == "excluded-classes"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".plan")] == []


def test_what_is_left_out_is_told(cli, tiny_toml, tmp_path):
    given = ("--config", tiny_toml, "--results", tmp_path, "--set", "excluded-classes=''")
    choice = "pathological(num_classes_per_partition=1)"
    told = cli("partition", *given, "--partition", choice)
    assert told.code == 0, told.err
    assert "data: The partition leaves" in told.err
    assert "test examples out, among them all of class" in told.err


@pytest.mark.parametrize("command", ["partition", "isolated", "federated", "evaluate", "compare"])
def test_every_command_that_loads_data_refuses_an_unknown_partitioner(
    cli, tiny_toml, tmp_path, command
):
    given = ("--config", tiny_toml, "--results", tmp_path, "--set", "excluded-classes=''")
    refused = cli(command, *given, "--partition", "dirchlet(alpha=1)")
    assert refused.code == ExitCode.CONFIG
    assert "unknown partition 'dirchlet'; did you mean dirichlet?" in refused.err
    assert not list(tmp_path.iterdir())


def test_notes_of_a_partition_are_notes_of_the_silos(tiny):
    assert load_silos(tiny()).notes == load_silos(tiny()).dataset.notes
    silos = load_silos(tiny(partition="size(partition_sizes=[10, 20])"))
    assert silos.notes == (*silos.dataset.notes, *silos.plan.notes)
    assert silos.plan.notes[0] == "The partition leaves 270 of 300 training examples out."


def test_a_comparison_of_seeds_and_of_a_plan_is_made_and_verified(cli, tiny_toml, tmp_path):
    file = tmp_path / "plan.json"
    keys = ("num-server-rounds=1", "isolated-epochs=1", "excluded-classes=''")
    given = ("--config", tiny_toml, *(part for key in keys for part in ("--set", key)))
    rule = ("--partition", "dirichlet(alpha=1, min_partition_size=1)")
    made = cli("partition", *given, *rule, "--results", tmp_path, "--export", file)
    assert made.code == 0, made.err
    for number, choice in enumerate((rule, ("--partition", f"plan:{file}"))):
        results = tmp_path / str(number)
        run = ("compare", *given, *choice, "--results", results, "--seeds", 2)
        compared = cli(*run, "--engine", "in-process")
        assert compared.code == 0, compared.err
        verified = cli("verify", results / "tiny")
        assert verified.code == 0, verified.out


def plain(text):
    return " ".join(text.split())


def test_catalogs_are_listed_by_their_names(cli):
    listed = cli("list", "partitioners")
    assert listed.code == 0
    assert "dirichlet(alpha, min_partition_size=10, self_balancing=false)\n" in listed.out
    assert "vertical-even\n    Not offered: it splits columns and not rows" in listed.out
    for row in api.catalog("partitioners"):
        assert row.written in listed.out
    for catalog in ("models", "sources"):
        rows = [f"{row.written}\n    {row.line}\n" for row in api.catalog(catalog)]
        assert plain(cli("list", catalog).out) == plain("".join(rows))
    refused = cli("list", "partitoners")
    assert refused.code == ExitCode.CONFIG
    assert "unknown catalog 'partitoners'; did you mean partitioners?" in refused.err
    with pytest.raises(ConfigError):
        api.catalog("")
