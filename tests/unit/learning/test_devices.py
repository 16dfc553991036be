"""Which device models are on, when, and what is said of it; there is a GPU in no test.

"cpu:0" is the CPU under another name: what goes to it takes the ways that lead to a GPU.
"""

import pytest
import torch
from torch import nn

from fedcompare import api, doctor
from fedcompare.config.groups import TrainConfig
from fedcompare.errors import ConfigError, ResourceError
from fedcompare.federated.engines.simulation import backend_config
from fedcompare.federated.server_app import config_from_run_config
from fedcompare.learning import devices
from fedcompare.learning.devices import available, find_device, here, placed, settle_device
from fedcompare.learning.forward import predict, torch_threads
from fedcompare.learning.training import train_round
from fedcompare.learning.weights import state_to_bytes
from fedcompare.regimes.devices import is_repeatable, repeatability
from support import made_up_examples

GPU = "cpu:0"
EXAMPLES = made_up_examples(70)
CONFIG = TrainConfig(learning_rate=0.05, batch_size=16)
ON_GPU = CONFIG.model_copy(update={"device": GPU})


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(devices, "available", lambda: (GPU, "cpu"))


@pytest.fixture(autouse=True)
def one_thread():
    with torch_threads(1):
        yield


class Noted(nn.Sequential):
    """A model that draws, and notes where it is brought, and what is on when it answers."""

    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(64, 10), nn.Dropout(0.3))
        self.brought, self.deterministic = [], set()

    def to(self, place):
        self.brought.append(str(place))
        return super().to(place)

    def forward(self, inputs):
        self.deterministic.add(torch.are_deterministic_algorithms_enabled())
        return super().forward(inputs)


def new_model():
    torch.manual_seed(1)
    return Noted()


def test_a_machine_always_has_a_cpu_and_the_fastest_device_comes_first(monkeypatch):
    assert available()[-1] == "cpu"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert available()[0] == find_device("auto") == "cuda"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert available() == ("mps", "cpu")


def test_the_cpu_is_not_looked_for(monkeypatch):
    monkeypatch.setattr(devices, "available", lambda: pytest.fail("looked"))
    assert find_device("cpu") == "cpu"


def test_what_was_left_open_is_settled_before_anything_is_made(tiny, gpu, tiny_settings):
    for config in (
        settle_device(tiny(device="auto")),
        api.configure(tiny_settings | {"device": "auto"}),
        config_from_run_config(tiny_settings | {"device": "auto"})[0],
    ):
        assert config.train.device == GPU
        assert config.counted()["device"] == GPU
    assert settle_device(tiny()) == tiny()


def test_what_a_gpu_answered_is_verified_on_the_cpu_where_there_is_none(tiny, monkeypatch):
    assert here(tiny(device="cuda")) == tiny()
    assert here(tiny()) == tiny()
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "cpu"))
    assert here(tiny(device="cuda")) == tiny(device="cuda")


def test_a_device_that_is_not_there_is_refused_with_those_that_are(cli, monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "available", lambda: ("mps", "cpu"))
    for command in ("isolated", "federated", "evaluate", "compare"):
        outcome = cli(command, "--device", "cuda", "--results", tmp_path)
        assert outcome.code == ConfigError.exit_code
        assert "device: torch finds no cuda on this machine; it has mps, cpu" in outcome.err
        assert "--device: should be 'auto', 'cpu'" in cli(command, "--device", "gpu").err
    assert not list(tmp_path.iterdir())


def test_training_is_done_on_the_device_and_leaves_weights_on_the_cpu(gpu):
    on_cpu, on_gpu = new_model(), new_model()
    expected = train_round(on_cpu, EXAMPLES, CONFIG, epochs=2, seed=3)
    assert train_round(on_gpu, EXAMPLES, ON_GPU, epochs=2, seed=3) == expected
    assert on_cpu.brought == []
    assert on_gpu.brought == [GPU, "cpu"]
    assert state_to_bytes(on_gpu.state_dict()) == state_to_bytes(on_cpu.state_dict())


