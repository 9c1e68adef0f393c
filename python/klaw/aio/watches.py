"""The latest value; for coroutines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from klaw_agent.errors import ChannelClosed

from .._core.handles import MAKERS, End, Owned
from .._core.identity import Kind
from .._core.pending import SUSPENDING, Deadline
from .._core.selecting import Case, WatchCase
from .._core.watch_ports import WatchReceivePort, WatchSendPort

if TYPE_CHECKING:
    from .. import watches as sync_api

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class WatchSender(End[WatchSendPort], Generic[T]):
    """The sending end of a watch. Clone it to send from more places."""

    __slots__ = ()

    is_aio = True

    @property
    def receiver_count(self) -> int:
        """How many receivers there are, as the hub last said."""
        return self._port.receivers

    def borrow(self) -> T:
        """The latest value that has arrived here. Not to be changed: it is the same object until there is another. Raises `ChannelClosed`
        when this sender is closed."""
        return cast(T, self._port.borrow())

    async def send(self, value: T) -> None:
        """Replaces the latest value and tells all receivers. It never waits for them. Raises `ChannelClosed` with the value when this
        sender is closed; `SerializationError`; `ChannelBackendError`."""
        await self._port.send(value, SUSPENDING)

    async def update(self, change: Callable[[T], T]) -> None:
        """Replaces the latest value by what `change` makes of it; no other change comes in between. `change` may run more than once,
        when others change the value too. What it raises is raised, and then nothing has changed. Raises as `send` besides."""
        await self._port.update(change, SUSPENDING)

    async def subscribe(self) -> WatchReceiver[T]:
        """A new receiver, to which the latest value counts as seen."""
        return WatchReceiver(Owned(await self._port.subscribe(SUSPENDING), Kind.WATCH_RECEIVER))

    async def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until no receiver is left, or this sender is closed. `timeout` in seconds. Raises `ChannelTimeout`."""
        await self._port.closed(Deadline(timeout, "wait_closed"), SUSPENDING)

    def clone(self) -> WatchSender[T]:
        """Another sender, which has to be closed too."""
        return WatchSender(self._owned_of(self._port.clone()))

    def close(self) -> None:
        """Nothing more is sent with this sender. Idempotent."""
        self._port.close()

    @property
    def sync(self) -> sync_api.WatchSender[T]:
        """The same sender, for code that blocks."""
        from ..watches import WatchSender as Blocking

        return Blocking(self._owned)

    async def __aenter__(self) -> WatchSender[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WatchReceiver(End[WatchReceivePort], Generic[T_co]):
    """One receiver of a watch. As a case of `select` it brings the latest value once that was not seen yet."""

    __slots__ = ()

    is_aio = True

    def borrow(self) -> T_co:
        """The latest value that has arrived here, without marking it as seen. Not to be changed. Raises `ChannelClosed` when this
        receiver is closed."""
        return cast(T_co, self._port.borrow())

    def borrow_and_update(self) -> T_co:
        """The latest value, marked as seen."""
        return cast(T_co, self._port.borrow_and_update())

    def has_changed(self) -> bool:
        """Whether there is a value that was not seen yet."""
        return self._port.has_changed()

    async def changed(self, timeout: float | None = None) -> None:
        """Waits for a value that was not seen yet, `timeout` seconds at most, and marks it as seen: `borrow` it then. Values that came and
        went in between are skipped. When it timed out, nothing was marked as seen.

        Raises `ChannelClosed` when no sender is left and the last value was seen, or when this receiver is closed, also while it waits;
        `ChannelTimeout`; `ChannelBackendError` when the hub is lost.
        """
        await self._port.changed(Deadline(timeout, "changed"), SUSPENDING)

    async def subscribe(self) -> WatchReceiver[T_co]:
        """A new receiver, to which the latest value counts as seen."""
        return WatchReceiver(self._owned_of(await self._port.subscribe(SUSPENDING)))

    def clone(self) -> WatchReceiver[T_co]:
        """A new receiver, which has seen exactly as much as this one."""
        return WatchReceiver(self._owned_of(self._port.clone()))

    def close(self) -> None:
        """Nothing more is received here. Idempotent."""
        self._port.close()

    @property
    def sync(self) -> sync_api.WatchReceiver[T_co]:
        """The same receiver, for code that blocks."""
        from ..watches import WatchReceiver as Blocking

        return Blocking(self._owned)

    def case(self) -> Case:
        """What `select` waits for."""
        return WatchCase(self._port)

    async def __aiter__(self) -> AsyncIterator[T_co]:
        """The latest value each time that there is one that was not seen yet, until the channel has closed."""
        while True:
            try:
                await self.changed()
                value = self.borrow()
            except ChannelClosed:
                return
            yield value

    async def __aenter__(self) -> WatchReceiver[T_co]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _make_sender(owned: Any) -> WatchSender[Any]:
    return WatchSender(owned)


def _make_receiver(owned: Any) -> WatchReceiver[Any]:
    return WatchReceiver(owned)


MAKERS[Kind.WATCH_SENDER, True] = _make_sender
MAKERS[Kind.WATCH_RECEIVER, True] = _make_receiver
