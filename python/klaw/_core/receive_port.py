"""The receiving end of a channel at the hub. Values are decoded when they are taken, each once, in the thread that takes them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

from klaw_agent.errors import ChannelEmpty, ChannelLagged, ChannelTimeout
from klaw_agent.wire.items import Token

from .client import Client
from .host import Holding
from .identity import CLOSED_RECEIVER, NO_SENDER, Identity, Kind, Refusal, failing, read_end, refusing
from .inbox import Item, ItemWaiter
from .messages import Arrival, decode_message, decode_plain, opened
from .pending import LOCK, Deadline, Pending, Waits
from .receiver_stream import ReceiverStream

V = TypeVar("V")

#: Stands for "there is nothing now".
NOTHING: Final = object()
#: The most that one call takes without a limit.
_MOST: Final = 2**32 - 1


class Delivery(Generic[V]):
    """An item of a channel in acknowledged mode: it is delivered again unless it is acknowledged in time."""

    __slots__ = ("_is_settled", "_sequence", "_stream", "delivery_count", "value")

    def __init__(self, stream: ReceiverStream, item: Item, value: V) -> None:
        self.value = value
        #: 1 at first, one more each time that it is delivered again.
        self.delivery_count = item.deliveries
        self._stream = stream
        self._sequence = item.sequence
        self._is_settled = False

    def ack(self) -> None:
        """The item is done with. Does nothing once it was acknowledged, given back, or delivered again."""
        self._settle(False)

    def nack(self) -> None:
        """Gives the item back, to be delivered again at once, before all others. Does nothing after `ack`."""
        self._settle(True)

    def _settle(self, refused: bool) -> None:
        with LOCK:
            if not self._is_settled:
                self._is_settled = True
                self._stream.acknowledge(self._sequence, refused)


class ReceivePort:
    """`arrive` makes what the program gets for channel ends inside messages."""

    def __init__(self, client: Client, identity: Identity, kind: int = Kind.RECEIVER) -> None:
        """With the lock held; whoever makes it tells the hub."""
        self.holding = Holding(client, identity)
        self.kind = kind
        self.capacity = identity.capacity
        self._is_open = True
        self._end: Refusal | None = None
        # Every broadcast receiver has items of its own; fetching few of them in advance keeps the count of missed ones honest.
        is_broadcast = kind == Kind.BROADCAST_RECEIVER
        options: dict[str, Any] = {"window": int(identity.capacity // 4), "keeps": True} if is_broadcast else {}
        self.stream = ReceiverStream(
            client,
            client.next_stream(),
            identity.capacity,
            ended=lambda body: self._ended(read_end(body, NO_SENDER)),
            lost=lambda error: self._ended(failing(identity.lost(error, 0))),
            **options,
        )

    @property
    def client(self) -> Client:
        return self.holding.client

    @property
    def is_open(self) -> bool:
        """Whether this end has not been closed by its holder."""
        return self._is_open

    @property
    def is_closed(self) -> bool:
        return not self._is_open or self.stream.inbox.is_drained

    @property
    def length(self) -> int:
        return len(self.stream.inbox.items)

    def refusal(self) -> Exception:
        if not self._is_open:
            return refusing(CLOSED_RECEIVER)(None)
        return (self._end or refusing(NO_SENDER))(None)

    def take_now(self) -> Any:
        """A message without handles, if it is here: what most calls find while a channel flows. Else `NOTHING`."""
        stream = self.stream
        with LOCK:
            inbox = stream.inbox
            if not inbox.items or inbox.items[0].tokens or inbox.items[0].missed:
                return NOTHING
            item = inbox.try_take()
            if item is None:
                return NOTHING
            stream.took()
        value = decode_plain(item.data)
        return Delivery(stream, item, value) if self.holding.identity.ack else value

    async def recv(self, deadline: Deadline, waits: Waits, arrive: Arrival) -> Any:
        """Raises `ChannelClosed`, `ChannelTimeout`, `ChannelLagged` (broadcast), `SerializationError`."""
        value = self.take_now()
        if value is not NOTHING:
            return value
        if deadline.is_now:
            value = await self._probe_one(waits, arrive)
            if value is NOTHING:
                raise deadline.error()
            return value
        waiter = self._park(1)
        with self._leaving(waiter):
            await waits.wait(waiter, deadline)
            return (await self.take(waiter, waits, arrive))[0]

    async def try_recv(self, waits: Waits, arrive: Arrival) -> Any:
        """Raises `ChannelEmpty` when there is nothing now, and as `recv`."""
        value = self.take_now()
        if value is NOTHING:
            value = await self._probe_one(waits, arrive)
        if value is NOTHING:
            raise ChannelEmpty("the channel is empty")
        return value

    async def recv_batch(
        self, most: float, more_time: float, deadline: Deadline, waits: Waits, arrive: Arrival
    ) -> list[Any]:
        """What there is, at least one and at most `most`; waits up to `more_time` seconds more while there are fewer."""
        await self.probe(most, waits)
        waiter = self._park(most)
        with self._leaving(waiter):
            if not waiter.is_settled:
                if deadline.is_now:
                    raise deadline.error()
                await waits.wait(waiter, deadline)
                await self.probe(most, waits)
            await self._more(waiter, time.monotonic() + more_time, waits)
            return await self.take(waiter, waits, arrive)

    async def _more(self, waiter: ItemWaiter, until: float, waits: Waits) -> None:
        """Waits for more items than the waiter has got already."""
        while waiter.wants > 0 and waiter.line is not None:
            left = until - time.monotonic()
            if left <= 0:
                return
            more = _More(waiter)
            with LOCK:
                if self.stream.inbox.is_ended:
                    return
                waiter.rearm()
                waiter.on_settled(more.settle)
                self.stream.ask_more()
            try:
                await waits.wait(more, Deadline(left, "recv_batch"))
            except ChannelTimeout:
                return

    async def take(self, waiter: ItemWaiter, waits: Waits, arrive: Arrival) -> list[Any]:
        """What the waiter was promised, at least one. Raises the error of the first if that can not be had."""
        values: list[Any] = []
        failure: Exception | None = None
        items = list(waiter.items)
        try:
            for item in items:
                # Before it counts as taken: the hub releases the handles inside once it does, and decoding claims them.
                lent: dict[Token, object] = {}
                data = item.data
                if item.tokens:
                    data, lent = await opened(self.client, item, waits)
                values.append(self._present(item, data, arrive, lent))
        except Exception as error:
            failure = error
        with LOCK:
            taken = self.stream.inbox.accept(waiter, max(1, len(values)))
            # The mark of what was missed is no item.
            self.stream.took(sum(1 for item in taken if not item.missed))
        if not taken:
            raise self.refusal()
        if not values and failure is not None:
            raise failure
        return values

    def clone(self) -> ReceivePort:
        """Raises `ChannelClosed` when this end is closed."""
        with LOCK:
            if not self._is_open:
                raise self.refusal()
            port = ReceivePort(self.client, self.holding.identity, self.kind)
            self.holding.attach("receiver", port.stream.number)
            return port

    def close(self) -> None:
        with LOCK:
            if self._is_open:
                self._is_open = False
                self.stream.close()

    def pass_on(self, kept: bool) -> tuple[Token, object]:
        """A clone goes into a value: its token and detail. Raises `ChannelClosed` when this end is closed."""
        if not self._is_open:
            raise self.refusal()
        return self.holding.export(self.kind, kept), self.holding.identity.detail()

    def _present(self, item: Item, data: memoryview, arrive: Arrival, lent: dict[Token, object]) -> Any:
        if item.missed:
            raise ChannelLagged(f"the receiver was too slow and missed {item.missed} values", missed=item.missed)
        value = decode_message(data, arrive, lent) if item.tokens else decode_plain(data)
        return Delivery(self.stream, item, value) if self.holding.identity.ack else value

    def _park(self, wants: float) -> ItemWaiter:
        waiter = ItemWaiter(self.stream.unpark, wants)
        with LOCK:
            if self.is_closed:
                raise self.refusal()
            self.stream.park(waiter)
        return waiter

    @contextlib.contextmanager
    def _leaving(self, waiter: ItemWaiter) -> Iterator[None]:
        """Whatever goes wrong, what the waiter was promised and has not taken is the first again."""
        try:
            yield
        except BaseException:
            with LOCK:
                waiter.leave()
            raise

    async def probe(self, count: float, waits: Waits) -> None:
        """Brings what the hub could deliver now, at most `count` items in all."""
        with LOCK:
            probe = self.stream.probe(int(min(count, _MOST)))
        if probe is not None:
            await waits.wait(probe, Deadline(None, "recv"))

    async def _probe_one(self, waits: Waits, arrive: Arrival) -> Any:
        """The first item if there is one now, whatever it is; else `NOTHING`."""
        await self.probe(1, waits)
        with LOCK:
            inbox = self.stream.inbox
            if self.is_closed:
                raise self.refusal()
            if not inbox.items or inbox.waiting > 0:
                return NOTHING
            waiter = ItemWaiter(self.stream.unpark)
            inbox.park(waiter)
        with self._leaving(waiter):
            return (await self.take(waiter, waits, arrive))[0]

    def _ended(self, end: Refusal) -> None:
        if self._end is None:
            self._end = end


class _More(Pending):
    """Waits for more items than the waiter has got already, which it keeps when the time is over."""

    __slots__ = ("_waiter",)

    def __init__(self, waiter: ItemWaiter) -> None:
        super().__init__()
        self._waiter = waiter

    def leave(self) -> None:
        self._waiter.on_settled(None)
