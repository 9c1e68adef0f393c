"""Channel ends as values: what the program holds, how it goes on to others, and what becomes of what arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar

from klaw_agent.errors import SerializationError
from klaw_agent.wire.items import Token

from .client import Client
from .host import Holding
from .identity import Identity, Kind, read_identity
from .messages import Arrival, Passable
from .pending import LOCK
from .receive_port import ReceivePort
from .send_port import SendPort
from .watch_ports import WatchReceivePort, WatchSendPort
from .watch_replica import Image


class Port(Protocol):
    """Any end of a channel."""

    @property
    def holding(self) -> Holding: ...

    @property
    def is_closed(self) -> bool: ...

    def close(self) -> None: ...

    def pass_on(self, kept: bool) -> tuple[Token, object]: ...


P = TypeVar("P", bound=Any)


class Owned(Generic[P]):
    """An end that is closed when nobody holds it any more. Its views, blocking and not, share it."""

    __slots__ = ("__weakref__", "kind", "port")

    def __init__(self, port: P, kind: int) -> None:
        self.port = port
        self.kind = kind

    def __del__(self) -> None:
        port = self.port
        port.holding.client.drop(port.close)


class End(Passable, Generic[P]):
    """What all public ends have in common. `is_aio`: its operations are awaited."""

    __slots__ = ("_arrive", "_owned")

    is_aio = False

    def __init__(self, owned: Owned[P]) -> None:
        self._owned = owned
        self._arrive: Arrival = arrivals(owned.port.holding.client, self.is_aio)

    @property
    def _port(self) -> P:
        return self._owned.port

    @property
    def is_closed(self) -> bool:
        """Whether an operation would fail: this end was closed, or the channel has ended (and, for a receiver, is drained)."""
        closed: bool = self._port.is_closed
        return closed

    @property
    def name(self) -> str | None:
        """The channel's name; None when it has none."""
        name: str | None = self._port.holding.identity.name
        return name

    @property
    def namespace(self) -> str:
        """The namespace of the channel's name."""
        namespace: str = self._port.holding.identity.namespace
        return namespace

    def pass_on(self, client: Client) -> tuple[int, Token, object]:
        if client is not self._port.holding.client:
            raise ValueError("a channel end can not be sent through a channel of another hub, or of an earlier one")
        return self._export(False)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        from klaw_agent.channel_handles import restore

        kind, (origin, number), detail = self._export(True)
        return restore, (kind, origin, number, detail, self._port.holding.identity.instance)

    def __copy__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} is not copied: use clone()")

    def __deepcopy__(self, memo: object) -> Any:
        return self.__copy__()

    def __repr__(self) -> str:
        identity = self._port.holding.identity
        name = "" if identity.name is None else f" {identity.name!r}"
        state = "closed" if self.is_closed else "open"
        return f"<{type(self).__module__}.{type(self).__qualname__}{name} ({state})>"

    def _owned_of(self, port: P) -> Owned[P]:
        return Owned(port, self._owned.kind)

    def _export(self, kept: bool) -> tuple[int, Token, object]:
        token, detail = self._port.pass_on(kept)
        if self.is_aio and kept:
            head: Any = detail[0] if isinstance(detail, list) else detail
            head["aio"] = True
        if self._owned.kind in (Kind.ONESHOT_SENDER, Kind.ONESHOT_RECEIVER):
            # The end moves: whoever gets it is the only one who can use it.
            self._port.close()
        return self._owned.kind, token, detail


#: Makes the public end of a kind; by kind, and whether its operations are awaited.
MAKERS: Final[dict[tuple[int, bool], Callable[[Owned[Any]], End[Any]]]] = {}


def arrivals(client: Client, is_aio: bool) -> Arrival:
    """Makes public ends of the handles in messages."""

    def arrive(kind: int, token: Token, detail: object) -> object:
        return claim(client, kind, token, detail, is_aio)

    return arrive


def claim(client: Client, kind: int, token: Token, detail: object, is_aio: bool) -> End[Any]:
    """The end that a token stands for is this process's from now on. Raises `SerializationError`."""
    make = MAKERS.get((kind, is_aio))
    if make is None:
        raise SerializationError(f"a handle of the unknown kind {kind} arrived")
    head, extra = (detail[0], detail[1]) if isinstance(detail, list) and len(detail) == 2 else (detail, None)
    identity = read_identity(head)
    with LOCK:
        port, stream = _port_of(client, kind, identity, extra, arrivals(client, is_aio))
        client.claim(token, stream, kind, identity.id)
        if isinstance(port, WatchSendPort):
            port.follow()
    return make(Owned(port, kind))


def _port_of(client: Client, kind: int, identity: Identity, extra: object, arrive: Arrival) -> tuple[Port, int]:
    if kind in (Kind.SENDER, Kind.BROADCAST_SENDER, Kind.ONESHOT_SENDER):
        sender = SendPort(client, identity, kind)
        return sender, sender.stream.number
    if kind in (Kind.RECEIVER, Kind.BROADCAST_RECEIVER, Kind.ONESHOT_RECEIVER):
        receiver = ReceivePort(client, identity, kind)
        return receiver, receiver.stream.number
    image, has_changed = _read_image(extra)
    if kind == Kind.WATCH_SENDER:
        watching = WatchSendPort(client, identity, arrive, image)
        return watching, watching.port.stream.number
    made = WatchReceivePort(Holding(client, identity), arrive, image, has_changed=has_changed)
    return made, made.replica.number


def _read_image(extra: object) -> tuple[Image, bool]:
    if not isinstance(extra, dict):
        raise SerializationError("a watch's handle has no value")
    version, data = extra.get("version"), extra.get("bytes")
    if type(version) is not int or not isinstance(data, bytes | memoryview):
        raise SerializationError("a watch's handle has a value that can not be read")
    return Image(version, memoryview(data)), extra.get("changed") is True
