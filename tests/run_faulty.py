"""The command line with a client app that fails: `run_faulty.py raising federated ...`."""

import functools
import sys

import faulty_clients
from fedcompare.cli.main import main
from fedcompare.federated import simulation

if __name__ == "__main__":
    client_app = getattr(faulty_clients, sys.argv.pop(1))
    simulation.simulate = functools.partial(simulation.simulate, client_app=client_app)
    main()
