"""Federated training over an in-process grid: the same apps, without Ray."""

from types import SimpleNamespace

import numpy as np
import pytest
from flwr.app import ArrayRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

import fedcompare
from fedcompare.data.silos import load_silos
from fedcompare.errors import SiloFailedError
from fedcompare.federated import client_app, wire
from fedcompare.federated.global_model import GlobalModel
from fedcompare.federated.roster import Rostered
from fedcompare.federated.server import run_federated
from fedcompare.federated.strategies import build_strategy
from fedcompare.learning.alone import Task, train_alone
from fedcompare.learning.models.catalog import initial_model
from fedcompare.learning.training import train_round
from fedcompare.learning.weights import state_from_bytes
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.records import Phase, ServerRecord
from fedcompare.regimes.trained import untested
from support import InlineGrid, shared_weights, write_idx


class SlowGrid(InlineGrid):
    """Delivers one reply a call, the last first."""

    def pull_messages(self, message_ids):
        waiting = [key for key in message_ids if key in self._replies]
        return [self._replies.pop(key) for key in waiting[-1:]]


def isolated_task(config):
    silos, row = load_silos(config), row_of(Regime.ISOLATED_EQUAL)
    return Task(
        row=row,
        model=initial_model(config, silos.dataset),
        silo=silos[1],
        config=config.train,
        schedule=row.schedule(config),
        seed=config.seed,
    )


@pytest.mark.parametrize(
    ("rounds", "epochs", "l2_penalty"), [(1, 1, 0.0), (3, 2, 0.0), (3, 2, 5.0)]
)
def test_one_silo_fedavg_is_isolated_training_bit_for_bit(tiny, rounds, epochs, l2_penalty):
    config = tiny(
        num_silos=1,
        excluded_classes="1,3,7",
        num_server_rounds=rounds,
        local_epochs=epochs,
        l2_penalty=l2_penalty,
    )
    federated = run_federated(InlineGrid(1), config)
    (alone,) = train_alone([isolated_task(config)])
    assert len(alone.rounds) == rounds
    assert shared_weights(federated) == [one.weights[1] for one in alone.rounds]
    assert federated.epochs == alone.epochs


@pytest.mark.parametrize("members", [(1, 2, 3), (1, 3)])
def test_who_train_together_have_the_objective_of_their_pooled_data(tiny, members):
    """The mean of one full step of each silo is one of all their examples, penalty included."""
    config = tiny(
        num_server_rounds=1, momentum=0.0, batch_size=1000, l2_penalty=40.0, learning_rate=0.5
    )
    found = run_federated(InlineGrid(3), config, members=members)
    silos = load_silos(config)
    rows = np.concatenate([silos.plan.rows(silo)[0] for silo in members])
    model = initial_model(config, silos.dataset)
    train_round(model, silos.dataset.train.subset(rows), config.train, epochs=1, seed=0)
    state = state_from_bytes(shared_weights(found)[-1])
    for name, expected in model.state_dict().items():
        np.testing.assert_allclose(state[name], expected, atol=1e-6)


@pytest.mark.parametrize("order", [lambda r: r[::-1], lambda r: r[1:] + r[:1]])
def test_the_order_of_replies_changes_nothing(tiny, order):
    config = tiny(num_server_rounds=3)
    expected = run_federated(InlineGrid(3), config)
    found = run_federated(InlineGrid(3, order=order), config)
    assert shared_weights(found) == shared_weights(expected)
    assert found.epochs == expected.epochs
    assert found.server == expected.server


def test_replies_that_arrive_one_at_a_time_change_nothing(tiny):
    slow, fast = (run_federated(grid, tiny()) for grid in (SlowGrid(3), InlineGrid(3)))
    assert shared_weights(slow) == shared_weights(fast)


def test_the_order_of_nodes_changes_nothing(tiny):
    nodes = [{"partition-id": index} for index in (2, 0, 1)]
    found, expected = (run_federated(InlineGrid(order), tiny()) for order in (nodes, 3))
    assert shared_weights(found) == shared_weights(expected)


def test_another_seed_gives_other_weights(tiny):
    first, second = (run_federated(InlineGrid(3), tiny(seed=seed)) for seed in (1, 2))
    assert shared_weights(first)[-1] != shared_weights(second)[-1]


def strategy(config):
    return Rostered(
        build_strategy(config.federation),
        silos=range(1, config.partition.num_silos + 1),
        fraction_evaluate=config.federation.fraction_evaluate,
        seed=config.seed,
    )


def reply_with(array, num_examples):
    message = Message(content=RecordDict(), message_type=MessageType.TRAIN, dst_node_id=1)
    metrics = MetricRecord({"partition-id": 0, wire.NUM_EXAMPLES: num_examples})
    arrays = ArrayRecord([np.array(array, dtype=np.float32)])
    return Message(
        content=RecordDict({wire.ARRAYS: arrays, wire.METRICS: metrics}), reply_to=message
    )


