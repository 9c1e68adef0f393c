"""One client's session: its frames and requests, and the end of all that it has made."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ..codec import PythonObjects, SerializerRegistry
from ..errors import KlawError, RuntimeClosedError
from ..wire.frame import ABORT, EVENT, REQUEST, RESPONSE, Frame, FrameError, write_header
from . import frames
from .actors import Actors
from .asking import Asking
from .calls import Calls
from .cluster import Cluster
from .completions import Completions
from .fetches import Fetches
from .gifts import Gifts
from .hub_desk import HubDesk
from .link import Link
from .load import load_module
from .objects import Objects
from .outgoing import Outgoing, size_of
from .promises import Promises
from .puts import Puts
from .queues import Queues
from .ray_errors import keep_causes, send_errors_whole
from .refs import Refs
from .relay import Relays
from .serving import Operation, Request, Serving
from .streams import Streams
from .table import Table
from .tasks import Tasks
from .typescript import TypeScript
from .values import Values
from .waiting import waiting_refs
from .watches import make_watches

_log = logging.getLogger(__name__)

#: The event by which a side says why it ends the connection.
_FAILED = "connection.failed"

#: Operations whose wait ends with an abort.
WAITS = frozenset(
    {"actor.ready", "stream.next", "queue.put", "queue.get", "hub.find", "relay.open", "typescript.locate"}
)


class Session:
    """Takes frames from a connection, and gives it frames. Lives on the event loop of an async actor of Ray's, or of a driver.

    `operations` are requests that only this client may make.
    """

    def __init__(
        self,
        link: Link,
        *,
        namespace: str,
        serializers: SerializerRegistry | None = None,
        python_objects: PythonObjects | None = None,
        gifts: Gifts | None = None,
        ended: Callable[[], None] = lambda: None,
        operations: Mapping[str, Operation] = MappingProxyType({}),
        stayed: Callable[[], None] = lambda: None,
    ) -> None:
        keep_causes()
        send_errors_whole()
        self._link = link
        self._ended = ended
        self._end: asyncio.Task[None] | None = None
        self._completions = completions = Completions(asyncio.get_running_loop())
        self._watches = make_watches(completions)
        self.table = table = Table()
        self.refs = refs = Refs(table, completions)
        self._values = values = Values(
            table, refs, serializers or SerializerRegistry(), python_objects or PythonObjects()
        )
        self._outgoing = outgoing = Outgoing(link)
        self._calls = calls = Calls(table, refs, values, completions, self._watches)
        self._actors = actors = Actors(table, values, completions, namespace)
        hub = HubDesk(table, refs, actors, completions, gifts)
        self._relays = relays = Relays(link)
        fetches = Fetches(completions, lambda: relays.is_busy or outgoing.is_busy, stayed)
        self._promises = promises = Promises(table)
        self._objects = objects = Objects(link, table, values, outgoing, completions, fetches, self._watches, hub)
        self._puts = puts = Puts(link, table, refs, values, completions, hub, promises)
        self._tasks = tasks = Tasks(table, calls, completions)
        self._streams = streams = Streams(table, calls, completions)
        self._queues = queues = Queues(table, actors, completions)
        self._typescript = typescript = TypeScript(table, completions, actors, calls, namespace)
        self._cluster = cluster = Cluster(completions, namespace)
        #: Asks the client.
        self.asking = asking = Asking(link, outgoing, values)
        served: dict[str, Operation] = {
            "session.open": self.open,
            "actor.create": actors.create,
            "actor.ready": typescript.ready,
            "actor.find": actors.find,
            "actor.list": actors.list,
            "actor.kill": actors.kill,
            "actor.call": calls.call,
            "task.submit": tasks.submit,
            "stream.open": streams.open,
            "stream.next": streams.next,
            "stream.close": streams.close,
            "object.cancel": objects.cancel,
            "object.free": objects.free,
            "object.promise": promises.promise,
            "object.refuse": promises.refuse,
            "parcel.has": typescript.has_parcel,
            "parcel.store": typescript.store_parcel,
            "typescript.create": typescript.create,
            "typescript.submit": typescript.submit,
            "typescript.code": typescript.code,
            "typescript.locate": typescript.locate,
            "typescript.node": typescript.node,
            "queue.create": queues.create,
            "queue.put": queues.put,
            "queue.putAll": queues.put_all,
            "queue.get": queues.get,
            "queue.getMany": queues.get_many,
            "queue.size": queues.size,
            "queue.full": queues.full,
            "queue.shutdown": queues.shutdown,
            "hub.find": hub.find,
            "hub.adopt": hub.adopt,
            "hub.borrow": hub.borrow,
            "relay.open": relays.open,
            "cluster.nodes": cluster.nodes,
            "cluster.total": cluster.total,
            "cluster.available": cluster.available,
            _FAILED: self._told,
            **operations,
        }
        self._serving = Serving(outgoing, values, served, WAITS)
        self._handlers: dict[int, Callable[[Frame], None]] = {
            REQUEST: self._serving.request,
            RESPONSE: asking.response,
            EVENT: self._serving.request,
            ABORT: self._serving.abort,
            frames.PUT: puts.put,
            frames.GET: objects.get,
            frames.WATCH: objects.watch,
            frames.INVOKE: calls.invoke,
            frames.RELEASE: objects.release,
            frames.RELAY: relays.frame,
        }

    def waiting_refs(self) -> list[Any]:
        """The refs whose values, or news of them, the client waits for now. From any thread."""
        return waiting_refs(self.table)

    def land(self, kind: int, flags: int, stream: int, length: int) -> memoryview | None:
        """Where the body of a large frame that has begun to arrive belongs; None if nowhere in particular."""
        return self._puts.land(kind, flags, stream, length)

    def receive(self, received: Iterable[Frame]) -> None:
        """Frames have come. One that can not be read ends the connection."""
        handlers = self._handlers
        try:
            for frame in received:
                if self._end is not None:
                    return
                handler = handlers.get(frame.type)
                if handler is None:
                    raise FrameError(f"the frame type 0x{frame.type:x} is unknown")
                handler(frame)
        except Exception as error:
            if not isinstance(error, FrameError):
                _log.exception("a frame could not be handled")
            self._refuse(error)

    def transport_lost(self, message: str, reason: Exception | None) -> None:
        """The connection is gone for good."""
        self._finish(RuntimeClosedError(message, cause=reason))

    async def close(self) -> None:
        """Ends the session as if its client had gone, and waits until what it held is let go. Idempotent."""
        self._link.close()
        self._finish(RuntimeClosedError("the session was closed"))
        if self._end is not None:
            await self._end

    async def open(self, request: Request) -> dict[str, Any]:
        """`session.open`: imports modules, whose serializers and classes values may need."""
        imports = request.field("imports", list)
        for module in imports:
            if not isinstance(module, str):
                raise KlawError(f"session.open: a module is named by a string, not by {module!r}")
            await self._completions.call(lambda module=module: load_module(module))  # type: ignore[misc]
        return self._cluster.about()

    def _told(self, request: Request) -> None:
        _log.warning("the client can not read what it gets: %s", request.argument)

    def _refuse(self, error: Exception) -> None:
        failure = KlawError("the client sent a frame that can not be read", cause=error)
        parts = self._values.write([_FAILED, failure])
        self._link.write([write_header(EVENT, 0, 0, size_of(parts)), *parts])
        self._link.close()
        self._finish(failure)

    def _finish(self, error: Exception) -> None:
        if self._end is None:
            self.asking.close(error)
            self._end = asyncio.get_running_loop().create_task(self._let_go())

    async def _let_go(self) -> None:
        """What waits is told, items go back, and Ray's counts go down."""
        try:
            self._serving.close()
            self._outgoing.close()
            self._promises.close()
            self._typescript.close()
            self._relays.close()
            self._tasks.close()
            self._streams.end()
            self._puts.close()
            self._objects.close()
            self._calls.close()
            self._watches.close()
            await self._queues.give_back()
            self._actors.let_go()
            self.table.clear()
        except Exception:
            _log.exception("a session could not let go of everything")
        finally:
            self._completions.close()
            self._ended()
