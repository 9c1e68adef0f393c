"""Values with refs, actors and queues inside: numbers become Ray's own handles, and those become numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import ray
import ray.actor
import ray.exceptions
from ray.util.queue import Queue

from ..channel_handles import CHANNEL_KINDS, ChannelHandle, handle_of, only_pass_on
from ..codec import CodecContext, PythonObjects, SerializerRegistry, decode, encode_parts
from ..errors import KlawError, RayActorError, SerializationError
from .describe import describe_handle
from .entries import ActorEntry, Entry, ObjectEntry
from .ray_errors import as_klaw_error, plain
from .refs import Refs
from .table import Table

OBJECT_REF = 1
ACTOR = 2
QUEUE = 11

Parts = list[bytes | memoryview]

#: So many kept values are put into Ray while a value that names them is being read; for more, it waits until threads have done that.
_AT_ONCE = 4


class Reading(NamedTuple):
    """A value, or what has to be born before it can be read again."""

    value: Any
    missing: Sequence[Entry]
    #: Whom the numbers inside mean. They may be released before the value is read again.
    pins: dict[int, Entry]


_NOBODY: dict[int, Entry] = {}


class Values:
    """Reads and writes the values of one session."""

    def __init__(
        self, table: Table, refs: Refs, serializers: SerializerRegistry, python_objects: PythonObjects
    ) -> None:
        only_pass_on()
        self._table = table
        self._refs = refs
        self._context = CodecContext(
            decode_handle=self._take,
            encode_handle=self._show,
            serializers=serializers,
            python_objects=python_objects,
        )
        self._pins = _NOBODY
        self._missing: list[Entry] = []
        #: Kept values that the one that is being read names.
        self._named: list[ObjectEntry] = []
        self._shown: list[Entry] = []

    def read(
        self,
        data: bytes | memoryview,
        pins: dict[int, Entry] = _NOBODY,
        *,
        borrow: bool = False,
        root: str = "value",
    ) -> Reading:
        """Reads a value, as far as everything that it refers to has been born. Errors name it by `root`.

        With `borrow`, arrays may be views of the data, which nobody may change. Raises `SerializationError`.
        """
        self._pins, self._missing, self._named = dict(pins), [], []
        try:
            value = decode(data, self._context, borrow=borrow, root=root)
            if len(self._named) > _AT_ONCE:
                self._missing.append(self._refs.bring(self._named))
            return Reading(value, self._missing, self._pins)
        finally:
            self._pins, self._missing, self._named = _NOBODY, [], []

    def write(self, value: object, root: str = "value") -> Parts:
        """Writes a value, and counts every number that it shows. Raises `SerializationError`."""
        self._shown = []
        try:
            return encode_parts(value, self._context, root)
        except BaseException:
            # Nobody will get to see these numbers.
            for entry in self._shown:
                self._table.uncount(entry, 1)
            raise
        finally:
            self._shown = []

    def write_error(self, error: BaseException) -> Parts:
        """Writes an error as one of klaw's family. What of it can not be written is left out: a report always arrives."""
        try:
            return self.write(as_klaw_error(error), "error")
        except Exception as failure:
            kind = type(error) if isinstance(error, KlawError) else KlawError
            text = f"{type(error).__module__}.{type(error).__qualname__}: {plain(error)}"
            return self.write(
                KlawError(f"{text} (as text only: {plain(failure)})") if kind is KlawError else kind(text)
            )

    def _take(self, kind: int, body: object) -> object:
        if kind in CHANNEL_KINDS:
            return _channel_handle(kind, body)
        number = body[0] if isinstance(body, list) and body else body
        if type(number) is not int:
            raise SerializationError("a handle has no number")
        entry = self._pins.get(number)
        if entry is None:
            entry = self._table.object(number) if kind == OBJECT_REF else self._table.actor(number)
            self._pins[number] = entry
        if not entry.born:
            self._missing.append(entry)
            return None
        if kind == OBJECT_REF and isinstance(entry, ObjectEntry):
            return self._ref_of(entry)
        if not isinstance(entry, ActorEntry):
            raise SerializationError(f"{number} is no actor")
        if entry.failure is not None:
            raise entry.failure
        if kind == ACTOR:
            return entry.handle
        if kind == QUEUE and entry.queue is not None:
            return entry.queue
        raise SerializationError(f"there are no handles of kind {kind} here, or {number} is no queue")

    def _ref_of(self, entry: ObjectEntry) -> Any:
        kept = entry.kept
        if kept is None or kept.refused:
            return self._refs.of(entry)
        if kept.coming is not None:
            self._missing.append(kept.coming)
            return None
        self._named.append(entry)
        return self._refs.of(entry) if len(self._named) <= _AT_ONCE else None

    def _show(self, value: object) -> tuple[int, object] | None:
        if isinstance(value, ray.ObjectRef):
            entry = self._entry_of(value.binary())
            if not isinstance(entry, ObjectEntry):
                entry = ObjectEntry(0)
                entry.ref = value
                self._add(entry, value.binary())
            return OBJECT_REF, [self._count(entry), value.hex()]
        if isinstance(value, ray.actor.ActorHandle):
            actor = self.show_actor(value)
            return ACTOR, [self._count(actor), value._actor_id.hex(), actor.description]
        if isinstance(value, Queue):
            if value.actor is None:
                raise RayActorError("the queue has been shut down")
            actor = self.show_actor(value.actor)
            if actor.queue is None:
                actor.queue = value
            return QUEUE, [self._count(actor), value.actor._actor_id.hex(), value.maxsize]
        handle = value if isinstance(value, ChannelHandle) else handle_of(value)
        return None if handle is None else (handle.kind, [handle.origin, handle.number, handle.detail, handle.instance])

    def show_actor(self, handle: Any) -> ActorEntry:
        """The entry of an actor, which is made if the client has none; to be counted by whoever tells its number."""
        identity = handle._actor_id.binary()
        entry = self._entry_of(identity)
        if not isinstance(entry, ActorEntry):
            entry = ActorEntry(0)
            entry.handle = handle
            self._add(entry, identity)
        if entry.description is None:
            entry.description = describe_handle(entry.handle)
        return entry

    def _entry_of(self, identity: bytes) -> Entry | None:
        return self._table.known(identity)

    def _add(self, entry: Entry, identity: bytes) -> None:
        self._table.add(entry, identity)
        entry.be_born()

    def _count(self, entry: Entry) -> int:
        entry.count += 1
        self._shown.append(entry)
        return entry.number


def _channel_handle(kind: int, body: object) -> ChannelHandle:
    match body:
        case [int(origin), int(number), detail, str(instance)]:
            return ChannelHandle(kind, origin, number, detail, instance)
    raise SerializationError("the handle of a channel has no token, or does not say of which hub it is")
