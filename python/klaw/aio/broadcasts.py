"""Every receiver sees every value; for coroutines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from klaw_agent.errors import ChannelClosed, ChannelLagged

from .._core.handles import MAKERS, End, Owned
from .._core.identity import Kind
from .._core.opening import subscribe
from .._core.pending import SUSPENDING, Deadline
from .._core.receive_port import NOTHING, ReceivePort
from .._core.selecting import Case, ReceiveCase
from .._core.send_port import SendPort
from ..stats import ChannelStats

if TYPE_CHECKING:
    from .. import broadcasts as sync_api

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class BroadcastSender(End[SendPort], Generic[T]):
    """The sending end of a broadcast. Clone it to send from more places."""

    __slots__ = ()

    is_aio = True

    @property
    def capacity(self) -> float:
        """How many values a receiver can be behind before it misses some."""
        return self._port.capacity

    @property
    def receiver_count(self) -> int:
        """How many receivers there are, as the hub last said."""
        return self._port.receivers

    async def send(self, value: T) -> int:
        """Sends a value to all receivers and returns how many there are. It never waits for a slow one.

        Raises `ChannelClosed` with the value when this sender is closed, `SerializationError`, `ChannelBackendError`.
        """
        await self._port.send(value, Deadline(None, "send"), SUSPENDING)
        return self._port.receivers

    async def subscribe(self) -> BroadcastReceiver[T]:
        """A new receiver, which sees every value that is sent from now on."""
        return BroadcastReceiver(_received(await subscribe(self._port, None, SUSPENDING)))

    async def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until no receiver is left, or this sender is closed. `timeout` in seconds. Raises `ChannelTimeout`."""
        await self._port.receivers_gone(Deadline(timeout, "wait_closed"), SUSPENDING)

    def clone(self) -> BroadcastSender[T]:
        """Another sender, which has to be closed too."""
        return BroadcastSender(self._owned_of(self._port.clone()))

    def close(self) -> None:
        """Nothing more is sent with this sender. Idempotent."""
        self._port.close()

    async def stats(self) -> ChannelStats:
        """Exact numbers, from the hub."""
        return ChannelStats.of(await self._port.holding.stats(SUSPENDING, Deadline(None, "stats")))

    @property
    def sync(self) -> sync_api.BroadcastSender[T]:
        """The same sender, for code that blocks."""
        from ..broadcasts import BroadcastSender as Blocking

        return Blocking(self._owned)

    async def __aenter__(self) -> BroadcastSender[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class BroadcastReceiver(End[ReceivePort], Generic[T_co]):
    """One receiver of a broadcast: it sees every value that was sent after it was made."""

    __slots__ = ()

    is_aio = True

    @property
    def capacity(self) -> float:
        """How many values it can be behind before it misses some."""
        return self._port.capacity

    async def recv(self, timeout: float | None = None) -> T_co:
        """Reads the next value, waiting for it, `timeout` seconds at most. When it timed out, no value was read.

        Raises `ChannelLagged` once when this receiver was too slow (`missed` says how many values); the next call goes on with the oldest
        value that is retained. Raises `ChannelClosed` when no sender is left and all was read, or when this receiver is closed, also
        while it waits; `ChannelTimeout`; `ChannelBackendError` when the hub is lost.
        """
        value = self._port.take_now()
        if value is NOTHING:
            value = await self._port.recv(Deadline(timeout, "recv"), SUSPENDING, self._arrive)
        return cast(T_co, value)

    async def try_recv(self) -> T_co:
        """Reads the next value if it is there. Raises `ChannelEmpty` otherwise; and as `recv`."""
        return cast(T_co, (await self._port.try_recv(SUSPENDING, self._arrive)))

    async def subscribe(self) -> BroadcastReceiver[T_co]:
        """A new receiver, which sees every value that is sent from now on."""
        return await self._subscribe(None)

    async def clone(self) -> BroadcastReceiver[T_co]:
        """A new receiver, which has read exactly as much as this one."""
        return await self._subscribe(self._port.stream.number)

    async def iterate(self, on_lag: Callable[[int], object] | None = None) -> AsyncIterator[T_co]:
        """Reads values like an `async for` over the receiver itself; when some were missed, `on_lag` is called with how many, instead of raising
        `ChannelLagged`."""
        while True:
            try:
                yield await self.recv()
            except ChannelClosed:
                return
            except ChannelLagged as error:
                if on_lag is None:
                    raise
                on_lag(error.missed)

    def close(self) -> None:
        """Nothing more is read here. Idempotent."""
        self._port.close()

    @property
    def sync(self) -> sync_api.BroadcastReceiver[T_co]:
        """The same receiver, for code that blocks."""
        from ..broadcasts import BroadcastReceiver as Blocking

        return Blocking(self._owned)

    def case(self) -> Case:
        """What `select` waits for."""
        return ReceiveCase(self._port, self._arrive)

    def __aiter__(self) -> AsyncIterator[T_co]:
        return self.iterate()

    async def __aenter__(self) -> BroadcastReceiver[T_co]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _subscribe(self, like: int | None) -> BroadcastReceiver[T_co]:
        if not self._port.is_open:
            raise self._port.refusal()
        return BroadcastReceiver(_received(await subscribe(self._port, like, SUSPENDING)))


def _received(port: ReceivePort) -> Owned[ReceivePort]:
    return Owned(port, Kind.BROADCAST_RECEIVER)


def _make_sender(owned: Any) -> BroadcastSender[Any]:
    return BroadcastSender(owned)


def _make_receiver(owned: Any) -> BroadcastReceiver[Any]:
    return BroadcastReceiver(owned)


MAKERS[Kind.BROADCAST_SENDER, True] = _make_sender
MAKERS[Kind.BROADCAST_RECEIVER, True] = _make_receiver
