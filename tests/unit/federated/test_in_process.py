"""The engine without Ray: clients in workers of our own, which end with their session."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from flwr.app import MessageType

from fedcompare import api
from fedcompare.errors import ConfigError, ExitCode, ResourceError, SiloFailedError
from fedcompare.federated import client, client_app, wire
from fedcompare.federated.engines import catalog, in_process
from fedcompare.federated.engines.catalog import IN_PROCESS, SIMULATION, check_engine, find_engine
from fedcompare.federated.engines.crew_grid import FIRST_NODE, ClientJob
from fedcompare.federated.server import run_federated
from fedcompare.federated.session import SESSION, FederatedJob, hire_session
from fedcompare.machine.crew import Crew
from fedcompare.machine.processes import processes
from fedcompare.regimes.records import RoundRecord, ServerRecord
from made_up_tables import patients, write_csv
from sessions import run_session
from support import InlineGrid

PATIENCE = 120.0
SCRIPTS = Path(__file__).parents[2]


@pytest.fixture
def config(tiny):
    return tiny(engine=IN_PROCESS)


def without_time(trained):
    """Return what a federation gave, and not how long it took."""
    reports = [replace(report, seconds=0, cpu_seconds=0) for report in trained.reports]
    weights = [dict(one.weights) for one in trained.rounds]
    return weights, trained.epochs, trained.server, reports, trained.label_counts


@pytest.mark.parametrize(
    ("silos", "transforms"),
    [(1, ""), (3, "; blur(deviation=1) + noise(deviation=0.1); label-noise(share=0.2)"), (7, "")],
)
def test_every_byte_is_that_of_the_inline_grid(tiny, tmp_path, silos, transforms):
    config = tiny(
        engine=IN_PROCESS,
        num_silos=silos,
        excluded_classes="",
        fraction_evaluate=0.5,
        transforms=transforms,
    )
    found = run_session(config, tmp_path / "log")
    expected = run_federated(InlineGrid(silos), config)
    assert without_time(found) == without_time(expected)


def test_workers_that_are_spawned_give_the_same_bytes(tiny, tmp_path):
    two = tiny(engine=IN_PROCESS, threads_per_silo=2)
    found = run_session(two, tmp_path / "log")
    assert without_time(found) == without_time(run_federated(InlineGrid(3), two))


def test_every_row_is_told_as_it_happens(config, tmp_path):
    told = []
    trained = run_session(config, tmp_path / "log", tell=told.append)
    reports = [record for record in told if isinstance(record, RoundRecord)]
    assert {id(record) for record in reports}.isdisjoint(map(id, trained.reports))  # on the way
    assert sorted(reports, key=lambda r: (r.round, r.phase == "evaluate", r.silo)) == list(
        trained.reports
    )
    assert tuple(r for r in told if isinstance(r, ServerRecord)) == trained.server
    assert "[ROUND 2/2]" in (tmp_path / "log").read_text()


def run_jobs(config, jobs, log, *, small, tell=lambda job, record: None):
    """Return what a session makes of federations, in the order of the jobs."""
    crew, found = Crew(), {}
    try:
        hire_session(crew, config, engine=IN_PROCESS, log=log, verbose=False, small=small)
        crew.submit(SESSION, jobs)
        for event in crew.events():
            if event.done:
                found[id(event.job)] = event.content
            else:
                tell(event.job, event.content)
    finally:
        crew.stop()
    return [found[id(job)] for job in jobs]


def federations(config):
    """Return jobs of several seeds and coalitions."""
    everybody = (1, 2, 3)
    chosen = [(5, everybody), (5, (1, 3)), (6, everybody), (7, (2, 3)), (5, everybody)]
    return [FederatedJob(config=config.with_seed(seed), members=m) for seed, m in chosen]


@pytest.mark.parametrize("small", [False, True])
def test_federations_and_coalitions_of_several_seeds_have_the_bytes_they_have_alone(
    config, tmp_path, small
):
    jobs = federations(config)
    for job, trained in zip(
        jobs, run_jobs(config, jobs, tmp_path / "log", small=small), strict=True
    ):
        expected = run_federated(InlineGrid(3), job.config, members=job.members)
        assert without_time(trained) == without_time(expected)


def rounds_told(config, log, *, small):
    """Return of which job and round what was told, in the order of time."""
    jobs, told = federations(config), []

    def tell(job, record):
        if isinstance(record, ServerRecord):
            told.append((record.round, jobs.index(job)))

    run_jobs(config, jobs, log, small=small, tell=tell)
    return list(dict.fromkeys(told))


def test_small_federations_go_from_round_to_round_together(config, tmp_path):
    together = rounds_told(config, tmp_path / "log", small=True)
    apart = rounds_told(config, tmp_path / "log", small=False)
    assert [number for number, _ in together] == sorted(number for number, _ in together)
    assert [job for _, job in apart] == sorted(job for _, job in apart)
    assert sorted(together) == sorted(apart)


def test_what_federations_take_that_take_turns_adds_up_to_the_time_of_all(config, tmp_path):
    start = time.perf_counter()
    trained = run_jobs(config, federations(config), tmp_path / "log", small=True)
    seconds = [one.seconds for one in trained]
    assert min(seconds) > 0
    assert sum(seconds) <= time.perf_counter() - start


def failing_together(monkeypatch, fail):
    """Let the silos of seed 6 fail where they are to train with others in round 2."""
    whole = client_app.train_together

    def train_together(messages, contexts):
        for message in messages:
            seed = wire.decode_task(message).config.seed
            if (seed, message.content["config"]["server-round"]) == (6, 2):
                fail()
        return whole(messages, contexts)

    monkeypatch.setattr(client_app, "train_together", train_together)


def test_of_several_federations_the_failing_one_is_named(config, tmp_path, monkeypatch):
    failing_together(monkeypatch, burn)
    says = r"^the federation, seed 6: silo \d failed: .*the disk of this silo burns"
    with pytest.raises(SiloFailedError, match=says) as error:
        run_jobs(config, federations(config), tmp_path / "log", small=True)
    assert "in burn" in error.value.details


def test_a_client_that_is_killed_among_several_federations_is_named(config, tmp_path, monkeypatch):
    failing_together(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGKILL))
    says = r"silo \d(, or one of \d+ done with it)?: its process died \(exit code -9\)"
    with pytest.raises(SiloFailedError, match=says):
        run_jobs(config, federations(config), tmp_path / "log", small=True)


def requests(config, round_=1):
    """Return the server's requests for training of every silo, as they reach a worker."""
    grid, sent = InlineGrid(3), []
    push = grid.push_messages

    def spy(messages):
        messages = list(messages)
        sent.extend(messages)
        return push(messages)

    grid.push_messages = spy
    run_federated(grid, config)
    trainings = [m for m in sent if m.metadata.message_type == MessageType.TRAIN]
    return trainings[3 * (round_ - 1) : 3 * round_]


