"""Object refs, actors and queues of Ray's inside messages: the hub holds them for as long as the message is there."""

from __future__ import annotations

import sys
from typing import Any, Final, NamedTuple

from klaw_agent.errors import KlawError
from klaw_agent.wire.items import Token

from .pending import BLOCKING, Waits

OBJECT_REF: Final = 1
ACTOR: Final = 2
QUEUE: Final = 11


class Reference(NamedTuple):
    """What the hub is to hold, and what the message says about it."""

    kind: int
    held: Any
    details: list[object]


def is_reference(kind: int) -> bool:
    return kind in (OBJECT_REF, ACTOR, QUEUE)


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
        return Reference(QUEUE, value.actor, [value.actor._actor_id.hex()])
    return None


def adopt(token: Token, reference: Reference) -> None:
    """Hands the reference to the hub. Who borrows it waits until that has happened."""
    hub = _hub()
    hub.adopt.remote(token, [reference.held])


async def borrow(token: Token, kind: int, waits: Waits) -> object:
    """The reference under that token. Raises what the hub says when it is gone."""
    import ray

    answer = _hub().lend.remote(token)
    try:
        lent = ray.get(answer) if waits is BLOCKING else await answer
    except ray.exceptions.RayTaskError as error:
        cause = getattr(error, "cause", None)
        raise (cause if isinstance(cause, KlawError) else KlawError(str(error), cause=error)) from error
    except ray.exceptions.RayError as error:
        raise KlawError("the hub that held a reference is gone", cause=error) from error
    return _queue_of(lent[0]) if kind == QUEUE else lent[0]


def _hub() -> Any:
    from klaw_agent.hub_actor import find_or_make_hub

    return find_or_make_hub()


def _describe(handle: Any) -> dict[str, Any]:
    from klaw_agent.gateway.describe import describe_handle

    return describe_handle(handle)


def _queue_of(actor: Any) -> object:
    from ray.util.queue import Queue

    if isinstance(actor, Queue):
        return actor
    # Its own constructor would make another actor; its state is these two fields.
    queue = Queue.__new__(Queue)
    queue.__setstate__((0, actor)) if hasattr(queue, "__setstate__") else queue.__dict__.update(maxsize=0, actor=actor)
    return queue
