"""The same options wherever data are loaded."""

import pytest
import typer

from fedcompare.cli.main import app

OF_DATA = {"--label", "--task", "--silo", "--group", "--model", "--partition", "--seed", "--set"}
COMMANDS = ["inspect", "partition", "isolated", "federated", "evaluate", "compare"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_loads_data_has_the_options_that_say_which(name):
    command = typer.main.get_command(app).commands[name]
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= OF_DATA
    assert "path" in options or "--data" in options
