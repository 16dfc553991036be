"""What is not finite is named, wherever it comes from, and gets no number."""

import math
import pickle
from dataclasses import replace

import pytest
import torch
from flwr.app import ArrayRecord, MetricRecord
from flwr.serverapp.strategy import FedAvg
from safetensors.torch import save_file

from fedcompare.config.groups import ModelConfig, TrainConfig
from fedcompare.data.silos import load_silos
from fedcompare.errors import DivergedError, ExitCode, SiloFailedError, WeightsError
from fedcompare.evaluation.evaluator import Evaluator
from fedcompare.execution.campaign import make_parts
from fedcompare.execution.plan import training_stage
from fedcompare.federated import client_app, wire
from fedcompare.federated.engines.catalog import IN_PROCESS
from fedcompare.federated.server import run_federated
from fedcompare.learning.alone import Task, train_alone
from fedcompare.learning.finite import check_finite, first_non_finite
from fedcompare.learning.forward import predict
from fedcompare.learning.models.catalog import build_model
from fedcompare.learning.training import train_round, train_rounds
from fedcompare.learning.weights import read_tensors
from fedcompare.regimes.budgets import Schedule
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.listener import Listener
from fedcompare.runs.directory import RunDirectory
from support import InlineGrid, made_up_examples

EXAMPLES = made_up_examples(70)
NOT_FINITE = (math.nan, math.inf, -math.inf)
TOO_HIGH = 1e39  # more than a float32 holds


def new_model():
    return build_model(ModelConfig(hidden_units=16), input_shape=(1, 8, 8), num_outputs=10, seed=1)


def task(silo, learning_rate, *, batch_size=16, epochs=4, rounds=1, regime=Regime.ISOLATED):
    return Task(
        row=row_of(regime),
        model=new_model(),
        silo=silo,
        config=TrainConfig(learning_rate=learning_rate, momentum=0.9, batch_size=batch_size),
        schedule=Schedule(rounds=rounds, epochs=epochs),
        seed=43,
    )


# The check itself.


@pytest.mark.parametrize("value", NOT_FINITE)
@pytest.mark.parametrize("kind", [float, lambda value: torch.tensor([1.0, value])])
def test_the_first_number_that_is_not_finite_is_named(kind, value):
    numbers = {"a": 1.0, "b": torch.zeros(2), "n": torch.tensor([3]), "c": kind(value), "d": value}
    assert first_non_finite(numbers) == "c"
    with pytest.raises(DivergedError, match=r"^it: c is not finite in round 2\. .*learning-rate"):
        check_finite("it", numbers, when=" in round 2")


def test_finite_numbers_pass():
    numbers = {"largest": torch.finfo().max, "tensor": torch.tensor([-1e38, 0.0]), "none": 0.0}
    assert first_non_finite(numbers) is None
    check_finite("it", numbers)


def test_the_error_has_its_own_exit_code_and_crosses_processes():
    error = DivergedError("it: the loss is not finite")
    assert error.exit_code is ExitCode.DIVERGED
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


# Training without a federation.


def test_the_loop_ends_with_the_first_loss_that_is_not_finite():
    told = []
    config = TrainConfig(learning_rate=1e30, batch_size=16)
    losses = train_round(
        new_model(), EXAMPLES, config, epochs=5, seed=0, on_epoch=lambda *e: told.append(e)
    )
    assert len(losses) < 5
    assert [math.isfinite(loss) for loss in losses] == [True] * (len(losses) - 1) + [False]
    assert told == list(enumerate(losses, start=1))


@pytest.mark.parametrize("regime", [Regime.ISOLATED_EQUAL, Regime.FINE_TUNED])
def test_regime_silo_seed_round_and_epoch_are_named(tiny, regime):
    silo = load_silos(tiny())[2]
    expected = rf"^{regime} training of silo 2, seed 43: the loss is not finite in round 1, epoch "
    with pytest.raises(DivergedError, match=expected):
        train_alone([task(silo, 1000.0, epochs=50, rounds=2, regime=regime)])


def test_weights_that_the_last_step_loses_are_found_though_every_loss_is_finite(tiny):
    silo = load_silos(tiny())[1]
    losses = []
    one = task(silo, TOO_HIGH, batch_size=1000, epochs=1)
    told = replace(one, on_epoch=lambda record: losses.append(record.loss))
    with pytest.raises(DivergedError, match=r"weight is not finite in round 1, epoch 1"):
        train_alone([told])
    assert [math.isfinite(loss) for loss in losses] == [True]


