"""A simulation shaped like `fedcompare federated` that computes nothing.

Usage: noop_simulation.py NUM_SILOS NUM_ROUNDS WORKERS
"""

import sys

from fedcompare.federated.quiet import disable_telemetry


def main() -> None:
    """Run it with Flower's own FedAvg."""
    disable_telemetry()
    import numpy as np
    from flwr.app import ArrayRecord, Context
    from flwr.serverapp import Grid, ServerApp
    from flwr.serverapp.strategy import FedAvg
    from flwr.simulation import run_simulation
    from noop_clients import app as client_app

    silos, rounds, workers = map(int, sys.argv[1:])
    server = ServerApp()

    @server.main()
    def run(grid: Grid, context: Context) -> None:
        strategy = FedAvg(
            min_train_nodes=silos, min_evaluate_nodes=silos, min_available_nodes=silos
        )
        strategy.start(grid, ArrayRecord([np.zeros(1, dtype=np.float32)]), num_rounds=rounds)

    run_simulation(
        server,
        client_app,
        silos,
        backend_config={
            "client_resources": {"num_cpus": 1, "num_gpus": 0.0},
            "init_args": {"num_cpus": workers, "log_to_driver": False, "logging_level": "ERROR"},
        },
    )


if __name__ == "__main__":
    main()
