"""The sending end of a channel, for code that blocks."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._core.handles import MAKERS, End
from ._core.identity import Kind
from ._core.pending import BLOCKING, Deadline, run
from ._core.send_port import SendPort
from .permits import Permit
from .stats import ChannelStats

if TYPE_CHECKING:
    from . import aio

T = TypeVar("T")


class Sender(End[SendPort], Generic[T]):
    """The sending end of a channel. Clone it to send from more places; the channel ends when all clones are closed.

    It may be used by any number of threads, passed to Ray tasks and actors, and sent through channels: whoever gets it has a clone. It
    is closed at the end of a `with` block, and when nobody holds it any more.
    """

    __slots__ = ()

    @property
    def capacity(self) -> float:
        """How many items the channel holds at most; infinite when it is unbounded."""
        return self._port.capacity

    def send(self, value: T, timeout: float | None = None) -> None:
        """Sends a value, waiting for room if there is none. Senders that wait are served in the order in which they came.

        `timeout` in seconds; 0: only if there is room now. When it timed out, the value was not sent and never will be.

        Raises `ChannelClosed` when this sender is closed or no receiver is left, also while it waits (`value` is what was not sent),
        `ChannelTimeout`, `SerializationError` (nothing was sent), and `ChannelBackendError` when the hub is lost.
        """
        if timeout is None:
            message = self._port.send_now(value)
            if message is not None:
                run(self._port.send_message(message, value, Deadline(None, "send"), BLOCKING))
            return
        run(self._port.send(value, Deadline(timeout, "send"), BLOCKING))

    def try_send(self, value: T) -> None:
        """Sends a value if there is room now and nobody waits for it. Raises `ChannelFull` otherwise, with the `value`; and as `send`."""
        run(self._port.try_send((value,), value, BLOCKING))

    def send_batch(self, values: Iterable[T], timeout: float | None = None) -> None:
        """Sends values one after the other, with nothing of other senders between them, waiting for room.

        A batch that fits in the capacity is sent as a whole or not at all. A larger one goes in as there is room; given up half-way, it
        raises `ChannelPartialSend`, which says how many were `sent`, and which were `unsent`. Raises as `send` besides.
        """
        run(self._port.send_batch(list(values), Deadline(timeout, "send_batch"), BLOCKING))

    def try_send_batch(self, values: Iterable[T]) -> None:
        """Sends all values if there is room for all of them now, else none. Raises `ChannelFull` with them; and as `send`."""
        given = list(values)
        run(self._port.try_send(given, given, BLOCKING))

    def reserve(self, timeout: float | None = None) -> Permit[T]:
        """Waits for room and holds it: sending with the permit can not fail for want of room. Raises as `send`."""
        run(self._port.reserve(Deadline(timeout, "reserve"), BLOCKING))
        return Permit(self._owned)

    def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until no receiver is left, or this sender is closed. Raises `ChannelTimeout`."""
        run(self._port.closed(Deadline(timeout, "wait_closed"), BLOCKING))

    def clone(self) -> Sender[T]:
        """Another sender of the channel, which has to be closed too. Raises `ChannelClosed` when this one is closed."""
        return type(self)(self._owned_of(self._port.clone()))

    def close(self) -> None:
        """Nothing more is sent with this sender; what waits still goes. Idempotent."""
        self._port.close()

    def stats(self) -> ChannelStats:
        """Exact numbers, from the hub."""
        return ChannelStats.of(run(self._port.holding.stats(BLOCKING, Deadline(None, "stats"))))

    @property
    def aio(self) -> aio.Sender[T]:
        """The same sender, for coroutines."""
        from .aio import Sender as AioSender

        return AioSender(self._owned)

    def __enter__(self) -> Sender[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _make(owned: Any) -> Sender[Any]:
    return Sender(owned)


MAKERS[Kind.SENDER, False] = _make
