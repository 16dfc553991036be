"""Ray is closed to strangers, ends with its run however that ends, and is missed when it is lost.

Each run is `fedcompare federated`, where silo 2 waits in round 2 until a file exists.
"""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest

from fedcompare.errors import ExitCode
from fedcompare.machine.processes import processes

pytestmark = pytest.mark.simulation

PATIENCE = 300.0
ONE_CLIENT = ("--cpus", "1")  # for all silos: each client that Ray starts takes seconds
SCRIPTS = Path(__file__).parent
WEIGHTS = Path("tiny", "seed-5", "federated", "weights", "global.safetensors")
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}  # as /proc writes 127.0.0.1
METHODS = [
    "NodeInfoGcsService/GetClusterId",
    "CoreWorkerService/PushTask",
    "NodeManagerService/RequestWorkerLease",
    "ObjectManagerService/Push",
]


class Run:
    """A federated run in processes of its own, whose `TMPDIR` is too long for sockets."""

    def __init__(self, folder, tiny_toml, *options, **environment):
        self.gate = folder / "gate"
        temporary = folder / ("long" * 20)
        temporary.mkdir()
        own = {"GATE": str(self.gate), "TMPDIR": str(temporary)}
        command = [sys.executable, SCRIPTS / "run_faulty.py", "waiting", "federated"]
        self.process = subprocess.Popen(
            [str(w) for w in (*command, "--config", tiny_toml, "--results", folder, *options)],
            env=os.environ | own | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.head = self._find_head()

    def _find_head(self):
        """Return the process that holds Ray, which leads a group of its own."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for one in processes().values():
                if one.parent == self.process.pid and one.group == one.pid:
                    return one.pid
            time.sleep(0.01)
        self.process.kill()
        raise AssertionError(self.end())

    def find(self, name):
        """Return a process of Ray's, as soon as it is there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            for pid, one in processes(self.head).items():
                if one.name == name and pid != self.head:
                    return pid
            time.sleep(0.01)
        there = sorted(one.name for one in processes(self.head).values())
        self.process.kill()
        raise AssertionError(f"no {name} among {there}; {self.end()}")

    def find_client(self):
        """Return a client that has only just begun."""
        scheduler = self.find("raylet")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for pid, one in processes(self.head).items():
                if one.parent == scheduler and one.name != "raylet" and is_client(pid):
                    return pid
            time.sleep(0.01)
        raise AssertionError("no client")

    def wait_for(self, said):
        assert any(said in line for line in self.process.stderr)

    def end(self):
        """Return the exit code and what was said last."""
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


def is_client(pid):
    with contextlib.suppress(FileNotFoundError):
        return b"default_worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@pytest.fixture
def begin(tmp_path, tiny_toml):
    """Return `begin(...) -> Run`; when it has ended, nothing of it may be left."""
    runs = []

    def start(*options, **environment):
        runs.append(Run(tmp_path, tiny_toml, *options, **environment))
        return runs[-1]

    yield start
    for run in runs:
        run.gate.touch()
        run.process.kill()
        run.process.communicate()
        deadline = time.monotonic() + 60
        while left_of(run) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left_of(run) == []


def variables(pid):
    """Return the names in the environment with which a process began."""
    entries = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
    return {entry.partition("=")[0] for entry in entries}


def left_of(run):
    """Return the processes and folders of a run's Ray."""
    return [*processes(run.head), *Path("/tmp").glob(f"fc-ray-*/r/session_*_{run.head}")]


def listening(pid):
    """Yield the (address, port) pairs at which a process listens."""
    links = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").glob("*") if link.is_symlink()}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in links:
                address, port = local.split(":")
                yield address, int(port, 16)


def refusals(port):
    """Return what a port says to calls without the secret: gRPC's codes, or HTTP's."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        codes = {code_of(channel.unary_unary(f"/ray.rpc.{method}")) for method in METHODS}
    if codes == {"UNAVAILABLE"}:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", "/get_or_create_runtime_env", b"")
            return {connection.getresponse().status}
    return codes


def code_of(call):
    with pytest.raises(grpc.RpcError) as error:
        call(b"", timeout=PATIENCE)
    return error.value.code().name


def test_a_stranger_is_refused_and_changes_nothing(begin, trained, tmp_path):
    run = begin()
    run.wait_for("round 1/2")
    found = set().union(*(listening(pid) for pid in processes(run.head)))
    assert {address for address, _ in found} <= LOOPBACK
    said = [refusals(port) for _, port in found]
    assert len(said) >= 7  # the directory, the scheduler, three clients and their server
    assert all(codes in ({"UNAUTHENTICATED", "UNIMPLEMENTED"}, {401}) for codes in said)
    ((_, directory),) = listening(run.find("gcs_server"))
    prize = tmp_path / "prize"
    done = subprocess.run(
        [sys.executable, SCRIPTS / "stranger.py", str(directory), str(prize)],
        env=os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a guess of mine" * 4},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 0
    assert "InvalidAuthToken" in done.stderr
    assert not prize.exists()
    run.gate.touch()
    assert run.end()[0] == ExitCode.OK
    assert (tmp_path / WEIGHTS).read_bytes() == (trained / WEIGHTS).read_bytes()


@pytest.mark.parametrize(
    ("moment", "name", "blow", "what"),
    [
        ("round 1/2", "gcs_server", signal.SIGKILL, "Ray's directory (process {}, gcs_server) has"),
        ("round 1/2", "ray::ClientAppA", signal.SIGSTOP, "(process {}, ray::ClientAppA) has been"),
        ("ray::RuntimeEnv", "raylet", signal.SIGKILL, "Ray"),  # while Ray starts
    ],
)
def test_a_lost_process_of_rays_ends_the_run_and_is_named(
    begin, tmp_path, moment, name, blow, what
):
    run = begin(*ONE_CLIENT)
    if moment.startswith("round"):
        run.wait_for(moment)
    else:
        run.find(moment)
    pid = run.find(name)
    os.kill(pid, blow)
    code, said = run.end()
    assert code == ExitCode.SILO, said
    assert what.format(pid) in said
    assert "unexpected" not in said
    assert "Traceback" not in said
    assert not (tmp_path / WEIGHTS).exists()


def test_a_client_killed_while_it_starts_is_replaced_or_missed(begin, tmp_path, trained):
    """Ray does the one or the other; it must not wait for ever."""
    run = begin(*ONE_CLIENT, RAY_worker_register_timeout_seconds="5")
    run.gate.touch()
    os.kill(run.find_client(), signal.SIGKILL)
    code, said = run.end()
    if code == ExitCode.SILO:
        assert "failed: its process died" in said, said
        return
    assert code == ExitCode.OK
    assert (tmp_path / WEIGHTS).read_bytes() == (trained / WEIGHTS).read_bytes()


def test_nothing_is_left_when_the_run_is_killed_while_ray_starts(begin):
    run = begin(*ONE_CLIENT)
    # What Ray sets anew in each process must not come first in what it inherits, in an order
    # that nobody knows: it would go without its name, and not be missed.
    assert "RAY_CLIENT_MODE" not in variables(run.find("raylet"))
    run.process.kill()
    assert run.end()[0] == -signal.SIGKILL


def test_the_end_of_the_process_that_holds_ray_is_named_and_leaves_nothing(begin):
    run = begin(*ONE_CLIENT)
    run.wait_for("round 1/2")
    os.kill(run.head, signal.SIGKILL)
    code, said = run.end()
    assert code == ExitCode.SILO
    assert "the federation, seed 5: its process died" in said
