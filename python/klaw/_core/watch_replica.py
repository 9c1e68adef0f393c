"""One end's copy of the latest value of a watch, kept up to date by the hub."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final, NamedTuple

from klaw_agent.errors import ChannelBackendError, SerializationError
from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import Frame
from klaw_agent.wire.items import read_items

from .host import Holding
from .identity import NO_SENDER, Refusal, failing, read_end
from .inbox import Item
from .messages import Arrival, decode_message, decode_plain, encode_message
from .pending import LOCK, Deadline, Pending, Waits

_EMPTY: Final = memoryview(b"")


class Image(NamedTuple):
    """The latest value as it goes along with a handle."""

    version: int
    data: memoryview


class Seen(Pending):
    """Waits for a value of another version than the one that was seen."""

    __slots__ = ("replica",)

    def __init__(self, replica: WatchReplica) -> None:
        super().__init__()
        self.replica = replica

    def leave(self) -> None:
        self.replica.waiting.pop(self, None)


class WatchReplica:
    """The stream of a receiver, or the one by which a sender follows the value. With the lock held, but where it waits."""

    def __init__(self, holding: Holding, arrive: Arrival, image: Image | None = None) -> None:
        self.number = holding.client.next_stream()
        self.holding = holding
        self.waiting: OrderedDict[Seen, None] = OrderedDict()
        self.version = 0 if image is None else image.version
        #: Why there will be no other value; None as long as there may be one.
        self.end: Refusal | None = None
        self._arrive = arrive
        self._data = _EMPTY if image is None else image.data
        self._carries_handles = False
        self._value: Any = None
        #: The version that `_value` is of.
        self._decoded = -1
        holding.client.add_stream(self.number, self)

    def value(self) -> Any:
        """The latest value that is known here; the same object until there is another. Raises `SerializationError`."""
        with LOCK:
            if self._decoded == self.version:
                return self._value
            version, data = self.version, self._data
        value = decode_plain(data) if len(data) > 0 else None
        with LOCK:
            self._keep(version, value)
            return self._value if self._decoded == version else value

    def image(self) -> Image:
        """Raises `SerializationError` for a value that belongs to this end alone."""
        if self._carries_handles:
            raise SerializationError("a watch whose value holds handles can not be passed on")
        return Image(self.version, self._data)

    async def arrived(self, waits: Waits, deadline: Deadline) -> None:
        """Waits for the first value."""
        await self.changed(0, waits, deadline)

    async def changed(self, seen: int, waits: Waits, deadline: Deadline) -> bool:
        """Waits until the version is another than `seen`; false when that will not be."""
        with LOCK:
            if self.version != seen or self.end is not None:
                return self.version != seen
            if deadline.is_now:
                raise deadline.error()
            waiter = Seen(self)
            self.waiting[waiter] = None
        await waits.wait(waiter, deadline)
        return self.version != seen

    async def store(self, expected: int | None, value: object, waits: Waits, deadline: Deadline) -> bool:
        """Makes the value the latest, if the version is still `expected`, or, with None, whatever it is."""
        client = self.holding.client
        message = encode_message(client, value)
        item = {"bytes": message.data, "tokens": [_token(token) for token in message.tokens] or None, "count": 0}
        argument = {"id": self.holding.identity.id, "expected": expected, "item": item}
        with LOCK:
            answer = client.request("channel.store", argument)
        try:
            version: int = await answer.wait(waits, deadline)
        except BaseException:
            with LOCK:
                client.release(message.tokens)
            raise
        with LOCK:
            if version == 0:
                client.release(message.tokens)
                return False
            # The hub's own word of it may still be under way.
            if version > self.version:
                self._adopt(version, memoryview(message.data), bool(message.tokens))
                if message.tokens:
                    self._keep(version, value)
        return True

    def close(self) -> None:
        self.holding.client.write(frames.CLOSE_END, 0, self.number)
        self.holding.client.remove_stream(self.number)
        self._wake()

    def abandon(self) -> None:
        """The end never came about: the hub does not know of it."""
        self.holding.client.remove_stream(self.number)

    def frame(self, frame: Frame) -> None:
        if frame.type == frames.ENDED:
            self.holding.client.remove_stream(self.number)
            self.end = read_end(frame.rest(), NO_SENDER)
            self._wake()
        elif frame.type == frames.DELIVER:
            items = read_items(frame)
            if items.first > self.version:
                data = memoryview(bytes(items.payloads[0]))
                self._adopt(items.first, data, bool(items.tokens))
                if items.tokens:
                    # Before it counts as taken: the hub releases the handles inside once it does.
                    self._keep_handles(Item(data, items.first, 1, tuple(items.tokens)))
            self.holding.client.write(frames.TAKEN, 0, self.number, 1)

    def report(self) -> None:
        """The hub knows everything that it has to."""

    def lost(self, error: Exception) -> None:
        self.end = failing(self.holding.identity.lost(error, 0))
        self._wake()

    def failure(self) -> Exception | None:
        """What the hub's end is reported by, where an operation can not go on without it."""
        end = None if self.end is None else self.end(None)
        return end if isinstance(end, ChannelBackendError) else None

    def _adopt(self, version: int, data: memoryview, carries_handles: bool) -> None:
        self.version = version
        self._data = data
        self._carries_handles = carries_handles
        self._wake()

    def _keep(self, version: int, value: object) -> None:
        if version == self.version:
            self._decoded = version
            self._value = value

    def _keep_handles(self, item: Item) -> None:
        try:
            self._keep(item.sequence, decode_message(item.data, self._arrive, {}))
        except SerializationError:
            # Whoever looks at the value is told, when it is decoded once more.
            self._decoded = -1

    def _wake(self) -> None:
        waiting, self.waiting = self.waiting, OrderedDict()
        for waiter in waiting:
            waiter.settle()


def _token(token: tuple[int, int]) -> dict[str, int]:
    return {"origin": token[0], "number": token[1]}
