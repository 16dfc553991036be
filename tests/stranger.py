"""Someone else on this machine: `stranger.py PORT FILE` asks the Ray at PORT to write FILE."""

import os
import sys

os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_NUM_REDIS_GET_RETRIES": "2"}

import ray

if __name__ == "__main__":
    ray.init(address=f"127.0.0.1:{sys.argv[1]}", logging_level="ERROR")

    @ray.remote(num_cpus=0)  # the run has all CPUs
    def write(file):
        with open(file, "w") as opened:
            opened.write("a stranger was here")

    ray.get(write.remote(sys.argv[2]))