def replies(messages):
    found = in_process.answer_all(messages, 3)
    return [(wire.decode_report(r), wire.decode_state(r.content["arrays"])) for r in found]


def at_nodes(messages):
    """Let the engine's own nodes be asked."""
    for message in messages:
        silo = message.metadata.dst_node_id - 100
        message.metadata.__dict__["_dst_node_id"] = FIRST_NODE + silo
    return messages


def test_requests_that_are_answered_together_get_the_bits_they_get_alone(config):
    messages = at_nodes(requests(config))
    together = replies(messages)
    alone = [reply for message in messages for reply in replies([message])]
    for (report, state), (own_report, own_state) in zip(together, alone, strict=True):
        assert (report.silo, report.losses) == (own_report.silo, own_report.losses)
        assert state.keys() == own_state.keys()
        assert all(torch.equal(state[name], own_state[name]) for name in state)


def test_of_requests_that_are_answered_together_only_the_failing_one_is_an_error(
    config, monkeypatch
):
    messages, whole = at_nodes(requests(config)), client.train

    def train(tasks):
        if any(node["partition-id"] == 1 for _, node in tasks):
            burn()
        return whole(tasks)

    monkeypatch.setattr(client, "train", train)
    found = in_process.answer_all(messages, 3)
    assert [reply.has_error() for reply in found] == [False, True, False]
    assert "in burn" in found[1].error.reason


# Failures.


def failing(monkeypatch, fail):
    """Let silo 2 fail when it is to train in round 2."""
    whole = client_app.app

    def app(message, context):
        moment = message.content["config"].get("server-round"), context.node_config["partition-id"]
        if moment == (2, 1) and message.metadata.message_type == "train":
            fail()
        return whole(message, context)

    monkeypatch.setattr(client_app, "app", app)


def burn():
    raise ValueError("the disk of this silo burns")


def test_a_silo_that_raises_is_named_with_its_traceback(config, tmp_path, monkeypatch):
    failing(monkeypatch, burn)
    with pytest.raises(
        SiloFailedError, match=r"^silo 2 failed: .*the disk of this silo burns"
    ) as e:
        run_session(config, tmp_path / "log")
    assert "in burn" in e.value.details


