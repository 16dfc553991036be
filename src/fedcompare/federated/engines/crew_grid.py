"""Flower grids whose clients are workers of a crew, for federations that take turns."""

import functools
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flwr.app import Message, RecordDict
from flwr.common.constant import SUPERLINK_NODE_ID
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.proto.message_pb2 import Message as ProtoMessage
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from fedcompare.federated.engines.base import Work
from fedcompare.federated.engines.turns import Turn
from fedcompare.federated.grid import LONGEST_PAUSE
from fedcompare.machine.crew import Crew
from fedcompare.names import silo_name

CLIENTS = "clients"
_RUN, _TASK = 2**62, 1  # as long in a message as the simulation's, which draws runs and nodes
FIRST_NODE = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientJob:
    """A message to a silo, as Flower serialises it; a worker answers several together.

    `names` are what the data call all silos, if anything.
    """

    silo: int
    message: bytes
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return silo_name(self.silo, self.names)


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
    """A grid of one federation's nodes, whose client app is called by the workers of an exchange.

    A client that raises gives an error reply, as in Flower's simulation. A node keeps no state
    from message to message.
    """

    def __init__(self, exchange: "Exchange", work: Work) -> None:
        self.turn = Turn(functools.partial(work, self))
        self._exchange = exchange
        self.clock = exchange.clock
        self._replies: dict[str, Message] = {}
        self._wanted: set[str] = set()
        self._lacking: set[str] = set()
        self._patience = 0.0

    def get_node_ids(self) -> Iterable[int]:
        """Return all nodes; the first is silo 1."""
        return self._exchange.nodes

    def push_messages(self, messages: Iterable[Message]) -> list[str]:
        """Leave messages with the exchange, and return their ids."""
        messages = list(map(with_id, messages))
        for message in messages:
            self._exchange.leave(message, self)
        return [message.metadata.message_id for message in messages]

    def pull_messages(self, message_ids: Iterable[str]) -> list[Message]:
        """Return the replies that are there; wait a moment for all of them, or for an error."""
        self._wanted = set(message_ids)
        self._lacking = self._wanted - self._replies.keys()
        self._patience = time.monotonic() + LONGEST_PAUSE
        if not self.may_go_on():
            self.turn.wait()
        return [self._replies.pop(own) for own in self._wanted & self._replies.keys()]

    def take(self, reply: Message) -> None:
        """Take a reply to one of the messages that were left; an error is waited for no longer."""
        own = reply.metadata.reply_to_message_id
        self._replies[own] = reply
        self._lacking.discard(own)
        if reply.has_error():
            self._lacking.clear()

    def may_go_on(self) -> bool:
        """Return whether what was waited for is there, or was waited for long enough."""
        return not self._lacking or time.monotonic() >= self._patience


class Exchange:
    """Runs federations in turns; while all wait for replies, workers of a crew answer them.

    So the messages of all of them are answered together.
    """

    def __init__(self, crew: Crew, num_silos: int, names: tuple[str, ...] = ()) -> None:
        # Flower writes it into messages that this process makes.
        TaskIdentity.run_id, TaskIdentity.task_id = _RUN, _TASK
        TaskIdentity.node_id = SUPERLINK_NODE_ID
        self.nodes = range(FIRST_NODE, FIRST_NODE + num_silos)
        self._crew, self._names = crew, names
        self._left: list[ClientJob] = []
        self._asked: dict[str, CrewGrid] = {}
        self._running, self._shares, self._looked = 1, 0.0, time.perf_counter()

    def clock(self) -> float:
        """Return seconds of which each of the federations that run has its share.

        What they take by it adds up to the time that all of them take together.
        """
        now = time.perf_counter()
        self._shares += (now - self._looked) / max(1, self._running)
        self._looked = now
        return self._shares

    def run(self, works: Sequence[Work]) -> None:
        """Call each with a grid of its own; see `Turn`.

        Raises:
            SiloFailedError: a client's process died or was stopped.
        """
        waiting = [CrewGrid(self, work) for work in works]
        while waiting:
            self.clock()  # up to now as many shared it as before
            self._running = len(waiting)
            for grid in [grid for grid in waiting if grid.may_go_on()]:
                while not grid.turn.is_over and grid.may_go_on():
                    grid.turn.go_on()
            waiting = [grid for grid in waiting if not grid.turn.is_over]
            self._listen()

    def leave(self, message: Message, grid: CrewGrid) -> None:
        """Take a message that is to be answered once all federations wait."""
        silo = message.metadata.dst_node_id - FIRST_NODE + 1
        self._asked[message.metadata.message_id] = grid
        self._left.append(ClientJob(silo=silo, message=encode(message), names=self._names))

    def _listen(self) -> None:
        """Hand out what was left, once all before is answered; listen until one may go on."""
        if len(self._asked) == len(self._left):
            self._crew.submit(CLIENTS, self._left)
            self._left = []
        for event in self._crew.events(within=LONGEST_PAUSE):
            reply = decode(event.content)
            grid = self._asked.pop(reply.metadata.reply_to_message_id)
            grid.take(reply)
            if grid.may_go_on():
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
