"""What messages refer to in Ray, and large messages themselves: the hub holds both for as long as the message is there."""

from __future__ import annotations

import sys
from typing import Any, Final, NamedTuple

from klaw_agent.codec import decode
from klaw_agent.errors import ChannelBackendError, KlawError, SerializationError
from klaw_agent.wire.items import Token

from .client import Client
from .pending import BLOCKING, LOCK, Deadline, Waits

OBJECT_REF: Final = 1
ACTOR: Final = 2
QUEUE: Final = 11

#: A message that lies in Ray's store.
STORED_MESSAGE: Final = 12

_KINDS: Final = frozenset((OBJECT_REF, ACTOR, QUEUE, STORED_MESSAGE))


class Reference(NamedTuple):
    """What the hub is to hold, and what the message says about it."""

    kind: int
    held: Any
    details: list[object]


def is_reference(kind: int) -> bool:
    return kind in _KINDS


def reference_of(value: object) -> Reference | None:
    """None for anything else, and where Ray has not been imported."""
    ray: Any = sys.modules.get("ray")
    if ray is None:
        return None
    if isinstance(value, ray.ObjectRef):
        return Reference(OBJECT_REF, value, [value.hex()])
    if isinstance(value, ray.actor.ActorHandle):
        return Reference(ACTOR, value, [value._actor_id.hex(), _describe(value)])
    queues: Any = sys.modules.get("ray.util.queue")
    if queues is not None and isinstance(value, queues.Queue):
        if value.actor is None:
            raise ValueError("the queue has been shut down")
        return Reference(QUEUE, value, [value.actor._actor_id.hex()])
    return None


def adopt(client: Client, token: Token, reference: Reference) -> None:
    """Hands the reference to the hub, in the background: who borrows it waits until that has happened."""

    def hand_over() -> None:
        # `ray.get` warns in the process of an async actor, on whatever thread.
        _ask(client, "adopt", token, [reference.held, False]).future().result()

    # Whoever borrows it is told, since the hub waits for it no longer.
    client.work(hand_over, failed=lambda error: client.release([token]))


async def borrow(client: Client, token: Token, waits: Waits) -> object:
    """The reference under that token. Raises what the hub says when it is gone."""
    lent = await _answer(_ask(client, "lend", token), waits)
    if isinstance(lent, bytes):
        # It had failed before Ray knew of it.
        failure = decode(lent)
        raise failure if isinstance(failure, KlawError) else KlawError(f"the reference has failed: {failure}")
    return lent[0]


async def store(client: Client, token: Token, data: bytes, waits: Waits) -> None:
    """Puts the bytes of a message into Ray's store as an object of the hub's, which holds it under the token."""
    import ray

    from klaw_agent.raw_bytes import RawBytes

    await _connected(client, waits)
    ours = ray.put(RawBytes(data))
    kept = await _answer(_call(client, "keep", [ours]), waits)
    await _answer(_ask(client, "adopt", token, [*kept, True]), waits)


async def load(client: Client, token: Token, waits: Waits) -> memoryview:
    """The bytes of a message that was stored: a view of the store's memory."""
    reference = await borrow(client, token, waits)
    data = await _answer(reference, waits)
    if not isinstance(data, memoryview | bytes):
        raise SerializationError("what a message refers to is none")
    return memoryview(data)


async def _connected(client: Client, waits: Waits) -> None:
    if client.address is None:
        with LOCK:
            answer = client.request("session.barrier")
        await answer.wait(waits, Deadline(None, "send"))


def _ask(client: Client, operation: str, *arguments: Any) -> Any:
    """Asks the hub that holds the channel, and no other."""
    return _call(client, operation, None if client.address is None else client.address.instance, *arguments)


def _call(client: Client, operation: str, *arguments: Any) -> Any:
    address = client.address
    if address is None or address.actor is None:
        raise ChannelBackendError("the hub that holds the channel is no actor of Ray's", backend="ray")
    return address.actor.ask.remote(operation, *arguments)


async def _answer(ref: Any, waits: Waits) -> Any:
    import ray

    try:
        return ray.get(ref) if waits is BLOCKING else await ref
    except ray.exceptions.RayTaskError as error:
        cause = getattr(error, "cause", None)
        raise (cause if isinstance(cause, KlawError) else KlawError(str(error), cause=error)) from error
    except ray.exceptions.RayActorError as error:
        raise ChannelBackendError("the hub that held the channel is gone", backend="ray", cause=error) from error
    except ray.exceptions.RayError as error:
        raise KlawError(str(error), cause=error) from error


def _describe(handle: Any) -> dict[str, Any]:
    from klaw_agent.gateway.describe import describe_handle

    return describe_handle(handle)
