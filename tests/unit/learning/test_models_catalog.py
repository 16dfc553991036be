"""The models there are: their sizes, arguments, and what they say of inputs they cannot take."""

import re
import subprocess
import sys

import pytest
import torch

from fedcompare.config.choices import Choice
from fedcompare.config.groups import ModelConfig
from fedcompare.errors import ConfigError
from fedcompare.federated.server_app import config_from_run_config
from fedcompare.learning.models.catalog import CATALOG, build_model, check_model, list_models
from fedcompare.learning.weights import state_to_bytes


def build(model, shape=(1, 28, 28), *, seed=0, **keys):
    config = ModelConfig(model=model, **keys)
    return build_model(config, input_shape=shape, num_outputs=10, seed=seed)


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


PAPER = {"2nn": 199_210, "cnn": 1_663_370}  # McMahan et al. 2017, section 3


@pytest.mark.parametrize("name", PAPER)
def test_a_model_of_the_paper_has_the_papers_number_of_parameters(name):
    assert size(build(name)) == PAPER[name]


@pytest.mark.parametrize("name", CATALOG)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 5), (2, 70, 70)])
def test_every_model_takes_pictures_of_any_size_and_channels(name, shape):
    model = build(name, shape).eval()
    assert model(torch.randn(2, *shape)).shape == (2, 10)


@pytest.mark.parametrize("name", ["linear", "mlp", "mlp(hidden=[5, 4, 3])", "2nn"])
def test_these_take_rows_of_a_table_too(name):
    assert build(name, (7,))(torch.randn(3, 7)).shape == (3, 10)


@pytest.mark.parametrize("name", ["cnn", "resnet18", "resnet18(groups=2)"])
def test_models_of_pictures_refuse_rows_in_words(name):
    says = r"model: (cnn|resnet18) needs pictures, and an example here is 7 numbers; choose linear"
    with pytest.raises(ConfigError, match=says):
        build(name, (7,))


def test_pictures_that_are_too_small_to_be_pooled_are_refused():
    with pytest.raises(ConfigError, match="4 x 4 pixels or more, and these have 3 x 8; choose"):
        build("cnn", (1, 3, 8))


@pytest.mark.parametrize("name", CATALOG)
def test_initial_weights_depend_on_the_seed_alone(name):
    torch.manual_seed(1)
    first = state_to_bytes(build(name, (1, 8, 8)).state_dict())
    before = torch.manual_seed(2).get_state()
    assert state_to_bytes(build(name, (1, 8, 8)).state_dict()) == first
    assert state_to_bytes(build(name, (1, 8, 8), seed=1).state_dict()) != first
    assert torch.equal(torch.get_rng_state(), before)


def test_the_widths_of_the_mlp_are_chosen_and_one_is_the_tutorials():
    assert size(build("mlp(hidden=[200, 200])")) == size(build("2nn"))
    plain = state_to_bytes(build("mlp").state_dict())
    assert state_to_bytes(build("mlp(hidden=[128])").state_dict()) == plain
    narrow = state_to_bytes(build("mlp", hidden_units=16).state_dict())
    assert state_to_bytes(build("mlp(hidden=[16])").state_dict()) == narrow
    assert size(build("linear")) == size(build("mlp(hidden=[])")) == 7850


def test_resnet_has_no_statistics_of_the_data_and_as_many_groups_as_chosen():
    model = build("resnet18(groups=4)", (1, 8, 8))
    assert not list(model.buffers())
    assert {m.num_groups for m in model.modules() if isinstance(m, torch.nn.GroupNorm)} == {4}


WRONG = {
    "mpl": "unknown model 'mpl'; known: mlp, linear, 2nn, cnn, resnet18, package.module:factory",
    "mlp(hiden=[3])": "mlp has no argument hiden; did you mean hidden",
    "linear(hidden=[3])": "linear has no argument hidden",
    "cnn(input_shape=3)": "cnn has no argument input_shape",
    "mlp(hidden=200)": r"mlp: hidden should be a list in brackets \(got 200\)",
    "mlp(hidden=[0])": r"mlp: hidden should be greater than or equal to 1 \(got \[0\]\)",
    "mlp(hidden=[2.5])": "mlp: hidden should be a valid integer",
    "mlp(hidden=[true])": "mlp: hidden should be a valid integer",
    "resnet18(groups=3)": "resnet18: groups should be 1, 2, 4, 8, 16, 32 or 64",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_no_model_takes_is_refused_before_there_are_data(text):
    with pytest.raises(ConfigError, match=f"model: {WRONG[text]}"):
        check_model(ModelConfig(model=text))


@pytest.mark.parametrize(
    "model", ["mlp(hidden=[8])", "linear", "cnn", "2nn", "resnet18(groups=8)", "own_models:wide"]
)
def test_hidden_units_are_refused_where_they_have_no_effect(model):
    check_model(ModelConfig(model=model))
    says = f"hidden-units: 16 has no effect on model = {re.escape(model)}, .* leave it out, or set"
    with pytest.raises(ConfigError, match=says):
        check_model(ModelConfig(model=model, hidden_units=16))


def test_the_run_config_of_flower_takes_a_model_as_text(tiny_settings):
    model = "mlp(hidden=[4, 3])"
    config, _, _ = config_from_run_config({**tiny_settings, "model": model, "hidden-units": 128})
    assert config.model.model == Choice("mlp", (("hidden", (4, 3)),))
    assert config.to_flat()["model"] == model
    with pytest.raises(ConfigError, match="unknown model 'magic'"):
        config_from_run_config({**tiny_settings, "model": "magic"})


def test_the_catalog_list_modelss_itself():
    rows = {row.name: row for row in list_models()}
    assert list(rows) == [*CATALOG, "package.module:factory"]
    assert rows["mlp"].arguments == "hidden=[128]"
    assert rows["resnet18"].arguments == "groups=32"
    assert rows["cnn"].arguments == ""
    assert all(row.line.endswith(".") and "\n" not in row.line for row in rows.values())


def test_torchvision_is_imported_by_resnet_alone():
    code = (
        "import sys; from fedcompare.config.groups import ModelConfig as C;"
        "from fedcompare.learning.models.catalog import build_model as b;"
        "b(C(model='cnn'), input_shape=(1, 8, 8), num_outputs=2, seed=0);"
        "sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("command", ["isolated", "federated", "compare"])
def test_a_wrong_model_is_one_message_before_anything_is_done(cli, tmp_path, command):
    nowhere = ("--set", "dataset=idx:nowhere", "--results", tmp_path / "results")
    outcome = cli(command, "--model", "mlp(hiden=[3])", *nowhere)
    assert outcome.code == 3
    assert "model: mlp has no argument hiden; did you mean hidden?" in outcome.err
    assert not (tmp_path / "results").exists()


def test_the_model_is_a_plain_option_and_is_stored(cli, tiny_toml, tmp_path):
    options = ("--config", tiny_toml, "--set", "hidden-units=128", "--results", tmp_path)
    model = ("--model", "mlp(hidden=[4, 3])")
    assert cli("isolated", *model, *options).code == 0
    stored = (tmp_path / "tiny/seed-5/isolated/config.toml").read_text()
    assert 'model = "mlp(hidden=[4, 3])"' in stored
    assert cli("isolated", *model, *options).code == 8  # finished already
    outcome = cli("evaluate", *options)
    assert "model = 'mlp(hidden=[4, 3])', now 'mlp'" in outcome.err.replace("\n", " ")
    assert cli("evaluate", *model, *options).code == 8