def test_the_average_is_weighted_by_examples(tiny):
    InlineGrid(1)  # sets Flower's identity of this process
    replies = [reply_with([4.0, 0.0], 1), reply_with([0.0, 8.0], 3)]
    config = tiny(num_silos=2, excluded_classes="")
    arrays, _ = strategy(config).aggregate_train(1, replies)
    np.testing.assert_allclose(arrays.to_numpy_ndarrays()[0], [1.0, 6.0])


def test_an_average_of_fewer_than_all_silos_is_refused(tiny):
    InlineGrid(1)
    with pytest.raises(SiloFailedError, match="1 of 3"):
        strategy(tiny()).aggregate_train(1, [reply_with([1.0], 1)])


def faulty_app(kind, *, partition):
    """The real client app, but one silo raises when it gets a message of this kind."""

    def app(message, context):
        if message.metadata.message_type == kind and context.node_config == {
            "partition-id": partition
        }:
            raise ValueError("the disk of this silo burns")
        return client_app.app(message, context)

    return app


@pytest.mark.parametrize("kind", [MessageType.TRAIN, MessageType.EVALUATE])
def test_a_silo_that_raises_is_named_with_its_traceback(tiny, kind):
    grid = InlineGrid(3, app=faulty_app(kind, partition=1))
    with pytest.raises(SiloFailedError, match=r"silo 2 failed: .*the disk of this silo burns") as e:
        run_federated(grid, tiny())
    assert "Traceback (most recent call last)" in e.value.details


def test_a_silo_that_fails_before_it_is_known_stops_the_run(tiny):
    grid = InlineGrid(3, app=faulty_app(MessageType.QUERY, partition=1))
    with pytest.raises(SiloFailedError, match="the disk of this silo burns"):
        run_federated(grid, tiny())


def test_a_silent_silo_is_named_when_the_time_is_up(tiny):
    def is_silent(message):
        return message.metadata.message_type == "train" and message.metadata.dst_node_id == 102

    with pytest.raises(SiloFailedError, match=r"no answer from silo 3 within 0\.05 s"):
        run_federated(InlineGrid(3, is_silent=is_silent), tiny(round_timeout=0.05))


def test_too_few_nodes_stop_the_run(tiny):
    with pytest.raises(SiloFailedError, match="only 2 of 3 silos came online"):
        run_federated(InlineGrid(2), tiny(connect_timeout=0.05))


def test_too_many_nodes_stop_the_run(tiny):
    with pytest.raises(SiloFailedError, match=r"4 nodes are online, but num-silos = 3"):
        run_federated(InlineGrid(4), tiny())


def test_two_nodes_that_claim_to_be_one_silo_stop_the_run(tiny):
    nodes = [{"partition-id": index} for index in (0, 1, 1)]
    with pytest.raises(SiloFailedError, match=r"\[1, 2, 2\].*partition-id"):
        run_federated(InlineGrid(nodes), tiny())


@pytest.mark.parametrize(
    ("node", "problem"), [({}, "needs --node-config"), ({"partition-id": 3}, "outside 0..2")]
)
def test_a_node_without_a_valid_partition_id_stops_the_run(tiny, node, problem):
    nodes = [{"partition-id": 0}, {"partition-id": 1}, node]
    with pytest.raises(SiloFailedError, match=problem):
        run_federated(InlineGrid(nodes), tiny())


def test_a_client_of_another_version_refuses(tiny, monkeypatch):
    def app(message, context):
        other = SimpleNamespace(__version__="9.9.9")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wire, "fedcompare", other)
            return client_app.app(message, context)

    expected = rf"the server has fedcompare {fedcompare.__version__}, this silo 9\.9\.9"
    with pytest.raises(SiloFailedError, match=expected):
        run_federated(InlineGrid(3, app=app), tiny())


def test_a_client_that_is_not_ours_is_told_so(tiny):
    foreign = ClientApp()

    @foreign.query()
    def describe(message, context):
        return Message(content=RecordDict(), reply_to=message)

    with pytest.raises(SiloFailedError, match="does it run the fedcompare client app"):
        run_federated(InlineGrid(3, app=foreign), tiny())


def test_reports_of_every_silo_and_round_are_kept(tiny):
    config = tiny(num_server_rounds=2, local_epochs=3)
    trained = run_federated(InlineGrid(3), config)
    kept = [(record.round, record.phase, record.silo) for record in trained.reports]
    assert kept == [
        (round_, phase, silo) for round_ in (1, 2) for phase in Phase for silo in (1, 2, 3)
    ]
    kept = [(record.round, record.silo, record.epoch) for record in trained.epochs]
    assert kept == [(r, s, e) for r in (1, 2) for s in (1, 2, 3) for e in (1, 2, 3)]


