"""A stint: one task of Ray's, on the actor's own thread, that runs many calls of the actor's methods."""

from __future__ import annotations

import functools
import inspect
import threading
from contextlib import suppress
from time import monotonic
from types import MethodType
from typing import Any, Final

from ray._private.worker import global_worker

from .link import Address, Link, LinkLost
from .outcomes import encode_result, task_error
from .terms import BY_TASK, END, NOT_HERE, UNREACHABLE, VERSION

#: Seconds after which a stint begins no more calls: whoever else calls the actor has its turn.
_LONGEST: Final = 0.010
#: Seconds that it waits for the next call.
_IDLE: Final = 0.001
#: A call that has taken so many seconds may have been waited for in vain: what follows may have been cancelled meanwhile.
_LONG_CALL: Final = 0.001

#: By the ids of their lines.
_links: dict[bytes, Link] = {}


def serve(actor: Any, version: int, number: int, is_connected: bool, *where: Any) -> Any:
    """Runs calls until none comes, or until it is the turn of others. `is_connected`: as far as the agent knows.

    Returns None; or what the last call has returned, or the error that it has failed with, when that can not go through the connection; or an
    array as `terms.NOT_HERE` describes it. Raises what the last call has raised, if it ends the process.
    """
    address = Address(*where)
    reason = _why_not(actor) if version == VERSION else f"version {VERSION} of klaw is there already"
    if reason is not None:
        return [address.line, NOT_HERE, reason]
    link = _links.get(address.line)
    if link is None:
        _forget_ended()
        link = _links[address.line] = Link(address)
    try:
        if not (is_connected and link.is_connected):
            link.close()
            link.connect()
    except (OSError, RuntimeError) as error:
        return [address.line, UNREACHABLE, f"{type(error).__name__}: {error}", link.report()]
    try:
        return _run(actor, link, number)
    except LinkLost:
        # The next stint makes another connection, and says how far this one got.
        return None


def _run(actor: Any, link: Link, number: int) -> Any:
    end = monotonic() + _LONGEST
    began, now = -1.0, 0.0
    while now < end:
        call = link.next_call(number, _IDLE, now - began > _LONG_CALL)
        if call is None:
            break
        name = call[0]
        began = monotonic()
        try:
            result = _method(actor, name)(*call[1:])
        except Exception as error:
            _done_by_task(link)
            return _failure(actor, name, error)
        except BaseException:
            # It ends the actor, in one of the ways that Ray knows.
            _done_by_task(link)
            raise
        data = encode_result(result)
        if data is None:
            _done_by_task(link)
            return result
        link.done(data)
        now = monotonic()
    link.say(END)
    return None


def _done_by_task(link: Link) -> None:
    # If it is lost, the next stint says so.
    with suppress(LinkLost):
        link.done(BY_TASK)


def _failure(actor: Any, name: str, error: Exception) -> Any:
    failure = None
    with suppress(Exception):
        failure = task_error(actor, name, error)
    if failure is None:
        # It can not be described: Ray does what it does with such ones.
        raise error
    return failure


def _method(actor: Any, name: str) -> Any:
    """As Ray finds it: by the class, whatever attributes the instance has."""
    kind: Any = type(actor)
    method, needs_actor = _method_of(kind, name)
    return MethodType(method, actor) if needs_actor else method


@functools.lru_cache(maxsize=1024)
def _method_of(kind: Any, name: str) -> tuple[Any, bool]:
    found = inspect.getattr_static(kind, name)
    return getattr(kind, name), not isinstance(found, staticmethod | classmethod)


def _why_not(actor: Any) -> str | None:
    """Why calls of this actor have to be tasks of their own; None if they need not be."""
    worker = global_worker.core_worker
    if worker.current_actor_is_asyncio():
        return "the actor is asynchronous"
    # Not every version of Ray's says how many.
    if getattr(worker, "current_actor_max_concurrency", lambda: 0)() != 1:
        return "the actor runs several calls at a time"
    if threading.current_thread() is not threading.main_thread():
        # So it is with concurrency groups.
        return "the actor's calls do not run on its main thread"
    return None


def _forget_ended() -> None:
    """Sessions have ended meanwhile."""
    for line, link in list(_links.items()):
        if link.is_connected and link.is_over():
            link.close()
            del _links[line]