def test_batches_are_brought_to_the_model(gpu, monkeypatch):
    places, to = [], torch.Tensor.to
    monkeypatch.setattr(
        torch.Tensor,
        "to",
        lambda self, *where: places.append((len(self), *map(str, where))) or to(self, *where),
    )
    monkeypatch.setattr(Noted, "to", lambda self, place: self)
    train_round(new_model(), EXAMPLES, ON_GPU, epochs=1, seed=3)
    assert [size for size, _ in places] == [16, 16] * 4 + [6, 6]
    places.clear()
    predict(new_model(), EXAMPLES.inputs, device=GPU)
    assert places == [(70, GPU)]


def test_answers_are_given_on_the_device_and_come_back(gpu):
    model = new_model()
    expected = predict(model, EXAMPLES.inputs)
    assert model.brought == []
    assert torch.equal(predict(model, EXAMPLES.inputs, device=GPU), expected)
    assert model.brought == [GPU, "cpu"]


def test_a_model_comes_back_however_the_block_ends(gpu):
    model = new_model()
    with pytest.raises(KeyError), placed(model, GPU):
        raise KeyError
    assert model.brought == [GPU, "cpu"]


def test_deterministic_algorithms_are_on_for_cuda_only_and_only_meanwhile(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    model = new_model()
    for name, expected in (("cuda", {True}), ("mps", {False})):
        model.deterministic.clear()
        with devices._deterministic(name):
            model(EXAMPLES.inputs)
        assert model.deterministic == expected
        assert not torch.are_deterministic_algorithms_enabled()
    train_round(model, EXAMPLES, CONFIG, epochs=1, seed=3)
    assert model.deterministic == {False}


@pytest.mark.parametrize(
    ("raised", "error", "problem"),
    [
        (
            RuntimeError("x_cuda does not have a deterministic implementation, but\nyou set"),
            ConfigError,
            "device: the model does what has no deterministic algorithm on cpu:0: x_cuda does not "
            "have a deterministic implementation, but; use device = cpu",
        ),
        (torch.OutOfMemoryError("2 GiB"), ResourceError, "the memory of cpu:0 is full; lower batc"),
        (RuntimeError("shapes"), RuntimeError, "shapes"),
    ],
)
def test_what_a_device_cannot_do_is_said_with_the_remedy(gpu, raised, error, problem):
    with pytest.raises(error) as caught, placed(new_model(), GPU):
        raise raised
    assert problem in str(caught.value)


def test_a_full_memory_of_the_machine_itself_is_not_the_devices():
    with pytest.raises(RuntimeError, match="deterministic"), placed(new_model(), "cpu"):
        raise RuntimeError("deterministic")


def test_workers_are_not_forked_where_there_is_a_gpu(tiny):
    assert tiny().train.forks
    assert not tiny(device="cuda").train.forks
    assert not tiny(threads_per_silo=2).train.forks


@pytest.mark.parametrize("workers", [1, 3, 7, 49, 96])
def test_ray_shows_the_gpu_to_all_clients_and_to_none_without_one(tiny, tmp_path, workers):
    def settings(device):
        config = tiny(device=device)
        found = backend_config(workers, config, tmp_path, verbose=False)
        return found["client_resources"]["num_gpus"], found["init_args"]["num_gpus"]

    assert settings("cpu") == settings("mps") == (0, 0)
    share, gpus = settings("cuda")
    assert gpus == 1
    assert gpus // share >= workers


def test_what_the_same_seeds_give_again_is_said(monkeypatch):
    assert repeatability("cpu") == (
        "On one machine with the same versions, the same seeds give the same numbers."
    )
    assert "same device (cuda), the same seeds give the same numbers" in repeatability("cuda")
    assert "made again, the same seeds may give other bits" in repeatability("mps")
    assert [is_repeatable(name) for name in ("cpu", "cuda", "mps")] == [True, True, False]
    monkeypatch.setattr(devices, "available", lambda: ("mps", "cpu"))
    assert doctor._check_devices().finding == f"mps, cpu. {repeatability('mps')}"
