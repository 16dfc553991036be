import subprocess
import sys

import torch

from fedcompare.seeds import derive_seed


def test_streams_are_distinct():
    streams = [(s, kind, n) for s in range(5) for kind in ("train", "evaluate") for n in range(20)]
    assert len({derive_seed(*stream) for stream in streams}) == len(streams)


def test_parts_of_a_stream_do_not_run_together():
    assert derive_seed(1, 12, 3) != derive_seed(1, 1, 23) != derive_seed(11, 2, 3)


def test_another_process_derives_the_same_seed():
    code = "from fedcompare.seeds import derive_seed; print(derive_seed(42, 'train', 1))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == derive_seed(42, "train", 1)


def test_generators_take_the_largest_seeds():
    for seed in (0, 2**63 - 1):
        derived = derive_seed(seed, "train")
        assert torch.Generator().manual_seed(derived).initial_seed() == derived
