"""Every receiver sees every value; for code that blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from klaw_agent.errors import ChannelClosed, ChannelLagged

from ._core.handles import MAKERS, End, Owned
from ._core.identity import Kind
from ._core.opening import subscribe
from ._core.pending import BLOCKING, Deadline, run
from ._core.receive_port import NOTHING, ReceivePort
from ._core.selecting import Case, ReceiveCase
from ._core.send_port import SendPort
from .stats import ChannelStats

if TYPE_CHECKING:
    from . import aio

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class BroadcastSender(End[SendPort], Generic[T]):
    """The sending end of a broadcast. Clone it to send from more places."""

    __slots__ = ()

    @property
    def capacity(self) -> float:
        """How many values a receiver can be behind before it misses some."""
        return self._port.capacity

    @property
    def receiver_count(self) -> int:
        """How many receivers there are, as the hub last said."""
        return self._port.receivers

    def send(self, value: T) -> int:
        """Sends a value to all receivers and returns how many there are. It never waits for a slow one.

        Raises `ChannelClosed` with the value when this sender is closed, `SerializationError`, `ChannelBackendError`.
        """
        run(self._port.send(value, Deadline(None, "send"), BLOCKING))
        return self._port.receivers

    def subscribe(self) -> BroadcastReceiver[T]:
        """A new receiver, which sees every value that is sent from now on."""
        return BroadcastReceiver(_received(run(subscribe(self._port, None, BLOCKING))))

    def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until no receiver is left, or this sender is closed. `timeout` in seconds. Raises `ChannelTimeout`."""
        run(self._port.receivers_gone(Deadline(timeout, "wait_closed"), BLOCKING))

    def clone(self) -> BroadcastSender[T]:
        """Another sender, which has to be closed too."""
        return BroadcastSender(self._owned_of(self._port.clone()))

    def close(self) -> None:
        """Nothing more is sent with this sender. Idempotent."""
        self._port.close()

    def stats(self) -> ChannelStats:
        """Exact numbers, from the hub."""
        return ChannelStats.of(run(self._port.holding.stats(BLOCKING, Deadline(None, "stats"))))

    @property
    def aio(self) -> aio.BroadcastSender[T]:
        """The same sender, for coroutines."""
        from .aio import BroadcastSender as AioBroadcastSender

        return AioBroadcastSender(self._owned)

    def __enter__(self) -> BroadcastSender[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class BroadcastReceiver(End[ReceivePort], Generic[T_co]):
    """One receiver of a broadcast: it sees every value that was sent after it was made."""

    __slots__ = ()

    @property
    def capacity(self) -> float:
        """How many values it can be behind before it misses some."""
        return self._port.capacity

    def recv(self, timeout: float | None = None) -> T_co:
        """Reads the next value, waiting for it, `timeout` seconds at most. When it timed out, no value was read.

        Raises `ChannelLagged` once when this receiver was too slow (`missed` says how many values); the next call goes on with the oldest
        value that is retained. Raises `ChannelClosed` when no sender is left and all was read, or when this receiver is closed, also
        while it waits; `ChannelTimeout`; `ChannelBackendError` when the hub is lost.
        """
        value = self._port.take_now()
        if value is NOTHING:
            value = run(self._port.recv(Deadline(timeout, "recv"), BLOCKING, self._arrive))
        return cast(T_co, value)

    def try_recv(self) -> T_co:
        """Reads the next value if it is there. Raises `ChannelEmpty` otherwise; and as `recv`."""
        return cast(T_co, run(self._port.try_recv(BLOCKING, self._arrive)))

    def subscribe(self) -> BroadcastReceiver[T_co]:
        """A new receiver, which sees every value that is sent from now on."""
        return self._subscribe(None)

    def clone(self) -> BroadcastReceiver[T_co]:
        """A new receiver, which has read exactly as much as this one."""
        return self._subscribe(self._port.stream.number)

    def iterate(self, on_lag: Callable[[int], object] | None = None) -> Iterator[T_co]:
        """Reads values like a `for` over the receiver itself; when some were missed, `on_lag` is called with how many, instead of raising
        `ChannelLagged`."""
        while True:
            try:
                yield self.recv()
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
    def aio(self) -> aio.BroadcastReceiver[T_co]:
        """The same receiver, for coroutines."""
        from .aio import BroadcastReceiver as AioBroadcastReceiver

        return AioBroadcastReceiver(self._owned)

    def case(self) -> Case:
        """What `select` waits for."""
        return ReceiveCase(self._port, self._arrive)

    def __iter__(self) -> Iterator[T_co]:
        return self.iterate()

    def __enter__(self) -> BroadcastReceiver[T_co]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _subscribe(self, like: int | None) -> BroadcastReceiver[T_co]:
        if not self._port.is_open:
            raise self._port.refusal()
        return BroadcastReceiver(_received(run(subscribe(self._port, like, BLOCKING))))


def _received(port: ReceivePort) -> Owned[ReceivePort]:
    return Owned(port, Kind.BROADCAST_RECEIVER)


def _make_sender(owned: Any) -> BroadcastSender[Any]:
    return BroadcastSender(owned)


def _make_receiver(owned: Any) -> BroadcastReceiver[Any]:
    return BroadcastReceiver(owned)


MAKERS[Kind.BROADCAST_SENDER, False] = _make_sender
MAKERS[Kind.BROADCAST_RECEIVER, False] = _make_receiver