def test_a_later_round_is_named(tiny, monkeypatch):
    silo, rates = load_silos(tiny())[1], iter((0.1, 0.1, TOO_HIGH))

    def faster(rounds):
        (one,) = rounds
        config = one.config.model_copy(update={"learning_rate": next(rates)})
        return train_rounds([replace(one, config=config)])

    monkeypatch.setattr("fedcompare.learning.alone.train_rounds", faster)
    with pytest.raises(DivergedError, match="in round 3, epoch 1"):
        train_alone([task(silo, 0.1, epochs=2, rounds=3)])


def test_a_workers_divergence_arrives_as_what_it_is(tiny, tmp_path):
    config = tiny(learning_rate=TOO_HIGH)
    stage = training_stage(RunDirectory(tmp_path, config), Regime.ISOLATED)
    with pytest.raises(DivergedError, match=r"isolated training of silo \d, seed 5: "):
        make_parts(
            config,
            [stage],
            engine=IN_PROCESS,
            log=tmp_path / "log",
            verbose=False,
            listener=Listener(),
        )
    assert list(tmp_path.iterdir()) == []


def spoilt(silo):
    """Return a silo of which one number is not finite."""
    inputs = silo.train.inputs.clone()
    inputs[3, 0, 0, 0] = math.nan
    return replace(silo, train=replace(silo.train, inputs=inputs))


def test_one_that_diverges_is_named_among_those_that_do_not(tiny):
    silos = load_silos(tiny())
    tasks = [task(silo, 0.01) for silo in (silos[1], spoilt(silos[2]), silos[3])]
    with pytest.raises(DivergedError, match=r"isolated training of silo 2, seed 43: "):
        train_alone(tasks)


def test_inputs_that_are_not_finite_are_found(tiny):
    silo = load_silos(tiny())[1]
    with pytest.raises(DivergedError, match="check the scale of the inputs"):
        train_alone([task(spoilt(silo), 0.01)])


# The federation: the server looks, since a client may be of any make.


def poisoned(kind, *, partition, round_, change):
    """The real client app, but one silo's replies are changed from a round on."""

    def app(message, context):
        reply = client_app.app(message, context)
        is_ours = context.node_config == {"partition-id": partition}
        is_kind = message.metadata.message_type == kind
        if is_ours and is_kind and message.content["config"]["server-round"] >= round_:
            change(reply.content)
        return reply

    return app


def with_metric(key, value):
    def change(content):
        metrics = dict(content[wire.METRICS])
        if value is None:
            del metrics[key]
        else:
            metrics[key] = value
        content[wire.METRICS] = MetricRecord(metrics)

    return change


def with_weight(value):
    def change(content):
        state = {name: t.clone() for name, t in wire.decode_state(content[wire.ARRAYS]).items()}
        state["output.weight"][2, 3] = value
        content[wire.ARRAYS] = ArrayRecord(state)

    return change


@pytest.mark.parametrize("value", NOT_FINITE)
@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("train", lambda v: with_metric("losses", [v]), "the training of silo 2 in the federation"),
        ("train", with_weight, "the training of silo 2 in the federation, seed 5: output.weight"),
        ("evaluate", lambda v: with_metric("losses", [v]), "evaluated by silo 2: the loss"),
    ],
)
def test_a_reply_that_is_not_finite_names_silo_and_round(tiny, kind, change, says, value):
    app = poisoned(kind, partition=1, round_=2, change=change(value))
    with pytest.raises(DivergedError, match=rf"{says}.* is not finite in round 2"):
        run_federated(InlineGrid(3, app=app), tiny())


@pytest.mark.parametrize(
    ("kind", "key", "value", "says"),
    [
        ("train", "losses", None, "no loss"),
        ("train", "losses", [], "no loss"),
        ("train", "losses", 0.5, "no report of this version"),
        ("train", "num-examples", 0, "0 examples"),
        ("train", "num-examples", -3, "-3 examples"),
        ("train", "num-examples", math.nan, "no report of this version"),
        ("train", "num-examples", math.inf, "no report of this version"),
        ("train", "seconds", math.nan, "nan seconds"),
        ("train", "cpu-seconds", math.inf, "inf of them"),
        ("evaluate", "losses", None, "no loss"),
        ("evaluate", "num-correct", 10**6, "1000000 of .* examples right"),
        ("evaluate", "num-correct", -1, "-1 of .* examples right"),
        ("evaluate", "partition-id", [0, 1], "no report of this version"),
    ],
)
def test_a_reply_that_cannot_be_is_a_failed_silo_and_no_fault_of_ours(tiny, kind, key, value, says):
    app = poisoned(kind, partition=1, round_=1, change=with_metric(key, value))
    with pytest.raises(SiloFailedError, match=says):
        run_federated(InlineGrid(3, app=app), tiny())


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.array_records.pop(wire.ARRAYS),
        lambda content: content.update({wire.ARRAYS: ArrayRecord({"output.bias": torch.ones(1)})}),
        # Numpy would broadcast it in the average.
        lambda content: content[wire.ARRAYS].update(ArrayRecord({"output.bias": torch.ones(1)})),
    ],
)
def test_weights_of_no_or_another_model_are_a_failed_silo(tiny, change):
    app = poisoned("train", partition=2, round_=2, change=change)
    with pytest.raises(SiloFailedError, match=r"silo 3 (sent weights of another|.*no weights)"):
        run_federated(InlineGrid(3, app=app), tiny())


