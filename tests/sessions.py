"""One federation in a session of its own, as the commands run it."""

from fedcompare.federated.engines.catalog import IN_PROCESS
from fedcompare.federated.session import SESSION, FederatedJob, hire_session
from fedcompare.machine.crew import Crew


def run_session(config, log, *, engine=IN_PROCESS, tell=lambda record: None, members=None):
    """Return what the federation left; `tell` is told what the session says."""
    everybody = tuple(range(1, config.partition.num_silos + 1))
    crew, found = Crew(fork=config.train.threads_per_silo == 1), None
    try:
        hire_session(crew, config, engine=engine, log=log, verbose=False)
        crew.submit(SESSION, [FederatedJob(config=config, members=members or everybody)])
        for event in crew.events():
            if event.done:
                found = event.content
            else:
                tell(event.content)
    finally:
        crew.stop()
    return found