def test_reports_tell_the_truth_about_the_silos(tiny):
    config = tiny()
    silos = load_silos(config)
    trained = run_federated(InlineGrid(3), config)
    assert trained.label_counts == tuple(silo.label_counts(10) for silo in silos)
    for record in trained.reports:
        silo = silos[record.silo]
        evaluated = record.phase is Phase.EVALUATE
        assert record.num_examples == len(silo.test if evaluated else silo.train)
        assert (record.accuracy is not None) == evaluated


def test_the_server_measures_every_round_on_all_classes_and_every_subset(tiny):
    seen = []
    trained = run_federated(InlineGrid(3), tiny(), seen.append)
    parts = [(record.round, record.evaluated_on) for record in trained.server]
    names = ("all", "1,3,7", "2,5,8", "4,6,9")
    assert parts == [(round_, name) for round_ in (0, 1, 2) for name in names]
    assert tuple(row for row in seen if isinstance(row, ServerRecord)) == trained.server
    rows = [row for row in seen if not isinstance(row, ServerRecord)]
    assert sorted(rows, key=lambda r: (r.round, r.phase != Phase.TRAIN, r.silo)) == list(
        trained.reports
    )
    assert trained.server[-4].accuracy > trained.server[0].accuracy


@pytest.mark.parametrize(("fraction", "expected"), [(0.0, 0), (0.01, 1), (0.5, 5), (1.0, 10)])
def test_the_fraction_decides_how_many_silos_evaluate(tiny, fraction, expected):
    config = tiny(num_silos=10, excluded_classes="", fraction_evaluate=fraction)
    drawn = [strategy(config).evaluating_silos(round_) for round_ in range(1, 30)]
    assert {len(silos) for silos in drawn} == {expected}
    assert drawn == [strategy(config).evaluating_silos(round_) for round_ in range(1, 30)]


def test_each_round_draws_silos_anew(tiny):
    config = tiny(num_silos=10, excluded_classes="", fraction_evaluate=0.5)
    drawn = [strategy(config).evaluating_silos(round_) for round_ in range(1, 30)]
    assert set().union(*drawn) == set(range(1, 11))
    assert len(set(map(tuple, drawn))) > 10


def test_no_silo_evaluates_where_the_fraction_is_zero(tiny):
    grid = InlineGrid(3)
    trained = run_federated(grid, tiny(fraction_evaluate=0.0))
    assert {record.phase for record in trained.reports} == {Phase.TRAIN}
    assert {message.metadata.message_type for message in grid.sent} == {"query", "train"}


def test_only_the_drawn_silos_evaluate(tiny):
    config = tiny(num_silos=4, excluded_classes="", fraction_evaluate=0.5)
    trained = run_federated(InlineGrid(4), config)
    for round_ in (1, 2):
        found = [r.silo for r in trained.reports if (r.round, r.phase) == (round_, Phase.EVALUATE)]
        assert found == strategy(config).evaluating_silos(round_)


@pytest.fixture(scope="module")
def scarce(tiny, tmp_path_factory):
    """Twelve silos of four training examples each, and only five test examples."""
    folder = write_idx(tmp_path_factory.mktemp("scarce") / "idx", train=48, test=5)
    return tiny(dataset=f"idx:{folder}", num_silos=12, excluded_classes="", num_server_rounds=1)


def test_a_silo_without_test_examples_has_no_number(scarce):
    trained = run_federated(InlineGrid(12), scarce)
    sizes = {silo.id: len(silo.test) for silo in load_silos(scarce)}
    assert untested(trained.reports) == [silo for silo, size in sizes.items() if not size] != []
    for record in trained.reports:
        if record.phase is Phase.EVALUATE:
            empty = not sizes[record.silo]
            assert record.num_examples == sizes[record.silo]
            assert ((record.loss is None), (record.accuracy is None)) == (empty, empty)


def test_the_server_measures_what_silos_lack_by_chance(scarce):
    trained = run_federated(InlineGrid(12), scarce)
    lacks = dict.fromkeys(
        ",".join(str(c) for c, n in enumerate(counts) if not n) for counts in trained.label_counts
    )
    last = [record for record in trained.server if record.round == 1]
    assert [record.evaluated_on for record in last] == ["all", *lacks]


def test_a_part_of_the_test_set_without_examples_has_no_number(scarce):
    # Five test examples are of the classes 0 to 4.
    counts = [(1,) * 5 + (0,) * 5, (0,) + (1,) * 9]
    model = GlobalModel(scarce, load_silos(scarce), name="the federation")
    parts = model.parts_of_test_set(counts)
    found = model.evaluate(0, wire.encode_state(model.initial_state), parts)
    by_part = {record.evaluated_on: record for record in found}
    assert list(by_part) == ["all", "5,6,7,8,9", "0"]
    empty = by_part["5,6,7,8,9"]
    assert (empty.accuracy, empty.loss, empty.num_examples) == (None, None, 0)
    assert by_part["0"].num_examples == 1
    assert by_part["0"].loss > 0