def test_an_average_that_overflows_is_the_servers(tiny, monkeypatch):
    aggregate, sent = FedAvg.aggregate_train, []

    def overflow(self, server_round, replies):
        arrays, metrics = aggregate(self, server_round, replies)
        state = {name: tensor * torch.inf for name, tensor in arrays.to_torch_state_dict().items()}
        return ArrayRecord(state), metrics

    def app(message, context):
        sent.append(message.metadata.message_type)
        return client_app.app(message, context)

    monkeypatch.setattr(FedAvg, "aggregate_train", overflow)
    expected = r"the server's average in the federation, seed 5: .* is not finite in round 1"
    with pytest.raises(DivergedError, match=expected):
        run_federated(InlineGrid(3, app=app), tiny())
    assert "evaluate" not in sent


def test_a_coalition_is_named(tiny):
    expected = r"silo 3 in the federation of silos 1, 3, seed 5: .* in round 1"
    app = poisoned("train", partition=2, round_=1, change=with_weight(math.nan))
    with pytest.raises(DivergedError, match=expected):
        run_federated(InlineGrid(3, app=app), tiny(), members=(1, 3))


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        (
            "train",
            with_weight(math.nan),
            "training of site 7 in the federation of Torgersen, site 7",
        ),
        ("evaluate", with_metric("losses", [math.inf]), "evaluated by site 7: the loss"),
        ("train", with_metric("losses", []), "site 7 replied what cannot be"),
        (
            "train",
            lambda content: content.update({wire.ARRAYS: ArrayRecord({"a": torch.ones(1)})}),
            "site 7 sent weights of another model",
        ),
    ],
)
def test_faults_of_silos_with_names_say_whose_they_are(tiny, kind, change, says):
    app = poisoned(kind, partition=1, round_=1, change=change)
    names = ("Torgersen", "site 7", "東京")
    with pytest.raises((DivergedError, SiloFailedError), match=says) as caught:
        run_federated(InlineGrid(3, app=app), tiny(), members=(1, 2), names=names)
    assert "silo 2" not in str(caught.value)


def test_a_client_answers_with_what_it_has(tiny):
    config = tiny(learning_rate=TOO_HIGH, local_epochs=5)
    losses = []

    def app(message, context):
        reply = client_app.app(message, context)
        if message.metadata.message_type == "train":
            losses.append(wire.decode_report(reply).losses)
        return reply

    with pytest.raises(DivergedError, match=r"the training of silo 1 .* in round 1, epoch "):
        run_federated(InlineGrid(3, app=app), config)
    assert all(0 < len(own) < 5 and not math.isfinite(own[-1]) for own in losses)


# Evaluation, and what is stored.


def test_softmax_hides_no_logit_that_is_not_finite():
    model = new_model()
    with torch.no_grad():
        model.output.bias[4] = -math.inf
    probabilities = predict(model, EXAMPLES.inputs)
    assert torch.isnan(probabilities).all()


def test_finite_weights_whose_answers_overflow_are_named(tiny):
    evaluator = Evaluator(tiny(), load_silos(tiny()))
    state = {name: torch.full_like(tensor, 1e30) for name, tensor in evaluator.initial.items()}
    with pytest.raises(DivergedError, match="the model of ours: an answer on the test set is not"):
        evaluator.predict(state, source="the model of ours")


@pytest.mark.parametrize("value", NOT_FINITE)
def test_weights_that_are_not_finite_are_named(tiny, value):
    evaluator = Evaluator(tiny(), load_silos(tiny()))
    state = {name: tensor.clone() for name, tensor in evaluator.initial.items()}
    state["hidden.bias"][0] = value
    with pytest.raises(DivergedError, match=r"the average: hidden\.bias is not finite"):
        evaluator.predict(state, source="the average")


@pytest.mark.parametrize("value", NOT_FINITE)
def test_stored_tensors_that_are_not_finite_are_not_read(tmp_path, value):
    path = tmp_path / "silo-1.safetensors"
    save_file({"bias": torch.tensor([0.0, value]), "labels": torch.tensor([1])}, path)
    with pytest.raises(WeightsError, match=r"silo-1\.safetensors: bias is not finite") as error:
        read_tensors(path)
    assert "--force" in str(error.value)
