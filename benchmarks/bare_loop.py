"""The plainest PyTorch loop over tensors in memory: a floor for training, without data or files.

Usage: bare_loop.py STEPS PROCESSES   prints the seconds that PROCESSES processes, with one
thread each, take to do STEPS steps between them (batch 64, 784-128-10, SGD with momentum).
"""

import multiprocessing as mp
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

BATCH = 64


def bare_steps(steps: int) -> float:
    """Return the seconds that `steps` steps take in this process."""
    torch.set_num_threads(1)
    inputs, labels = torch.randn(14_000, 784), torch.randint(0, 10, (14_000,))
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    start = time.perf_counter()
    done = 0
    while done < steps:
        for rows in torch.randperm(len(labels)).split(BATCH)[: steps - done]:
            optimiser.zero_grad()
            F.cross_entropy(model(inputs[rows]), labels[rows]).backward()
            optimiser.step()
            done += 1
    return time.perf_counter() - start


def products_step() -> Callable[[], None]:
    """Return the two products no step can avoid: layer 1 forward, and its weights' gradient."""
    inputs, weights = torch.randn(BATCH, 784), torch.randn(128, 784)
    gradient = torch.randn(BATCH, 128)

    def step() -> None:
        torch.mm(inputs, weights.t())
        torch.mm(gradient.t(), inputs)

    return step


if __name__ == "__main__":
    total, processes = map(int, sys.argv[1:])
    with mp.get_context("fork").Pool(processes) as pool:
        print(max(pool.map(bare_steps, [total // processes] * processes, chunksize=1)))
