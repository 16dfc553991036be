"""Print the speed ratios that docs/performance.md explains, each measured side by side now.

Usage: bench.py [a] [b] [c] ... [k]   (default: all; about 17 minutes on two cores)
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedcompare.config.groups import TrainConfig
    from fedcompare.learning.models.mlp import FullyConnected

HERE = Path(__file__).parent
FEDCOMPARE = [sys.executable, "-m", "fedcompare"]
REPEATS = 3
FEDERATED_STEPS = 3 * 10 * (213 + 222 + 221)  # rounds x epochs x batches of the three silos


def run(arguments: list[str], **environment: str) -> float:
    """Run a process to its end and return its wall seconds."""
    start = time.perf_counter()
    subprocess.run(arguments, check=True, capture_output=True, env={**os.environ, **environment})
    return time.perf_counter() - start


def run_timed(arguments: list[str]) -> tuple[float, float]:
    """Run a process to its end and return its wall seconds, and the CPU seconds with all below."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = run(arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fedcompare(command: str, folder: Path) -> float:
    """Run one command of the tutorial into `folder` and return its wall seconds."""
    return run([*FEDCOMPARE, command, "--force", "--results", str(folder)])


def bench_isolated(folder: Path) -> None:
    """(a) The tutorial's way against `fedcompare isolated`, whole processes."""
    script = str(HERE / "tutorial_way.py")
    run([sys.executable, script, "--prepare", str(folder)])
    fedcompare("isolated", folder)
    ours = [fedcompare("isolated", folder)]
    theirs = run([sys.executable, script, str(folder)])
    ours.append(fedcompare("isolated", folder))
    mean = statistics.mean(ours)
    print(f"(a) isolated: tutorial's way {theirs:.1f} s / fedcompare {mean:.1f} s", end="")
    print(f" = {theirs / mean:.1f} times faster (wanted: 15 or more)")


def bench_loop(folder: Path) -> None:
    """(b) Our loop's time per step against the first layer's two products."""
    import torch
    from bare_loop import BATCH, products_step

    from fedcompare.config.groups import ModelConfig, TrainConfig
    from fedcompare.data.examples import Examples
    from fedcompare.learning.models.catalog import build_model
    from fedcompare.learning.training import train_round

    torch.set_num_threads(1)
    inputs, labels = torch.randn(14_000, 1, 28, 28), torch.randint(10, (14_000,))
    examples = Examples.numbered(inputs=inputs, labels=labels)
    model = build_model(ModelConfig(), input_shape=(1, 28, 28), num_outputs=10, seed=0)
    steps, products = -(-len(examples) // BATCH), products_step()

    def seconds(work: object) -> float:
        start = time.perf_counter()
        work()
        return (time.perf_counter() - start) / steps

    def epoch() -> None:
        train_round(model, examples, TrainConfig(), epochs=1, seed=0)

    def bare() -> None:
        for _ in range(steps):
            products()

    pairs = [(seconds(epoch), seconds(bare)) for _ in range(25)][5:]
    ratio = statistics.median(ours / floor for ours, floor in pairs)
    ours, floor = (1e6 * statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"(b) training loop: {ours:.0f} us a step / two products {floor:.0f} us", end="")
    print(f" = {ratio:.2f} (wanted: 2.2 or less)")


def bench_federated(folder: Path) -> None:
    """(c) `fedcompare federated` against an empty simulation plus the bare loop on all cores."""
    from fedcompare.machine.cpus import available_cpus, plan_workers

    workers = plan_workers(3, available_cpus())
    ratios = []
    fedcompare("federated", folder)
    for _ in range(REPEATS):
        shape = ["3", "3", str(workers)]
        empty = run([sys.executable, str(HERE / "noop_simulation.py"), *shape])
        bare = bare_loop(FEDERATED_STEPS)
        ours = fedcompare("federated", folder)
        ratios.append(ours / (empty + bare))
        print(f"    empty {empty:.1f} s + bare loop {bare:.1f} s; fedcompare {ours:.1f} s")
    print(f"(c) federated / floor = {statistics.median(ratios):.2f} (wanted: 1.15 or less)")


def bench_load(folder: Path) -> None:
    """(d) The first load of MNIST (no cache), and a later one, in new processes."""
    code = (
        "import gc, time, torch, torchvision.transforms\n"
        "from fedcompare.config.groups import DataConfig\n"
        "from fedcompare.data.dataset import read_dataset\n"
        "gc.collect()\n"  # of all that was imported, .2 s: not to be counted by chance
        "start = time.perf_counter(); read_dataset(DataConfig())\n"
        "print(time.perf_counter() - start)"
    )
    environment = {**os.environ, "FEDCOMPARE_CACHE": str(folder / "cache")}
    first, later = (
        float(
            subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, env=environment
            ).stdout
        )
        for _ in range(2)
    )
    print(f"(d) load MNIST: first {first:.2f} s (wanted: under 1 s), later {later:.3f} s,", end="")
    print(" imports not counted")


