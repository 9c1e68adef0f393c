"""The receiving end of a channel, for coroutines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from klaw_agent.errors import ChannelClosed

from .._core.handles import MAKERS, End
from .._core.identity import Kind
from .._core.pending import SUSPENDING, Deadline
from .._core.receive_port import NOTHING, ReceivePort
from .._core.selecting import Case, ReceiveCase
from ..receivers import check_batch
from ..stats import ChannelStats

if TYPE_CHECKING:
    from .. import receivers as sync_api

T_co = TypeVar("T_co", covariant=True)


class Receiver(End[ReceivePort], Generic[T_co]):
    """The receiving end of a channel. Clone it to receive in more places: each item goes to exactly one receiver. The channel is closed
    for its senders when all clones are closed.

    Of an acknowledged channel (`ack="manual"`) the items are `Delivery` objects.

    It may be used by any number of coroutines, on any event loop, passed to Ray tasks and actors, and sent through
    channels: whoever gets it has a clone. It is closed at the end of an `async with` block, and when nobody holds it any more. Items that were fetched in advance and not taken go back.
    """

    __slots__ = ()

    is_aio = True

    @property
    def capacity(self) -> float:
        """How many items the channel holds at most; infinite when it is unbounded."""
        return self._port.capacity

    async def recv(self, timeout: float | None = None) -> T_co:
        """Takes the next item, waiting for one. Receivers that wait are served in the order in which they came.

        `timeout` in seconds; 0: only if there is one now. When it timed out, no item was taken.

        Raises `ChannelClosed` when no sender is left and all items were taken, or when this receiver is closed, also while it waits,
        `ChannelTimeout`, `SerializationError` for an item that can not be read here, and `ChannelBackendError` when the hub is lost.
        """
        value = self._port.take_now()
        if value is NOTHING:
            value = await self._port.recv(Deadline(timeout, "recv"), SUSPENDING, self._arrive)
        return cast(T_co, value)

    async def try_recv(self) -> T_co:
        """Takes the next item if there is one now. Raises `ChannelEmpty` otherwise; and as `recv`."""
        return cast(T_co, (await self._port.try_recv(SUSPENDING, self._arrive)))

    async def recv_batch(
        self, max_items: int | None = None, *, max_wait: float = 0, timeout: float | None = None
    ) -> list[T_co]:
        """Takes what there is, at least one item and at most `max_items`, waiting for the first, `timeout` seconds at most.

        Once there is one, it waits up to `max_wait` seconds more as long as there are fewer than `max_items`. Raises as `recv`.
        """
        most = check_batch(max_items, max_wait)
        deadline = Deadline(timeout, "recv_batch")
        return await self._port.recv_batch(most, max_wait, deadline, SUSPENDING, self._arrive)

    def clone(self) -> Receiver[T_co]:
        """Another receiver of the channel, which has to be closed too. Raises `ChannelClosed` when this one is closed."""
        return Receiver(self._owned_of(self._port.clone()))

    def close(self) -> None:
        """Nothing more is received here, and what waits fails with `ChannelClosed`. Idempotent."""
        self._port.close()

    async def stats(self) -> ChannelStats:
        """Exact numbers, from the hub."""
        return ChannelStats.of(await self._port.holding.stats(SUSPENDING, Deadline(None, "stats")))

    @property
    def sync(self) -> sync_api.Receiver[T_co]:
        """The same receiver, for code that blocks."""
        from ..receivers import Receiver as Blocking

        return Blocking(self._owned)

    def case(self) -> Case:
        """What `select` waits for."""
        return ReceiveCase(self._port, self._arrive)

    def __aiter__(self) -> AsyncIterator[T_co]:
        """Takes items one by one, until the channel has closed and is drained, or this receiver is closed. Leaving the loop loses
        nothing, and leaves the receiver open."""
        return self

    async def __anext__(self) -> T_co:
        try:
            return await self.recv()
        except ChannelClosed:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Receiver[T_co]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _make(owned: Any) -> Receiver[Any]:
    return Receiver(owned)


MAKERS[Kind.RECEIVER, True] = _make
