"""One value, one use; for code that blocks."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ._core.handles import MAKERS, End
from ._core.identity import Kind
from ._core.oneshot import send_once
from ._core.pending import BLOCKING, Deadline, run
from ._core.receive_port import ReceivePort
from ._core.selecting import Case, ReceiveCase
from ._core.send_port import SendPort

if TYPE_CHECKING:
    from . import aio

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class OneshotSender(End[SendPort], Generic[T]):
    """The sending end of a oneshot. Passing it on moves it: this one is closed then."""

    __slots__ = ()

    def send(self, value: T) -> None:
        """Sends the value, and closes this end. It never waits for the receiver.

        Raises `ChannelClosed` with the value when the receiver has closed, or this end has sent or was closed; `SerializationError`.
        """
        run(send_once(self._port, value, BLOCKING))

    def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until the receiver has closed, or this end. `timeout` in seconds. Raises `ChannelTimeout`."""
        run(self._port.closed(Deadline(timeout, "wait_closed"), BLOCKING))

    def close(self) -> None:
        """The receiver gets no value. Idempotent; does nothing once a value was sent."""
        self._port.close()

    @property
    def aio(self) -> aio.OneshotSender[T]:
        """The same end, for coroutines."""
        from .aio import OneshotSender as AioOneshotSender

        return AioOneshotSender(self._owned)

    def __enter__(self) -> OneshotSender[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class OneshotReceiver(End[ReceivePort], Generic[T_co]):
    """The receiving end of a oneshot. Passing it on moves it: this one is closed then."""

    __slots__ = ()

    def recv(self, timeout: float | None = None) -> T_co:
        """Takes the value, waiting for it, `timeout` seconds at most. When it timed out, the value was not taken.

        Raises `ChannelClosed` when the sender closed without a value, the value was taken already, or this end is closed;
        `ChannelTimeout`; `ChannelBackendError` when the hub is lost.
        """
        return cast(T_co, run(self._port.recv(Deadline(timeout, "recv"), BLOCKING, self._arrive)))

    def try_recv(self) -> T_co:
        """Takes the value if it is there. Raises `ChannelEmpty` otherwise; and as `recv`."""
        return cast(T_co, run(self._port.try_recv(BLOCKING, self._arrive)))

    def close(self) -> None:
        """The sender is told that nobody waits any more. Idempotent."""
        self._port.close()

    @property
    def aio(self) -> aio.OneshotReceiver[T_co]:
        """The same end, for coroutines."""
        from .aio import OneshotReceiver as AioOneshotReceiver

        return AioOneshotReceiver(self._owned)

    def case(self) -> Case:
        """What `select` waits for."""
        return ReceiveCase(self._port, self._arrive)

    def __enter__(self) -> OneshotReceiver[T_co]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _make_sender(owned: Any) -> OneshotSender[Any]:
    return OneshotSender(owned)


def _make_receiver(owned: Any) -> OneshotReceiver[Any]:
    return OneshotReceiver(owned)


MAKERS[Kind.ONESHOT_SENDER, False] = _make_sender
MAKERS[Kind.ONESHOT_RECEIVER, False] = _make_receiver
