"""Opens channels at the hub, and finds those that have a name."""

from __future__ import annotations

import math
from typing import Any, Final

from klaw_agent.errors import KlawError

from .client import Client
from .identity import Identity, Kind
from .messages import Arrival, encode_message
from .pending import LOCK, Deadline, Waits
from .receive_port import ReceivePort
from .send_port import SendPort
from .watch_ports import WatchReceivePort, WatchSendPort

#: Seconds that the hub is waited for; it may have to be started first.
_OPEN_TIME: Final = 120.0

Spec = dict[str, Any]


def opening() -> Deadline:
    return Deadline(_OPEN_TIME, "opening a channel")


async def open_channel(client: Client, spec: Spec, waits: Waits) -> tuple[SendPort, ReceivePort]:
    """Both ends of a queue of items, or of a oneshot. Raises `ChannelConfigMismatch`, `KlawError`."""
    send_kind, receive_kind = {
        "mpmc": (Kind.SENDER, Kind.RECEIVER),
        "oneshot": (Kind.ONESHOT_SENDER, Kind.ONESHOT_RECEIVER),
        "broadcast": (Kind.BROADCAST_SENDER, Kind.BROADCAST_RECEIVER),
    }[spec["kind"]]
    with LOCK:
        check_session(client)
        send = SendPort(client, _identity(spec), send_kind)
        receive = ReceivePort(client, _identity(spec), receive_kind)
        answer = client.request(
            "channel.open", {"spec": spec, "sender": send.stream.number, "receiver": receive.stream.number}
        )
    try:
        identity = _identity(spec, await answer.wait(waits, opening()))
    except Exception:
        with LOCK:
            send.stream.abandon()
            receive.stream.abandon()
        raise
    except BaseException:
        # The hub may open it all the same.
        send.close()
        receive.close()
        raise
    send.holding.identity = receive.holding.identity = identity
    return send, receive


async def open_watch(
    client: Client, spec: Spec, initial: object, arrive: Arrival, waits: Waits
) -> tuple[WatchSendPort, WatchReceivePort]:
    """Both ends of a watch, once its latest value is here."""
    message = encode_message(client, initial, "initial")
    with LOCK:
        check_session(client)
        send = WatchSendPort(client, _identity(spec), arrive)
        receive = WatchReceivePort(send.holding, arrive)
        tokens = [{"origin": origin, "number": number} for origin, number in message.tokens]
        answer = client.request(
            "channel.open",
            {
                "spec": spec,
                "sender": send.port.stream.number,
                "follower": send.replica.number,
                "receiver": receive.replica.number,
                "initial": {"bytes": message.data, "tokens": tokens or None, "count": 0},
            },
        )
    try:
        identity = await answer.wait(waits, opening())
    except Exception:
        with LOCK:
            client.release(message.tokens)
            send.port.stream.abandon()
            send.replica.abandon()
            receive.replica.abandon()
        raise
    except BaseException:
        send.close()
        receive.close()
        raise
    # Both ends share it.
    send.holding.identity = _identity(spec, identity)
    await send.replica.arrived(waits, opening())
    await receive.replica.arrived(waits, opening())
    receive.mark_seen()
    return send, receive


async def subscribe(port: SendPort | ReceivePort, like: int | None, waits: Waits) -> ReceivePort:
    """A new receiver of a broadcast, once the hub counts it; `like`: one that has read as much as that stream of this session's."""
    with LOCK:
        made = ReceivePort(port.client, port.holding.identity, Kind.BROADCAST_RECEIVER)
    try:
        await port.holding.attached("receiver", made.stream.number, waits, Deadline(None, "subscribe"), like)
    except BaseException:
        made.close()
        raise
    return made


def check_session(client: Client) -> None:
    """Raises why the session is over, if it is. With the lock held."""
    if client.error is not None:
        raise client.error if isinstance(client.error, KlawError) else KlawError(str(client.error), cause=client.error)


async def ask(client: Client, operation: str, argument: object, waits: Waits) -> Any:
    """Asks the hub something about channels. Raises `KlawError`."""
    with LOCK:
        answer = client.request(operation, argument)
    return await answer.wait(waits, opening())


def _identity(spec: Spec, identity: str = "") -> Identity:
    capacity = spec["capacity"]
    return Identity(
        identity, capacity if math.isinf(capacity) else int(capacity), spec["ack"], spec.get("name"), spec["namespace"]
    )
