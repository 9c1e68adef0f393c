"""Which channel an end belongs to, and what the errors of its ends say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from klaw_agent.codec import decode
from klaw_agent.errors import ChannelBackendError, ChannelClosed, SerializationError

NO_SENDER: Final = "the channel is closed: no sender is left"
NO_RECEIVER: Final = "the channel is closed: no receiver is left"
CLOSED_SENDER: Final = "this sender is closed"
CLOSED_RECEIVER: Final = "this receiver is closed"

#: Makes an error for one operation; the argument is what was not sent.
Refusal = Callable[[object], Exception]


class Kind:
    """What a handle stands for. The numbers are part of the wire format."""

    SENDER: Final = 3
    RECEIVER: Final = 4
    BROADCAST_SENDER: Final = 5
    BROADCAST_RECEIVER: Final = 6
    WATCH_SENDER: Final = 7
    WATCH_RECEIVER: Final = 8
    ONESHOT_SENDER: Final = 9
    ONESHOT_RECEIVER: Final = 10


class Identity(NamedTuple):
    """Of a channel, as it travels with its handles."""

    id: str
    #: Infinite: unbounded.
    capacity: float
    ack: bool
    name: str | None
    namespace: str

    @property
    def instance(self) -> str:
        """Which hub it is of."""
        return self.id.partition(".")[0]

    def detail(self) -> dict[str, object]:
        detail: dict[str, object] = {
            "id": self.id,
            "capacity": self.capacity,
            "ack": self.ack,
            "namespace": self.namespace,
        }
        if self.name is not None:
            detail["name"] = self.name
        return detail

    def lost(self, error: Exception, unconfirmed: int) -> ChannelBackendError:
        fields: dict[str, Any] = {} if self.name is None else {"channel_name": self.name}
        return ChannelBackendError(
            f"the hub that holds the channel is gone: {error}",
            backend="ray",
            namespace=self.namespace,
            unconfirmed=unconfirmed,
            cause=error,
            **fields,
        )


def read_identity(detail: object) -> Identity:
    """What came along with a handle. Raises `SerializationError`."""
    if not isinstance(detail, dict):
        raise SerializationError("a channel's handle has no details")
    identity, capacity, namespace = detail.get("id"), detail.get("capacity"), detail.get("namespace")
    name = detail.get("name")
    if (
        not isinstance(identity, str)
        or isinstance(capacity, bool)
        or not isinstance(capacity, int | float)
        or math.isnan(capacity)
        or not isinstance(namespace, str)
        or not isinstance(name, str | None)
    ):
        raise SerializationError("a channel's handle has details that can not be read")
    return Identity(identity, capacity, detail.get("ack") is True, name, namespace)


def refusing(reason: str) -> Refusal:
    """A closed end: each operation gets an error of its own, with what it did not send."""

    def refuse(value: object) -> Exception:
        return ChannelClosed(reason) if value is None else ChannelClosed(reason, value=value)

    return refuse


def failing(error: Exception) -> Refusal:
    """As `refusing`, for what the hub or the session has said."""
    if type(error) is ChannelClosed:
        return refusing(error.message)

    def refuse(value: object) -> Exception:
        if not isinstance(error, ChannelBackendError):
            return error
        # Raised again and again, one error would collect the traceback of each time.
        return ChannelBackendError(error.message, cause=error.cause, **_attributes(error))

    return refuse


def read_end(body: memoryview, otherwise: str) -> Refusal:
    """What an *ended* says."""
    if len(body) == 0:
        return refusing(otherwise)
    try:
        reason = decode(body)
    except SerializationError as error:
        return failing(error)
    return failing(reason) if isinstance(reason, Exception) else refusing(otherwise)


def _attributes(error: ChannelBackendError) -> dict[str, Any]:
    return {("channel_name" if key == "channelName" else key): value for key, value in error.fields.items()}
