"""Client apps in which silo 2 fails in round 2; importable, so that Ray's processes find them.

In `waiting` it waits there until the file that $GATE names exists.
"""

import os
import time
from collections.abc import Sequence

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from fedcompare.federated import client_app

_train_together = client_app.train_together
raising, dying, waiting = ClientApp(), ClientApp(), ClientApp()
for app in (raising, dying, waiting):
    app.query()(client_app.describe)
    app.evaluate()(client_app.evaluate)


def _is_the_moment(message: Message, context: Context) -> bool:
    round_ = message.content["config"]["server-round"]
    return (context.node_config["partition-id"], round_) == (1, 2)


@raising.train()
def train_or_raise(message: Message, context: Context) -> Message:
    if _is_the_moment(message, context):
        raise ValueError("the disk of this silo burns")
    return client_app.train(message, context)


@dying.train()
def train_or_die(message: Message, context: Context) -> Message:
    if _is_the_moment(message, context):
        os._exit(1)
    return client_app.train(message, context)


@waiting.train()
def train_or_wait(message: Message, context: Context) -> Message:
    while _is_the_moment(message, context) and not os.path.exists(os.environ["GATE"]):
        time.sleep(0.05)
    return client_app.train(message, context)


def train_apart(messages: Sequence[Message], contexts: Sequence[Context]) -> list[Message]:
    """Refuse what is to be trained together, so that the app itself is asked for each."""
    if len(messages) > 1:
        raise NotImplementedError
    return _train_together(messages, contexts)
