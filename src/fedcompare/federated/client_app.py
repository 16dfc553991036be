"""What the server may ask of a silo: describe yourself, train, evaluate.

One app for simulation, `flwr run` and SuperNodes: everything about the experiment comes
with the message, and the node's own configuration says only which silo this is. The
work is imported when it is asked for, so that naming this app costs no import of torch.
"""

from collections.abc import Sequence

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from fedcompare.federated import wire

app = ClientApp()


@app.query()
def describe(message: Message, context: Context) -> Message:
    """Tell which silo this is and what it has; also warms up a simulated client."""
    from fedcompare.federated import client

    report = client.describe(wire.decode_task(message), context.node_config)
    return wire.encode_report(report, to=message)


@app.train()
def train(message: Message, context: Context) -> Message:
    """Train the global model for some local epochs on this silo's data."""
    (reply,) = train_together([message], [context])
    return reply


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Evaluate the global model on this silo's own held-out examples."""
    from fedcompare.federated import client

    report = client.evaluate(wire.decode_task(message), context.node_config)
    return wire.encode_report(report, to=message)


def train_together(messages: Sequence[Message], contexts: Sequence[Context]) -> list[Message]:
    """Return the replies to requests for training, which are done together, in their order."""
    from fedcompare.federated import client

    tasks = map(wire.decode_task, messages)
    nodes = (context.node_config for context in contexts)
    trained = client.train(list(zip(tasks, nodes, strict=True)))
    return [
        wire.encode_report(report, to=message, state=state)
        for message, (report, state) in zip(messages, trained, strict=True)
    ]