def test_a_client_that_is_killed_is_named(config, tmp_path, monkeypatch):
    failing(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(SiloFailedError, match=r"^silo 2: its process died \(exit code -9\)"):
        run_session(config, tmp_path / "log")


def test_a_client_that_is_killed_has_the_name_that_the_data_give_it(tmp_path, monkeypatch):
    failing(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGKILL))
    path = write_csv(tmp_path / "patients.csv", patients())
    keys = {"dataset": str(path), "label": "outcome", "silo": "hospital", "engine": IN_PROCESS}
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SiloFailedError, match=r"^Torgersen: its process died \(exit code -9\)"):
        run_session(api.configure(keys), tmp_path / "log")


def test_a_client_that_takes_too_long_is_named(tiny, tmp_path, monkeypatch):
    failing(monkeypatch, lambda: time.sleep(600))
    slow = tiny(engine=IN_PROCESS, round_timeout=5)  # a busy machine takes a while over round 1
    with pytest.raises(SiloFailedError, match="no answer from silo 2 within 5 s"):
        run_session(slow, tmp_path / "log")


def test_more_cpus_than_there_are_are_refused(tiny, tmp_path):
    with pytest.raises(ResourceError, match="num-cpus = 999"):
        run_session(tiny(engine=IN_PROCESS, num_cpus=999), tmp_path / "log")


def below(pid):
    """Return the living processes below `pid`."""
    everyone, found = processes().values(), {pid}
    while more := {one.pid for one in everyone if one.parent in found} - found:
        found |= more
    return found - {pid}


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def run(tiny_toml, tmp_path):
    """`fedcompare federated`, where silo 2 waits in round 2 for good."""
    command = [sys.executable, SCRIPTS / "run_faulty.py", "waiting", "federated"]
    options = ["--engine", IN_PROCESS, "--config", tiny_toml, "--results", tmp_path]
    with subprocess.Popen(
        [str(word) for word in (*command, *options)],
        env=os.environ | {"GATE": str(tmp_path / "gate")},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert any("round 1/2" in line for line in process.stderr)
        yield process
        process.kill()


def test_there_is_no_ray_and_nothing_is_left_when_the_parent_is_killed(run):
    workers = below(run.pid)
    assert len(workers) == 4  # the session and three clients
    assert {processes()[pid].name for pid in workers} == {processes()[run.pid].name}
    run.kill()
    run.wait()
    assert wait_until(lambda: not workers & processes().keys())


def test_nothing_is_left_when_the_session_is_killed_and_that_is_said(run):
    (session,) = (pid for pid in below(run.pid) if processes()[pid].parent == run.pid)
    clients = below(session)
    assert len(clients) == 3
    os.kill(session, signal.SIGKILL)
    _, said = run.communicate(timeout=PATIENCE)
    assert run.returncode == ExitCode.SILO
    assert "the federation, seed 5: its process died" in said
    assert wait_until(lambda: not clients & processes().keys())


def test_nothing_is_left_when_a_client_stands_still_and_the_user_stops_the_run(run):
    workers = below(run.pid)
    (session,) = (pid for pid in workers if processes()[pid].parent == run.pid)
    os.kill(max(below(session)), signal.SIGSTOP)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=PATIENCE)
    assert run.returncode == ExitCode.INTERRUPTED
    assert "interrupted" in said
    assert not workers & processes().keys()


# The catalog.


def test_a_message_is_named_after_its_silo():
    assert ClientJob(silo=2, message=b"").name == "silo 2"
    assert ClientJob(silo=2, message=b"", names=("p", "q")).name == "q"


def test_an_unknown_engine_is_refused_with_the_known_ones(tiny):
    says = "engine: unknown engine 'magic'; known: simulation, in-process"
    assert list(catalog.CATALOG) == [SIMULATION, IN_PROCESS]
    check_engine(tiny().resources)
    check_engine(tiny(engine=IN_PROCESS).resources)
    with pytest.raises(ConfigError, match=says):
        check_engine(tiny(engine="magic").resources)
    with pytest.raises(ConfigError, match=says):
        find_engine("magic")


@pytest.mark.parametrize("command", ["federated", "compare"])
def test_an_unknown_engine_is_refused_before_anything_is_done(cli, tmp_path, command):
    nowhere = ("--set", "dataset=idx:nowhere", "--results", tmp_path / "results")
    outcome = cli(command, "--engine", "magic", *nowhere)
    assert outcome.code == ExitCode.CONFIG
    assert "unknown engine 'magic'" in outcome.err
    assert not (tmp_path / "results").exists()