def bench_memory(folder: Path) -> None:
    """(e) Peak memory of the whole process tree, shared pages counted once (PSS)."""
    for command in ("isolated", "federated"):
        arguments = [*FEDCOMPARE, command, "--force", "--results", str(folder)]
        with subprocess.Popen(
            arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            peak = watch_memory(process)
        print(f"(e) peak memory of {command}: {peak / 2**20:.0f} MiB (all processes, PSS)")


def watch_memory(process: subprocess.Popen) -> int:
    """Return the highest sum of PSS over a process and its descendants, in bytes."""
    peak, done = 0, threading.Event()
    threading.Thread(target=lambda: (process.wait(), done.set()), daemon=True).start()
    while not done.wait(0.2):
        peak = max(peak, sum(pss(pid) for pid in [process.pid, *descendants(process.pid)]))
    return peak


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below `pid`."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def pss(pid: int) -> int:
    """Return the proportional set size of a process in bytes; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def bare_loop(steps: int) -> float:
    """Return the seconds that the bare loop takes for so many steps on all cores."""
    from fedcompare.machine.cpus import available_cpus

    loop = [sys.executable, str(HERE / "bare_loop.py"), str(steps), str(available_cpus())]
    return float(subprocess.run(loop, check=True, capture_output=True, text=True).stdout)


def compared_steps(seeds: int) -> int:
    """Return the training steps of a comparison of the tutorial's regimes."""
    # Per seed: isolated, federated and centralized pass 30 times over all, fine-tuning once.
    separate, pooled = 213 + 222 + 222, 656
    return seeds * (30 * (2 * separate + pooled) + separate)


def bench_compare(folder: Path) -> None:
    """(f) `compare --seeds 5` against its training steps on all cores plus an empty simulation."""
    from fedcompare.machine.cpus import available_cpus, plan_workers

    shape = ["3", "3", str(plan_workers(3, available_cpus()))]
    fedcompare("partition", folder)  # the caches, which an empty simulation does not fill either
    empty = run([sys.executable, str(HERE / "noop_simulation.py"), *shape])
    bare = bare_loop(compared_steps(5))
    options = ["--seeds", "5", "--engine", "simulation", "--results", str(folder)]
    ours = run([*FEDCOMPARE, "compare", *options])
    print(f"    empty {empty:.1f} s + bare loop {bare:.1f} s; fedcompare {ours:.1f} s")
    print(f"(f) compare / floor = {ours / (empty + bare):.2f} (wanted: 1.15 or less)")


def bench_in_process(folder: Path) -> None:
    """(g) The engine without start-up: whole processes against 1.1 times bare training plus 3 s."""
    fedcompare("partition", folder)
    commands = {
        "federated": (FEDERATED_STEPS, ["federated", "--force"]),
        "compare --seeds 2": (compared_steps(2), ["compare", "--seeds", "2"]),
    }
    for name, (steps, command) in commands.items():
        options = ["--engine", "in-process", "--results", str(folder)]
        before = bare_loop(steps)
        ours = run([*FEDCOMPARE, *command, *options])
        bare = statistics.mean([before, bare_loop(steps)])
        print(f"(g) {name}: {ours:.1f} s / (1.1 x bare loop {bare:.1f} s + 3 s)", end="")
        print(f" = {ours / (1.1 * bare + 3):.2f} (wanted: 1 or less)")


def bench_table(folder: Path) -> None:
    """(h) `inspect` of a million rows against pandas' own reading; its memory against the inputs'.

    The processes' CPU seconds are compared too: they say more where others use the machine.
    """
    large, small = folder / "large.csv", folder / "small.csv"
    for path, rows in ((large, 1_000_000), (small, 1_000)):
        run([sys.executable, str(HERE / "hospital_table.py"), str(path), str(rows)])
    read = (
        "import pandas, sys, time; start, busy = time.perf_counter(), time.process_time()\n"
        "pandas.read_csv(sys.argv[1])\n"
        "print(time.perf_counter() - start, time.process_time() - busy)"
    )
    walls, busies, peaks = [], [], []
    for _ in range(REPEATS):
        command = [sys.executable, "-c", read, str(large)]
        wall, busy = map(float, subprocess.check_output(command).split())
        ours, least = inspect(large), inspect(small)
        walls.append(ours[0] / (1.5 * wall + 5))
        busies.append(ours[1] / (1.5 * busy + 5))
        peaks.append(ours[2] / 80)
        print(
            f"    inspect {ours[0]:.1f} s (CPU {ours[1]:.1f} s), {ours[2]:.0f} MB; of 1,000", end=""
        )
        print(f" rows {least[2]:.0f} MB; pandas reads in {wall:.1f} s (CPU {busy:.1f} s)")
    wall, busy, peak = map(statistics.median, (walls, busies, peaks))
    print(
        f"(h) inspect / (1.5 x pandas + 5 s) = {wall:.2f}, CPU {busy:.2f} (wanted: 1 or less);",
        end="",
    )
    print(f" peak memory / float32 table of 80 MB = {peak:.1f} (wanted: 4 or less)")


def inspect(table: Path) -> tuple[float, float, float]:
    """Return the wall and CPU seconds of `fedcompare inspect`, and its peak memory in MB."""
    command = [*FEDCOMPARE, "inspect", str(table), "--label", "outcome", "--silo", "hospital"]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    wall = time.perf_counter() - start
    return wall, used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss / 1e6


def bench_small_table(folder: Path) -> None:
    """(i) `compare` with five seeds and all defaults on a table of 600 rows and four silos."""
    data = ["--data", str(HERE.parent / "examples" / "patients.csv")]
    named = ["--label", "readmitted", "--silo", "hospital", "--group", "patient"]
    seconds, cpu = run_timed([*FEDCOMPARE, "compare", *data, *named, "--results", str(folder)])
    print(f"(i) compare of a small table: {seconds:.1f} s (wanted: under 60 s), CPU {cpu:.1f} s")


def bench_stack(folder: Path) -> None:
    """(j) A step of a small model by the plain loop, and in stacks of several sizes."""
    from fedcompare.config.groups import TrainConfig
    from fedcompare.learning.models.mlp import FullyConnected

    config = TrainConfig(batch_size=32)
    plain = step_seconds(1, config, plain_kind())
    counts = (1, 5, 25, 100)
    stacked = [step_seconds(count, config, FullyConnected) for count in counts]
    found = ", ".join(
        f"{count}: {1e3 * own:.3f}" for count, own in zip(counts, stacked, strict=True)
    )
    print(f"(j) ms a step of a 20-16-2 mlp: plain loop {1e3 * plain:.3f}; in a stack of {found}")


def plain_kind() -> "type[FullyConnected]":
    """Return small models as a user's own are, which no stack takes."""
    from fedcompare.learning.models.mlp import FullyConnected

    class OneByOne(FullyConnected):
        pass

    return OneByOne


def step_seconds(
    count: int, config: "TrainConfig", kind: "type[FullyConnected]", hidden: tuple[int, ...] = (16,)
) -> float:
    """Return the CPU seconds of a step and model, where so many models train together."""
    import torch

    from fedcompare.data.examples import Examples
    from fedcompare.learning.training import train_rounds
    from fedcompare.learning.training_round import TrainingRound

    torch.set_num_threads(1)
    examples = Examples.numbered(inputs=torch.randn(640, 20), labels=torch.randint(2, (640,)))

    def train(epochs: int) -> float:
        rounds = [
            TrainingRound(
                model=kind(num_features=20, hidden=hidden, num_outputs=2),
                examples=examples,
                config=config,
                epochs=epochs,
                seed=seed,
            )
            for seed in range(count)
        ]
        start = time.process_time()
        train_rounds(rounds)
        return (time.process_time() - start) / count / (epochs * -(-640 // config.batch_size))

    train(1)
    return min(train(5) for _ in range(3))


def bench_small_hospitals(folder: Path) -> None:
    """(k) `compare` of four small hospitals, 5 seeds x 5 folds, and who contributes."""
    from hospital_table import write_four_hospitals

    table, results = folder / "hospitals.csv", folder / "results"
    write_four_hospitals(str(table))
    command = [*FEDCOMPARE, "compare", "--data", str(table), "--label", "readmitted"]
    command += ["--silo", "hospital", "--folds", "5", "--engine", "in-process"]
    command += ["--results", str(results)]
    seconds, cpu = run_timed(command)
    steps, busy = trained(results)
    print(f"(k) compare of four hospitals, all regimes: {seconds:.1f} s, CPU {cpu:.1f} s", end="")
    print(" (wanted: 30 s or less);")
    print(f"    {steps:,} steps in {busy:.1f} CPU seconds of training", end="")
    print(f" = {one_by_one(steps) / busy:.1f} times faster than one by one (wanted: 5 or more)")
    seconds, cpu = run_timed([*command, "--contributions"])
    all_steps, all_busy = trained(results)
    print(f"    --contributions, 10 coalitions a fold: {seconds:.1f} s more, CPU {cpu:.1f} s;")
    print(f"    {all_steps - steps:,} steps in {all_busy - busy:.1f} CPU seconds", end="")
    print(f" = {one_by_one(all_steps - steps) / (all_busy - busy):.1f} times faster")


def trained(results: Path) -> tuple[int, float]:
    """Return the training steps of all parts, and the CPU seconds that they took."""
    manifests = [json.loads(path.read_text()) for path in results.rglob("run.json")]
    training = [own["training"] for own in manifests if own.get("training")]
    return sum(sum(own["local_steps"]) for own in training), sum(
        own["cpu_seconds"] for own in training
    )


def one_by_one(steps: int) -> float:
    """Return the CPU seconds of so many steps of the table's model by the plain loop."""
    from fedcompare.config.groups import TrainConfig

    return steps * step_seconds(1, TrainConfig(batch_size=32), plain_kind(), hidden=())


BENCHMARKS = {
    "a": bench_isolated,
    "b": bench_loop,
    "c": bench_federated,
    "d": bench_load,
    "e": bench_memory,
    "f": bench_compare,
    "g": bench_in_process,
    "h": bench_table,
    "i": bench_small_table,
    "j": bench_stack,
    "k": bench_small_hospitals,
}


def main() -> None:
    """Run the chosen benchmarks."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the command line does
    for name in sys.argv[1:] or BENCHMARKS:
        with tempfile.TemporaryDirectory() as folder:
            BENCHMARKS[name](Path(folder))


if __name__ == "__main__":
    main()
