"""Clients in workers of our own, without Ray: they start as fast as a process is forked."""

import functools
import os
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import torch
from flwr.app import Context, Error, Message, MessageType, RecordDict, UserConfig
from flwr.common.constant import ErrorCode

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import load_silos

# `client` is imported for the workers, which are forked from this process.
from fedcompare.federated import client, client_app  # noqa: F401
from fedcompare.federated.engines.base import Serve
from fedcompare.federated.engines.crew_grid import (
    CLIENTS,
    FIRST_NODE,
    ClientJob,
    Exchange,
    decode,
    encode,
    with_id,
)
from fedcompare.federated.quiet import chatter_to
from fedcompare.learning.models.catalog import trains_in_stack
from fedcompare.machine.cpus import plan_workers, resolve_cpus
from fedcompare.machine.crew import Crew, alone
from fedcompare.machine.mailbox import Mailbox, TellOf


def open_in_process(
    config: ExperimentConfig, serve: Serve, *, mailbox: Mailbox, log: Path, verbose: bool
) -> None:
    """Open the engine; see `base.Open`.

    Raises:
        ResourceError: more CPUs are asked for than there are.
        FedcompareError: as `load_silos`.
    """
    silos = load_silos(config)
    num_silos, names = config.partition.num_silos, silos.names
    workers = plan_workers(num_silos, resolve_cpus(config.resources.num_cpus))
    threads = config.train.threads_per_silo
    torch.set_num_threads(threads)  # a forked process would wait for its parent's for ever
    crew = Crew(fork=config.train.forks, private=mailbox.ends)
    ending = threading.Lock()

    def end() -> None:
        with ending:
            crew.stop()

    def leave() -> NoReturn:
        end()
        os._exit(0)

    with chatter_to(log, verbose=verbose):
        try:
            work = functools.partial(_serve_clients, num_silos, threads)
            small = trains_in_stack(config, silos.dataset)
            crew.hire(CLIENTS, work, workers, together=is_message if small else alone)
            mailbox.when_stopped(leave)  # a thread, and so not before workers are forked
            serve(Exchange(crew, num_silos, names).run, lambda: None)
        finally:
            end()


def is_message(job: object) -> bool:
    """Return whether a job is a message to a silo, which may be answered with others."""
    return isinstance(job, ClientJob)


def _serve_clients(num_silos: int, threads: int, mailbox: Mailbox) -> None:
    """Answer the messages that arrive, those that arrive together so."""
    torch.set_num_threads(threads)

    def answer(jobs: Sequence[ClientJob], tell: TellOf, done: TellOf) -> None:
        messages = [decode(job.message) for job in jobs]
        for position, reply in enumerate(answer_all(messages, num_silos)):
            done(position, encode(reply))

    mailbox.serve_together(answer)


def answer_all(messages: Sequence[Message], num_silos: int) -> list[Message]:
    """Return the client app's replies; all requests for training are done together.

    A client that raises gives an error reply with the traceback.
    """
    contexts = [_context(message, num_silos) for message in messages]
    replies: dict[int, Message] = {}
    trainings = [
        position
        for position, message in enumerate(messages)
        if message.metadata.message_type == MessageType.TRAIN
    ]
    if len(trainings) > 1:
        with suppress(Exception):  # whose it is shows where each is answered alone
            asked = [messages[n] for n in trainings], [contexts[n] for n in trainings]
            replies = dict(zip(trainings, client_app.train_together(*asked), strict=True))
    return [
        with_id(replies.get(position) or _answer(message, context))
        for position, (message, context) in enumerate(zip(messages, contexts, strict=True))
    ]


def _answer(message: Message, context: Context) -> Message:
    try:
        return client_app.app(message, context)
    except Exception:
        error = Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, traceback.format_exc())
        return Message(error, reply_to=message)


def _context(message: Message, num_silos: int) -> Context:
    node = message.metadata.dst_node_id
    config: UserConfig = {"partition-id": node - FIRST_NODE, "num-partitions": num_silos}
    return Context(message.metadata.run_id, node, config, RecordDict(), {})
