"""A Flower grid whose clients are workers of a crew."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from flwr.app import Message, RecordDict
from flwr.common.constant import SUPERLINK_NODE_ID
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.proto.message_pb2 import Message as ProtoMessage
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from fedcompare.federated.grid import LONGEST_PAUSE
from fedcompare.machine.crew import Crew
from fedcompare.names import silo_names

CLIENTS = "clients"
_RUN, _TASK = 2**62, 1  # as long in a message as the simulation's, which draws runs and nodes
FIRST_NODE = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientJob:
    """Messages to silos, as Flower serialises them, which one worker answers together.

    `names` are what the data call all silos, if anything.
    """

    silos: tuple[int, ...]
    messages: tuple[bytes, ...]
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return silo_names(self.silos, self.names)


class BareGrid(Grid):
    """A Flower grid of which node ids, push and pull are all that is used."""

    def set_run(self, run: Run) -> None:
        """There is no run of Flower's."""
        raise NotImplementedError

    @property
    def run(self) -> Run:
        """There is no run of Flower's."""
        raise NotImplementedError

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        """Flower deprecates it."""
        raise NotImplementedError

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """`SiloGrid` has its own."""
        raise NotImplementedError


class CrewGrid(BareGrid):
    """A grid of `num_silos` nodes, whose client app is called by workers of `crew`.

    A client that raises gives an error reply, as in Flower's simulation; one whose process
    dies raises here, with the name of its silo. A node keeps no state from message to message.
    """

    def __init__(self, crew: Crew, num_silos: int, names: tuple[str, ...] = ()) -> None:
        # Flower writes it into messages that this process makes.
        TaskIdentity.run_id, TaskIdentity.task_id = _RUN, _TASK
        TaskIdentity.node_id = SUPERLINK_NODE_ID
        self._crew = crew
        self._names = names
        self._nodes = range(FIRST_NODE, FIRST_NODE + num_silos)
        self._replies: dict[str, Message] = {}

    def get_node_ids(self) -> Iterable[int]:
        """Return all nodes; the first is silo 1."""
        return self._nodes

    def push_messages(self, messages: Iterable[Message]) -> list[str]:
        """Queue a job for each message, and return the messages' ids."""
        messages = list(map(with_id, messages))
        self._crew.submit(CLIENTS, map(self._job, messages))
        return [message.metadata.message_id for message in messages]

    def pull_messages(self, message_ids: Iterable[str]) -> list[Message]:
        """Return the replies that are there; wait a moment for the first.

        Raises:
            SiloFailedError: a client's process died or was stopped.
        """
        wanted = set(message_ids)
        if not wanted & self._replies.keys():
            self._wait_for(wanted)
        return [self._replies.pop(id_) for id_ in wanted & self._replies.keys()]

    def _job(self, message: Message) -> ClientJob:
        silo = message.metadata.dst_node_id - FIRST_NODE + 1
        return ClientJob(silos=(silo,), messages=(encode(message),), names=self._names)

    def _wait_for(self, wanted: set[str]) -> None:
        for event in self._crew.events(within=LONGEST_PAUSE):
            for reply in map(decode, event.content):
                self._replies[reply.metadata.reply_to_message_id] = reply
            if wanted & self._replies.keys():
                return


def with_id(message: Message) -> Message:
    """Return the message with an id, which elsewhere is the SuperLink's work."""
    message.metadata.__dict__["_message_id"] = str(uuid.uuid4())
    return message


def encode(message: Message) -> bytes:
    """Return a message as Flower serialises it."""
    return bytes(message_to_proto(message).SerializeToString())


def decode(content: bytes) -> Message:
    """Return the message that `encode` wrote."""
    return message_from_proto(ProtoMessage.FromString(content))
