"""What a session has to do with the cluster's hub: finds it, hands it what messages refer to, and borrows that from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import ray
import ray.actor
import ray.exceptions
from ray.util.queue import Queue

from ..codec import decode, encode
from ..errors import ChannelBackendError, KlawError, RayError, SerializationError
from ..hub_actor import HubAddress, start_hub
from ..raw_bytes import RawBytes
from ..wire.items import Token
from .actors import Actors
from .completions import Completions
from .entries import ActorEntry, Entry, ObjectEntry
from .gifts import Gifts
from .ray_errors import as_klaw_error, cause_of, plain
from .refs import Refs
from .serving import Request, birth
from .table import Table
from .values import ACTOR, OBJECT_REF, QUEUE


class HubDesk:
    """One session's. `gifts` are those of the agent that the session belongs to; without an agent, the hub copies what it is to own."""

    def __init__(self, table: Table, refs: Refs, actors: Actors, completions: Completions, gifts: Gifts | None) -> None:
        self._table = table
        self._refs = refs
        self._actors = actors
        self._completions = completions
        self._gifts = gifts
        #: The hub that the client knows, and its actor.
        self._known: tuple[Any, HubAddress] | None = None

    async def find(self, _request: Request) -> dict[str, Any]:
        """`hub.find`: where the hub listens, which is started if there is none. Asks every time: it may be another one by now."""
        self._known = await self._completions.call(start_hub)
        return self._known[1]._asdict()

    def adopt(self, request: Request) -> Awaitable[None]:
        """`hub.adopt`: the hub holds something of the session's from now on."""
        return self._adopt(_token(request), self._table.entry(request.field("number", int)))

    async def _adopt(self, token: Token, entry: Entry) -> None:
        if isinstance(entry, ObjectEntry) and not entry.born and (entry.is_promised or entry.borrowed is not None):
            await self._ask("promise", token)
        await birth(entry)
        if isinstance(entry, ObjectEntry) and entry.kept is not None:
            # By a thread: a message may have many refs, each of which is a request of its own.
            await birth(entry.kept.coming or self._refs.bring([entry]))
        if isinstance(entry, ObjectEntry):
            held: Any = [self._refs.of(entry), entry.is_raw]
        elif isinstance(entry, ActorEntry) and entry.failure is None:
            held = [entry.handle if entry.queue is None else entry.queue, False]
        else:
            held = _encoded(entry.failure or RayError(f"{entry.number} is nothing that a message can refer to"))
        await self._ask("adopt", token, held)

    def borrow(self, request: Request) -> Awaitable[dict[str, Any]]:
        """`hub.borrow`: an object or an actor that a message refers to; it can be used at once, and waits for what it stands for."""
        token, kind, number = _token(request), request.field("kind", int), request.field("number", int)
        if kind == OBJECT_REF:
            entry = self._table.make_object(number)
            # What is asked about it before this has been begun is asked of the hub, too.
            entry.borrowed = token
            return self._borrow_object(token, entry)
        if kind in (ACTOR, QUEUE):
            return self._borrow_actor(token, kind, self._table.make_actor(number))
        raise SerializationError(f"hub.borrow: there are no references of kind {kind}")

    async def _borrow_object(self, token: Token, entry: ObjectEntry) -> dict[str, Any]:
        try:
            ref, is_raw = await self._lent(token, ray.ObjectRef, "object")
        except BaseException as error:
            entry.fail(_failure(error))
            raise
        finally:
            entry.borrowed = None
        entry.is_raw = is_raw
        self._refs.give_birth(entry, ref)
        return {"kind": OBJECT_REF, "id": ref.hex()}

    async def _borrow_actor(self, token: Token, kind: int, entry: ActorEntry) -> dict[str, Any]:
        try:
            lent, _ = await self._lent(token, (ray.actor.ActorHandle, Queue), "actor")
            queue = lent if isinstance(lent, Queue) else None
            if kind == QUEUE and queue is None:
                raise ChannelBackendError("what the message refers to is no queue")
            if queue is not None and queue.actor is None:
                raise RayError("the queue has been shut down")
        except BaseException as error:
            entry.fail(_failure(error))
            raise
        entry.queue = queue
        born = self._actors.give_birth(entry, lent if queue is None else queue.actor)
        return {"kind": kind, **born, **({} if queue is None else {"maxsize": queue.maxsize})}

    async def is_there(self, token: Token) -> bool:
        """Whether what is borrowed under the token comes at once, or when it has a value."""
        return bool(await self._ask("is_there", token))

    async def cancel(self, token: Token) -> None:
        """Nobody wants what is borrowed under the token any more: whoever makes it is told."""
        await self._ask("cancel", token)

    async def own(self, data: memoryview) -> Any:
        """The ref of an object that is the hub's, and holds these bytes. Until then nobody may change them. Raises why it could not be stored."""
        if self._gifts is None:
            ours = await self._completions.call(lambda: ray.put(RawBytes(data)))
            [ref] = await self._call("keep", [ours])
            return ref
        key = self._gifts.add(data)
        try:
            [ref] = await self._call("own", self._gifts.giver, key)
            return ref
        finally:
            self._gifts.remove(key)

    async def _lent(self, token: Token, kinds: type | tuple[type, ...], what: str) -> tuple[Any, bool]:
        reference = await self._ask("lend", token)
        if isinstance(reference, bytes):
            failure = decode(reference)
            raise failure if isinstance(failure, KlawError) else RayError(f"the reference has failed: {failure}")
        lent, is_value = reference
        if not isinstance(lent, kinds):
            raise ChannelBackendError(f"what the message refers to is a {type(lent).__name__}, and no {what}")
        return lent, bool(is_value)

    async def _ask(self, operation: str, *arguments: Any) -> Any:
        """Asks the hub that the client knows, and no other."""
        return await self._call(operation, (await self._hub())[1].instance, *arguments)

    async def _call(self, operation: str, *arguments: Any) -> Any:
        hub, _ = await self._hub()
        try:
            return await hub.ask.remote(operation, *arguments)
        except ray.exceptions.RayActorError as error:
            raise ChannelBackendError("the hub that held the channel is gone", cause=error) from error
        except ray.exceptions.RayTaskError as error:
            raise cause_of(error, KlawError) or error from None

    async def _hub(self) -> tuple[Any, HubAddress]:
        if self._known is None:
            self._known = await self._completions.call(start_hub)
        return self._known


def _token(request: Request) -> Token:
    token = request.field("token", dict)
    origin, number = token.get("origin"), token.get("number")
    if type(origin) is not int or type(number) is not int:
        raise SerializationError(f"{request.operation}: 'token' has no origin or no number", path="token")
    return origin, number


def _encoded(error: BaseException) -> bytes:
    """An error for whoever borrows what has failed. Pickled, it would be of a class of this process's."""
    try:
        return encode(as_klaw_error(error))
    except Exception:
        # Its cause can not be written.
        return encode(RayError(plain(error)))


def _failure(error: BaseException) -> BaseException:
    """What is asked of the reference from now on fails with this."""
    return RayError("the session has ended") if isinstance(error, asyncio.CancelledError) else error
