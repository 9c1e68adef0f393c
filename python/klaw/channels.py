"""Makes and finds channels, for code that blocks."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast, overload

from ._core.handles import Owned, arrivals
from ._core.identity import Kind
from ._core.messages import LARGEST
from ._core.opening import ask, open_channel, open_watch
from ._core.pending import BLOCKING, run
from ._core.receive_port import Delivery
from ._core.runtime import RUNTIME
from .broadcasts import BroadcastReceiver, BroadcastSender
from .oneshots import OneshotReceiver, OneshotSender
from .options import CAPACITY, NAMESPACE, Ack, Lifetime, broadcast_spec, channel_spec, check_name, named_spec
from .receivers import Receiver
from .senders import Sender
from .stats import ChannelInfo
from .watches import WatchReceiver, WatchSender

T = TypeVar("T")


@overload
def channel(
    name: str | None = None,
    *,
    capacity: int | None = None,
    unbounded: bool = False,
    namespace: str = NAMESPACE,
    ack: None = None,
    ack_timeout: None = None,
    lifetime: Lifetime | None = None,
    ttl: float | None = None,
) -> tuple[Sender[Any], Receiver[Any]]: ...


@overload
def channel(
    name: str | None = None,
    *,
    capacity: int | None = None,
    unbounded: bool = False,
    namespace: str = NAMESPACE,
    ack: Literal["manual"],
    ack_timeout: float | None = None,
    lifetime: Lifetime | None = None,
    ttl: float | None = None,
) -> tuple[Sender[Any], Receiver[Delivery[Any]]]: ...


def channel(
    name: str | None = None,
    *,
    capacity: int | None = None,
    unbounded: bool = False,
    namespace: str = NAMESPACE,
    ack: Ack | None = None,
    ack_timeout: float | None = None,
    lifetime: Lifetime | None = None,
    ttl: float | None = None,
) -> tuple[Sender[Any], Receiver[Any]]:
    """Makes a channel at the cluster's hub, or joins the one of that name, which other languages may have made.

    - `name`: get-or-create, atomically. Without one, the channel is known to its holders only.
    - `capacity`: how many items it holds at most; 10,000 by default. `unbounded`: no limit.
    - `ack="manual"`: what is received has to be acknowledged within `ack_timeout` seconds (30 by default), else it is delivered again.
    - `lifetime`: a named channel is `"detached"` by default: it stays until it is deleted, or unused for `ttl` seconds. `"session"`: it
      ends with its last holder, or with this process, as one without a name does.

    Raises `ChannelConfigMismatch` when there is a channel of that name with another kind, capacity or mode, `TypeError` and `ValueError`
    for wrong arguments, and `KlawError` where there is no cluster or no hub.
    """
    spec = channel_spec(
        name,
        capacity=capacity,
        unbounded=unbounded,
        namespace=namespace,
        ack=ack,
        ack_timeout=ack_timeout,
        lifetime=lifetime,
        ttl=ttl,
    )
    send, receive = run(open_channel(RUNTIME.client(), spec, BLOCKING))
    return Sender(Owned(send, Kind.SENDER)), Receiver(Owned(receive, Kind.RECEIVER))


def oneshot() -> tuple[OneshotSender[Any], OneshotReceiver[Any]]:
    """Makes a channel for one value, as an answer. Raises `KlawError` where there is no cluster or no hub."""
    send, receive = run(open_channel(RUNTIME.client(), named_spec("oneshot", None), BLOCKING))
    return (
        OneshotSender(Owned(send, Kind.ONESHOT_SENDER)),
        OneshotReceiver(Owned(receive, Kind.ONESHOT_RECEIVER)),
    )


def broadcast(
    name: str | None = None,
    *,
    capacity: int = CAPACITY,
    namespace: str = NAMESPACE,
    lifetime: Lifetime | None = None,
    ttl: float | None = None,
) -> tuple[BroadcastSender[Any], BroadcastReceiver[Any]]:
    """Makes or joins a channel of which every receiver sees every value.

    Nobody waits for a slow receiver: one that falls more than `capacity` values behind is told once how many it missed, and goes on with
    the oldest value that is retained. Names and errors as with `channel`.
    """
    spec = broadcast_spec(name, capacity=capacity, namespace=namespace, lifetime=lifetime, ttl=ttl)
    send, receive = run(open_channel(RUNTIME.client(), spec, BLOCKING))
    return (
        BroadcastSender(Owned(send, Kind.BROADCAST_SENDER)),
        BroadcastReceiver(Owned(receive, Kind.BROADCAST_RECEIVER)),
    )


def watch(
    initial: T,
    name: str | None = None,
    *,
    namespace: str = NAMESPACE,
    lifetime: Lifetime | None = None,
    ttl: float | None = None,
) -> tuple[WatchSender[T], WatchReceiver[T]]:
    """Makes or joins a channel that holds the latest value, as a configuration or a state. `initial` is the value of a new one; what the
    value is now counts as seen. Names and errors as with `channel`."""
    spec = named_spec("watch", name, namespace=namespace, lifetime=lifetime, ttl=ttl)
    client = RUNTIME.client()
    send, receive = run(open_watch(client, spec, initial, arrivals(client, False), BLOCKING))
    return WatchSender(Owned(send, Kind.WATCH_SENDER)), WatchReceiver(Owned(receive, Kind.WATCH_RECEIVER))


def get_channel(name: str, *, namespace: str = NAMESPACE) -> ChannelInfo | None:
    """What is known about the channel of that name; None when there is none."""
    check_name("name", name)
    check_name("namespace", namespace)
    found = run(ask(RUNTIME.client(), "channel.info", {"name": name, "namespace": namespace}, BLOCKING))
    return None if found is None else ChannelInfo.of(found)


def list_channels(namespace: str | None = None) -> list[ChannelInfo]:
    """All channels that have a name, in one namespace or, with None, in all of them."""
    if namespace is not None:
        check_name("namespace", namespace)
    argument = {} if namespace is None else {"namespace": namespace}
    return [ChannelInfo.of(info) for info in run(ask(RUNTIME.client(), "channel.list", argument, BLOCKING))]


def delete_channel(name: str, *, namespace: str = NAMESPACE) -> bool:
    """Ends the channel for everybody who holds it; false when there was none."""
    check_name("name", name)
    check_name("namespace", namespace)
    argument = {"name": name, "namespace": namespace}
    return cast(bool, run(ask(RUNTIME.client(), "channel.delete", argument, BLOCKING)))


def shutdown() -> None:
    """Ends this process's session at the hub, as the end of the process does: all channel ends in it are closed, and what is not detached
    and nobody else holds goes. The next use of a channel begins another session."""
    RUNTIME.shutdown()


def configure(*, grace_period: float | None = None, large_message: int | None = None) -> None:
    """Settings of sessions that begin from now on; to be called before the first channel is used.

    - `grace_period`: whole seconds, from 1 to 3600, for which the hub keeps what this process holds when it has lost touch with it; then
      it is given back, and the session is over. 30 by default. A process that is killed holds its items for as long, unless they are
      acknowledged ones whose time is over.
    - `large_message`: messages of more bytes than that go through Ray's object store instead of the hub; from 1 KiB to 15 MiB, 100 KiB by
      default.

    Raises `TypeError` or `ValueError` for anything else.
    """
    RUNTIME.configure(
        None if grace_period is None else _whole("grace_period", grace_period, 1, 3600),
        None if large_message is None else _whole("large_message", large_message, 1024, LARGEST),
    )


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"'{name}' must be a whole number from {least} to {most}, got {value!r}")
    if value != value or not least <= value <= most or int(value) != value:
        raise ValueError(f"'{name}' must be a whole number from {least} to {most}, got {value!r}")
    return int(value)
