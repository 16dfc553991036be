"""Models by dotted path: found, checked, tried on two examples, and never a traceback."""

import re

import pytest

from fedcompare.config.dotted import DottedPath
from fedcompare.config.groups import ModelConfig
from fedcompare.data.silos import load_silos
from fedcompare.errors import ConfigError
from fedcompare.learning.models.catalog import check_fit, check_model, initial_model
from own_models import Odd

# What a wrong path, or a factory that cannot be called, is told.
UNUSABLE = {
    "own_modells:wide": "there is no module own_modells; install it, or put it into the working",
    "own.models:wide": "there is no module own;",
    "own_models:": "'own_models:' is no path such as package.module:factory",
    ":wide": "':wide' is no path such as",
    "own_models:wid": "own_models has no wid; did you mean own_models:wide?",
    "own_models:number": "own_models:number is no function, but of type int",
    "own_models:wide(widht=3)": "own_models:wide has no argument widht; did you mean width?",
    "own_models:wide(num_outputs=3)": "own_models:wide has no argument num_outputs",
    "own_models:positional": "own_models:positional must take input_shape and num_outputs by name",
}
# What is wrong with a model shows when it is made, or tried.
WRONG = {
    "raising": r"called with input_shape=\(1, 8, 8\) and num_outputs=10, raised RuntimeError: no "
    r"such layer \(--debug",
    "one_too_many": "given 2 of the examples, returns 2 x 11 of float32; 2 x 10 floats are wanted",
    "for_others": r"given 2 of the examples \(2 x 1 x 8 x 8\), raised RuntimeError: mat1 and mat2",
    "tuples": "given 2 of the examples, returns a tuple; 2 x 10 floats are wanted",
    "Squeezed": "given 1 of the examples, returns 10 of float32; 1 x 10 floats are wanted",
    "a_list": "must return a torch.nn.Module, not a list",
    "lazy": "a layer's size is open",
    "frozen": "it has no weights that can be trained; set requires_grad",
    "brain": "is of type bfloat16; use float32",
    "Constant": "its outputs do not depend on any weights that can be trained",
}


@pytest.mark.parametrize("text", UNUSABLE)
def test_a_path_that_leads_nowhere_is_refused_before_there_are_data(text):
    with pytest.raises(ConfigError, match=re.escape(f"model: {UNUSABLE[text]}")):
        check_model(ModelConfig(model=text))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_named_before_training(tiny, name):
    config = tiny(model=f"own_models:{name}")
    with pytest.raises(ConfigError, match=f"model: own_models:{name}.*{WRONG[name]}"):
        check_fit(config, load_silos(config).dataset, [])


@pytest.mark.parametrize("name", ["wide", "wide(width=5)", "Odd"])
def test_right_ones_pass(tiny, name):
    config = tiny(model=f"own_models:{name}")
    check_fit(config, load_silos(config).dataset, [300])


def test_a_last_batch_of_one_example_is_refused_where_the_model_cannot_take_it(tiny):
    config = tiny(model="own_models:wide", batch_size=16)
    dataset = load_silos(config).dataset
    check_fit(config, dataset, [32, 34])
    with pytest.raises(ConfigError, match="batch-size: the last batch of 33 training examples has"):
        check_fit(config, dataset, [32, 33])
    check_fit(tiny(model="own_models:Odd", batch_size=16), dataset, [33])
    with pytest.raises(ConfigError, match="choose another than 1"):
        check_fit(tiny(model="own_models:wide", batch_size=1), dataset, [32])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("import no_such_thing", "cannot be imported: ModuleNotFoundError: No module named 'no_s"),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        ("def f(:", "cannot be imported: SyntaxError"),
        ("raise SystemExit(1)", "cannot be imported: SystemExit: 1"),
        ("", "has no f; it has nothing that can be called"),
    ],
)
def test_a_module_that_is_broken_says_why(tmp_path, monkeypatch, content, says):
    monkeypatch.chdir(tmp_path)
    name = f"broken_{abs(hash(content))}"
    (tmp_path / f"{name}.py").write_text(content)
    with pytest.raises(ConfigError, match=f"model: .*{name} {says}"):
        check_model(ModelConfig(model=f"{name}:f"))


SOURCE = """
from torch import nn

def net(*, input_shape, num_outputs):
    import helper_of_mine
    return helper_of_mine.make(num_outputs)
"""
HELPER = """
from torch import nn

def make(num_outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_outputs))
"""


def test_a_module_of_the_working_folder_is_found_and_its_code_is_an_input(
    cli, tiny_toml, tmp_path, monkeypatch
):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    file = tmp_path / "work/net_of_mine.py"
    file.write_text(SOURCE)
    (tmp_path / "work/helper_of_mine.py").write_text(HELPER)
    model = ("--model", "net_of_mine:net", "--set", "hidden-units=128")
    options = ("--config", tiny_toml, *model, "--results", tmp_path / "r")
    assert cli("isolated", *options, "--cpus", 1).code == 0
    file.write_text(SOURCE + "# another\n")
    outcome = cli("evaluate", *options)
    text = " ".join(outcome.err.split())
    assert outcome.code == 8
    assert re.search(r"net_of_mine [0-9a-f]{16}, now [0-9a-f]{16}", text)


def test_a_module_that_is_gone_has_no_digest():
    assert DottedPath("no_such_module", "f").digest() == "missing"
    assert len(DottedPath("own_models", "f").digest()) == 16


def test_a_wrong_model_is_one_message_of_the_command(cli, tiny_toml, tmp_path):
    options = ("--config", tiny_toml, "--set", "hidden-units=128", "--results", tmp_path)
    for command in ("isolated", "federated", "compare"):
        outcome = cli(command, *options, "--model", "own_models:one_too_many")
        assert outcome.code == 3
        assert "2 x 10 floats are wanted" in outcome.err.replace("\n", " ")
        assert "Traceback" not in outcome.err
    assert list(tmp_path.rglob("weights")) == []


def test_parameters_lie_in_memory_as_the_optimiser_needs_them(tiny):
    config = tiny(model="own_models:Odd")
    model = initial_model(config, load_silos(config).dataset)
    assert all(parameter.is_contiguous() for parameter in model.parameters())
    assert not Odd((3,), 2).first.is_contiguous()
