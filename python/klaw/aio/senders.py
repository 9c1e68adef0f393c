"""The sending end of a channel, for coroutines."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._core.handles import MAKERS, End
from .._core.identity import Kind
from .._core.pending import SUSPENDING, Deadline
from .._core.send_port import SendPort
from ..permits import Permit
from ..stats import ChannelStats

if TYPE_CHECKING:
    from .. import senders as sync_api

T = TypeVar("T")


class Sender(End[SendPort], Generic[T]):
    """The sending end of a channel. Clone it to send from more places; the channel ends when all clones are closed.

    It may be used by any number of coroutines, on any event loop, passed to Ray tasks and actors, and sent through
    channels: whoever gets it has a clone. It is closed at the end of an `async with` block, and when nobody holds it any more.
    """

    __slots__ = ()

    is_aio = True

    @property
    def capacity(self) -> float:
        """How many items the channel holds at most; infinite when it is unbounded."""
        return self._port.capacity

    async def send(self, value: T, timeout: float | None = None) -> None:
        """Sends a value, waiting for room if there is none. Senders that wait are served in the order in which they came.

        `timeout` in seconds; 0: only if there is room now. When it timed out, the value was not sent and never will be.

        Raises `ChannelClosed` when this sender is closed or no receiver is left, also while it waits (`value` is what was not sent),
        `ChannelTimeout`, `SerializationError` (nothing was sent), and `ChannelBackendError` when the hub is lost.
        """
        if timeout is None:
            message = self._port.send_now(value)
            if message is not None:
                await self._port.send_message(message, value, Deadline(None, "send"), SUSPENDING)
            return
        await self._port.send(value, Deadline(timeout, "send"), SUSPENDING)

    async def try_send(self, value: T) -> None:
        """Sends a value if there is room now and nobody waits for it. Raises `ChannelFull` otherwise, with the `value`; and as `send`."""
        await self._port.try_send((value,), value, SUSPENDING)

    async def send_batch(self, values: Iterable[T], timeout: float | None = None) -> None:
        """Sends values one after the other, with nothing of other senders between them, waiting for room.

        A batch that fits in the capacity is sent as a whole or not at all. A larger one goes in as there is room; given up half-way, it
        raises `ChannelPartialSend`, which says how many were `sent`, and which were `unsent`. Raises as `send` besides.
        """
        await self._port.send_batch(list(values), Deadline(timeout, "send_batch"), SUSPENDING)

    async def try_send_batch(self, values: Iterable[T]) -> None:
        """Sends all values if there is room for all of them now, else none. Raises `ChannelFull` with them; and as `send`."""
        given = list(values)
        await self._port.try_send(given, given, SUSPENDING)

    async def reserve(self, timeout: float | None = None) -> Permit[T]:
        """Waits for room and holds it: sending with the permit can not fail for want of room. Raises as `send`."""
        await self._port.reserve(Deadline(timeout, "reserve"), SUSPENDING)
        return Permit(self._owned)

    async def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until no receiver is left, or this sender is closed. Raises `ChannelTimeout`."""
        await self._port.closed(Deadline(timeout, "wait_closed"), SUSPENDING)

    def clone(self) -> Sender[T]:
        """Another sender of the channel, which has to be closed too. Raises `ChannelClosed` when this one is closed."""
        return type(self)(self._owned_of(self._port.clone()))

    def close(self) -> None:
        """Nothing more is sent with this sender; what waits still goes. Idempotent."""
        self._port.close()

    async def stats(self) -> ChannelStats:
        """Exact numbers, from the hub."""
        return ChannelStats.of(await self._port.holding.stats(SUSPENDING, Deadline(None, "stats")))

    @property
    def sync(self) -> sync_api.Sender[T]:
        """The same sender, for code that blocks."""
        from ..senders import Sender as Blocking

        return Blocking(self._owned)

    async def __aenter__(self) -> Sender[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _make(owned: Any) -> Sender[Any]:
    return Sender(owned)


MAKERS[Kind.SENDER, True] = _make
