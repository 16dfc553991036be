"""The command line with a client app that fails: `run_faulty.py raising federated ...`."""

import sys

import faulty_clients
from fedcompare.cli.main import main
from fedcompare.federated import client_app

if __name__ == "__main__":
    client_app.app = getattr(faulty_clients, sys.argv.pop(1))
    client_app.train_together = faulty_clients.train_apart
    main()
