"""One value, one use; for coroutines."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .._core.handles import MAKERS, End
from .._core.identity import Kind
from .._core.oneshot import send_once
from .._core.pending import SUSPENDING, Deadline
from .._core.receive_port import ReceivePort
from .._core.selecting import Case, ReceiveCase
from .._core.send_port import SendPort

if TYPE_CHECKING:
    from .. import oneshots as sync_api

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class OneshotSender(End[SendPort], Generic[T]):
    """The sending end of a oneshot. Passing it on moves it: this one is closed then."""

    __slots__ = ()

    is_aio = True

    async def send(self, value: T) -> None:
        """Sends the value, and closes this end. It never waits for the receiver.

        Raises `ChannelClosed` with the value when the receiver has closed, or this end has sent or was closed; `SerializationError`.
        """
        await send_once(self._port, value, SUSPENDING)

    async def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until the receiver has closed, or this end. `timeout` in seconds. Raises `ChannelTimeout`."""
        await self._port.closed(Deadline(timeout, "wait_closed"), SUSPENDING)

    def close(self) -> None:
        """The receiver gets no value. Idempotent; does nothing once a value was sent."""
        self._port.close()

    @property
    def sync(self) -> sync_api.OneshotSender[T]:
        """The same end, for code that blocks."""
        from ..oneshots import OneshotSender as Blocking

        return Blocking(self._owned)

    async def __aenter__(self) -> OneshotSender[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class OneshotReceiver(End[ReceivePort], Generic[T_co]):
    """The receiving end of a oneshot. Passing it on moves it: this one is closed then."""

    __slots__ = ()

    is_aio = True

    async def recv(self, timeout: float | None = None) -> T_co:
        """Takes the value, waiting for it, `timeout` seconds at most. When it timed out, the value was not taken.

        Raises `ChannelClosed` when the sender closed without a value, the value was taken already, or this end is closed;
        `ChannelTimeout`; `ChannelBackendError` when the hub is lost.
        """
        return cast(T_co, (await self._port.recv(Deadline(timeout, "recv"), SUSPENDING, self._arrive)))

    async def try_recv(self) -> T_co:
        """Takes the value if it is there. Raises `ChannelEmpty` otherwise; and as `recv`."""
        return cast(T_co, (await self._port.try_recv(SUSPENDING, self._arrive)))

    def close(self) -> None:
        """The sender is told that nobody waits any more. Idempotent."""
        self._port.close()

    @property
    def sync(self) -> sync_api.OneshotReceiver[T_co]:
        """The same end, for code that blocks."""
        from ..oneshots import OneshotReceiver as Blocking

        return Blocking(self._owned)

    def case(self) -> Case:
        """What `select` waits for."""
        return ReceiveCase(self._port, self._arrive)

    async def __aenter__(self) -> OneshotReceiver[T_co]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _make_sender(owned: Any) -> OneshotSender[Any]:
    return OneshotSender(owned)


def _make_receiver(owned: Any) -> OneshotReceiver[Any]:
    return OneshotReceiver(owned)


MAKERS[Kind.ONESHOT_SENDER, True] = _make_sender
MAKERS[Kind.ONESHOT_RECEIVER, True] = _make_receiver
