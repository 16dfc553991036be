"""Flower's own processes on this machine, with a home and ports that nothing else uses."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
OFFLINE = {
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_TELEMETRY_ENABLED": "0",
}
_PATIENCE = 300.0


class LocalFlower:
    """Runs `flwr` with `folder` as home and working folder; stops all that this started.

    The first `flwr run` starts a SuperLink that outlives it. All its processes carry the
    name of `folder` in their environment, and are found by that.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        http, control = _free_ports(2)
        self.environment = {
            **os.environ,
            **OFFLINE,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "FLWR_HOME": str(folder / "home"),
            "FLWR_LOCAL_SUPERLINK_HTTP_API_PORT": str(http),
            "FLWR_LOCAL_CONTROL_API_PORT": str(control),
            "RAY_TMPDIR": str(folder),
        }

    def flwr(self, *arguments: str) -> dict:
        """Return what `flwr ARGUMENTS --format json` printed."""
        command = [str(Path(sys.executable).with_name("flwr")), *arguments, "--format", "json"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def run(self, *arguments: str) -> dict:
        """Run the repository's app to its end; return its line of `flwr ls`."""
        run_id = str(self.flwr("run", str(REPOSITORY), *arguments)["run-id"])
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            (row,) = self.flwr("ls", "--run-id", run_id)["runs"]
            if row["status"].startswith("finished"):
                return row
            time.sleep(0.5)
        raise AssertionError(f"not finished after {_PATIENCE} s: {row}\n{self.log()}")

    def log(self) -> str:
        """Return what the SuperLink logged, runs included."""
        logs = sorted((self.folder / "home").rglob("*.log"))
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in logs)

    def processes(self) -> dict[int, str]:
        """Return the command of every process that this started, by pid."""
        found = {int(p.name): _own_command(p, self.folder) for p in Path("/proc").glob("[0-9]*")}
        return {pid: command for pid, command in found.items() if command}

    def names(self) -> list[str]:
        """Return the sorted script names of all processes that this started."""
        commands = [command.split() for command in self.processes().values()]
        return sorted(Path(words[min(1, len(words) - 1)]).name for words in commands)

    def stop(self) -> dict[int, str]:
        """Stop the SuperLink; return the processes that did not end with it, then killed."""
        for pid, command in self.processes().items():
            if "flower-superlink" in command:
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        left = self.processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return left


def _own_command(process: Path, folder: Path) -> str:
    """Return the command of /proc/<pid> if it was started for `folder`, else ""."""
    try:
        command = (process / "cmdline").read_bytes()
        environment = (process / "environ").read_bytes()
    except OSError:  # it ended meanwhile, or is not ours to see
        return ""
    ours = str(folder).encode() in command + environment
    return command.replace(b"\0", b" ").decode(errors="replace") if ours else ""


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports
