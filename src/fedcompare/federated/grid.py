"""A Flower grid that knows its silos, and that never goes on without one of them."""

import time
from collections.abc import Callable, Iterable, Sequence

from flwr.app import ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid

from fedcompare.errors import SiloFailedError
from fedcompare.federated import wire
from fedcompare.names import silo_name

_DIED = "ray.exceptions.ActorDiedError"
_WRAPPING = "Exception ClientAppException occurred. Message: "  # Flower's, around a client's
LONGEST_PAUSE = 1.0  # seconds between two questions whether replies have arrived
OnReply = Callable[[Message, wire.Report], None]


class SiloGrid(Grid):
    """Wraps Flower's grid: node ids become silos, replies come in silo order, errors stop the run.

    Flower's own `send_and_receive` returns whatever arrived and leaves errors to be
    averaged away, in arrival order. Here the first error reply, or a reply that is
    still missing after `timeout`, raises; `on_reply` sees every reply as it arrives.
    Whoever asks this grid for nodes gets those of the silos that are admitted.
    Messages call silos by `names`, where the data have some. `bytes_up` and `bytes_down` add up
    the serialised messages from and to the silos.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        on_reply: OnReply = lambda message, report: None,
        names: Sequence[str] = (),
    ) -> None:
        self._grid = grid
        self._on_reply = on_reply
        self._names = names
        self._silo_of: dict[int, int] = {}
        self._admitted: list[int] = []
        self.bytes_up = 0
        self.bytes_down = 0

    def connect(
        self, num_silos: int, config: ConfigRecord, *, timeout: float
    ) -> Callable[[], tuple[wire.Report, ...]]:
        """Ask every node who it is; the returned call waits for the answers, in silo order.

        Raises:
            SiloFailedError: too few silos come online within `timeout` seconds, one fails, or
                two nodes claim to be the same silo.
        """
        nodes = self._wait_for_nodes(num_silos, timeout)
        content = RecordDict({wire.CONFIG: config})
        questions = [
            Message(content=content, message_type=MessageType.QUERY, dst_node_id=node)
            for node in nodes
        ]
        pending = self._push(questions)

        def answers() -> tuple[wire.Report, ...]:
            replies = self._pull(pending, timeout)
            reports = {reply.metadata.src_node_id: self._report(reply) for reply in replies}
            self._silo_of = {node: report.silo for node, report in reports.items()}
            ids = sorted(self._silo_of.values())
            if ids != list(range(1, num_silos + 1)):
                raise SiloFailedError(
                    f"the nodes say they are silos {ids}, but 1 to {num_silos} are needed; "
                    "give each its own partition-id"
                )
            return tuple(sorted(reports.values(), key=lambda report: report.silo))

        return answers

    def admit(self, silos: Iterable[int]) -> None:
        """Let these silos' nodes be all that there are for whoever asks, in silo order."""
        node_of = {silo: node for node, silo in self._silo_of.items()}
        self._admitted = [node_of[silo] for silo in sorted(silos)]

    def in_silo_order(self, messages: Iterable[Message]) -> list[Message]:
        """Return messages to silos in the order of the silos."""
        return sorted(messages, key=lambda message: self._silo_of[message.metadata.dst_node_id])

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> list[Message]:
        """Send, and return all replies in silo order.

        Raises:
            SiloFailedError: a silo failed, or did not answer within `timeout` seconds.
        """
        replies = self._pull(self._push(list(messages)), timeout)
        return sorted(replies, key=lambda reply: self._report(reply).silo)

    def _wait_for_nodes(self, num_silos: int, timeout: float) -> list[int]:
        deadline = time.monotonic() + timeout
        while len(nodes := sorted(self._grid.get_node_ids())) < num_silos:
            if time.monotonic() > deadline:
                raise SiloFailedError(
                    f"only {len(nodes)} of {num_silos} silos came online within {timeout:g} s; "
                    "start the missing nodes, or raise connect-timeout"
                )
            time.sleep(0.05)
        if len(nodes) > num_silos:
            raise SiloFailedError(
                f"{len(nodes)} nodes are online, but num-silos = {num_silos}; make them equal"
            )
        return nodes

    def _push(self, messages: list[Message]) -> dict[str, int]:
        """Send the messages; return each one's id and the node it went to."""
        self.bytes_down += sum(map(wire.num_bytes, messages))
        ids = self._grid.push_messages(messages)
        return dict(zip(ids, (m.metadata.dst_node_id for m in messages), strict=True))

    def _pull(self, pending: dict[str, int], timeout: float | None) -> list[Message]:
        waiting = dict(pending)
        start = time.monotonic()
        replies = []
        while waiting:
            asked = time.monotonic()
            arrived = list(self._grid.pull_messages(list(waiting)))
            for reply in arrived:
                # An error reply may come from the SuperLink: only the id tells whom we asked.
                node = waiting.pop(reply.metadata.reply_to_message_id)
                self._check(reply, node)
                self.bytes_up += wire.num_bytes(reply)
                self._on_reply(reply, self._report(reply))
                replies.append(reply)
            now = time.monotonic()
            waited = now - start
            if waiting and timeout is not None and waited > timeout:
                names = ", ".join(sorted(self._name(node) for node in waiting.values()))
                raise SiloFailedError(
                    f"no answer from {names} within {timeout:g} s; "
                    "look at the silo, or raise round-timeout"
                )
            if waiting and not arrived:
                pause = min(max(0.02 * waited, 0.01), LONGEST_PAUSE)
                time.sleep(max(pause - (now - asked), 0.0))
        return replies

    def _check(self, reply: Message, node: int) -> None:
        if not reply.has_error():
            return
        reason = reply.error.reason or f"error code {reply.error.code}, no reason given"
        last = [line for line in reason.splitlines() if line.strip()][-1]
        last = last.rpartition(_WRAPPING)[2].removesuffix("'>")
        if _DIED in reason:
            last = "its process died; out of memory?"
        raise SiloFailedError(f"{self._name(node)} failed: {last}", details=reason)

    def _name(self, node: int) -> str:
        silo = self._silo_of.get(node)
        if silo is None:
            return f"a silo that is not known yet (node {node})"
        return silo_name(silo, self._names)

    def _report(self, reply: Message) -> wire.Report:
        return wire.decode_report(reply, self._names)

    # The rest is Flower's.
    def set_run(self, run) -> None:  # type: ignore[no-untyped-def]
        """Set the run, as Flower's grid does."""
        self._grid.set_run(run)

    @property
    def run(self):  # type: ignore[no-untyped-def]
        """Return the run, as Flower's grid does."""
        return self._grid.run

    def create_message(self, *args, **kwargs) -> Message:  # type: ignore[no-untyped-def]
        """Create a message, as Flower's grid does."""
        return self._grid.create_message(*args, **kwargs)

    def get_node_ids(self) -> Iterable[int]:
        """Return the nodes of the silos that are admitted, in silo order."""
        return list(self._admitted)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Send messages, as Flower's grid does."""
        return self._grid.push_messages(messages)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Return the replies that have arrived, as Flower's grid does."""
        return self._grid.pull_messages(message_ids)
