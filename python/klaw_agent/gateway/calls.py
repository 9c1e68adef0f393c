"""Calls of actors' methods: at once when that can be, else in their turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import ray

from ..errors import RayError, TaskCancelledError
from ..wire.frame import Frame, FrameError
from .completions import Completions
from .entries import ActorEntry, Entry, ObjectEntry
from .frames import PIECE, Invoke, read_invoke
from .lane import Awaited
from .refs import Refs
from .serving import Request
from .stints.desk import Stints
from .stints.line import Line
from .table import Table
from .values import Values
from .watches import Watches

_NO_OPTIONS: dict[str, Any] = {}


class Arguments(Protocol):
    """The arguments of a call, which are read when everything in them is there."""

    size: int

    def read(self) -> tuple[list[Any], Sequence[Entry]]:
        """The arguments, or what is missing still. Raises `SerializationError`."""
        ...


class Payloads:
    """Arguments of an *invoke*, one value each."""

    def __init__(self, values: Values, payloads: Sequence[memoryview], is_own: bool) -> None:
        self._values = values
        self._payloads = payloads if is_own else [memoryview(bytes(payload)) for payload in payloads]
        self._pins: dict[int, Entry] = {}
        self.size = sum(map(len, payloads))
        # Whom the numbers mean is settled now: they may be released before the call's turn.
        self._first: tuple[list[Any], Sequence[Entry]] | Exception
        try:
            self._first = self._read()
        except Exception as error:
            self._first = error

    def read(self) -> tuple[list[Any], Sequence[Entry]]:
        if isinstance(self._first, Exception):
            raise self._first
        if self._first[1]:
            self._first = self._read()
        return self._first

    def _read(self) -> tuple[list[Any], Sequence[Entry]]:
        arguments: list[Any] = []
        missing: list[Entry] = []
        for index, payload in enumerate(self._payloads):
            reading = self._values.read(payload, self._pins, borrow=True, root=_argument_name(index))
            arguments.append(reading.value)
            missing.extend(reading.missing)
            self._pins.update(reading.pins)
        return arguments, missing


class RequestArguments:
    """The field `args` of a request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.size = request.size
        request.field("args", list)

    def read(self) -> tuple[list[Any], Sequence[Entry]]:
        self._request.read()
        return self._request.field("args", list), self._request.missing


class Calls:
    """Calls of one session."""

    def __init__(self, table: Table, refs: Refs, values: Values, completions: Completions, watches: Watches) -> None:
        self._table = table
        self._values = values
        self._completions = completions
        #: Where calls are that share tasks.
        self.stints = Stints(refs, watches, completions, self._usually)
        #: Methods by the number that the client has given their names.
        self._names: list[str] = []

    def invoke(self, frame: Frame) -> None:
        """Takes an *invoke*. Raises `FrameError`; anything else is what its object fails with."""
        invoke = read_invoke(frame)
        name = self._name_of(invoke)
        entry = self._table.make_object(frame.stream)
        try:
            actor = self._table.actor(invoke.actor)
        except RayError as error:
            entry.fail(error)
            return
        if actor.handle is not None and actor.lane.clear and len(frame.body) <= PIECE:
            line = self.stints.line_of(actor)
            if line is not None and line.take(entry, actor, name, invoke.payloads):
                return
            if (line is None or not line.is_busy) and self._at_once(entry, actor, line, name, invoke):
                return
        arguments = Payloads(self._values, invoke.payloads, frame.is_own)
        self.enqueue(entry, actor, arguments, lambda args: submit(actor, name, args, _NO_OPTIONS))

    def call(self, request: Request) -> None:
        """`actor.call`: an invoke with options."""
        name = request.field("method", str)
        options = request.field("options", dict)
        number = request.field("number", int)
        actor_number = request.field("actor", int)
        arguments = RequestArguments(request)
        entry = self._table.make_object(number)
        try:
            actor = self._table.actor(actor_number)
        except RayError as error:
            entry.fail(error)
            return
        self.enqueue(entry, actor, arguments, lambda args: submit(actor, name, args, options))

    def close(self) -> None:
        """The session is over."""
        self.stints.close()

    def enqueue(
        self, entry: ObjectEntry, actor: ActorEntry, arguments: Arguments, work: Callable[[list[Any]], Any]
    ) -> None:
        """Does the work with the arguments when all of them and the actor are there, and all that was asked of it before is done."""
        actor.lane.append(CallStep(self, entry, actor, arguments, work))

    def give_birth(self, entry: ObjectEntry, ref: Any) -> None:
        entry.ref = ref
        self._table.identify(entry, ref.binary())
        entry.be_born()

    def apart(self, entry: ObjectEntry, work: Callable[[], Any]) -> None:
        """Works in a thread: memory is copied, and the store may have to make room first."""

        def done(ref: Any, error: BaseException | None) -> None:
            if error is not None:
                entry.fail(error)
            else:
                self.born_apart(entry, ref)

        self._completions.apart(work, done)

    def born_apart(self, entry: ObjectEntry, ref: Any) -> None:
        """A call has been submitted in a thread; it may have been cancelled meanwhile."""
        if entry.born:
            self._completions.apart(lambda: ray.cancel(ref), lambda _result, _error: None)
        else:
            self.give_birth(entry, ref)

    def _name_of(self, invoke: Invoke) -> str:
        if invoke.name is not None:
            if invoke.method != len(self._names):
                raise FrameError(f"method {invoke.method} is named, the next one is {len(self._names)}")
            self._names.append(invoke.name)
            return invoke.name
        if invoke.method >= len(self._names):
            raise FrameError(f"method {invoke.method} has not been named")
        return self._names[invoke.method]

    def _usually(self, entry: ObjectEntry, actor: ActorEntry, name: str, arguments: list[Any]) -> None:
        """A call that was to share a task is one of its own after all."""
        try:
            self.give_birth(entry, submit(actor, name, arguments, _NO_OPTIONS))
        except Exception as error:
            entry.fail(error)

    def _at_once(self, entry: ObjectEntry, actor: ActorEntry, line: Line | None, name: str, invoke: Invoke) -> bool:
        """The usual case, without a step. False when something is missing."""
        arguments: list[Any] = []
        try:
            for index, payload in enumerate(invoke.payloads):
                # Ray copies what it takes before it returns, so the arguments may be views of the frame.
                reading = self._values.read(payload, borrow=True, root=_argument_name(index))
                if reading.missing:
                    return False
                arguments.append(reading.value)
            if line is not None:
                line.shut()
            self.give_birth(entry, submit(actor, name, arguments, _NO_OPTIONS))
        except Exception as error:
            entry.fail(error)
        return True


class CallStep:
    """A call that waits for its turn."""

    __slots__ = ("_actor", "_arguments", "_calls", "_entry", "_started", "_work")

    def __init__(
        self,
        calls: Calls,
        entry: ObjectEntry,
        actor: ActorEntry,
        arguments: Arguments,
        work: Callable[[list[Any]], Any],
    ) -> None:
        self._calls = calls
        self._entry = entry
        self._actor = actor
        self._arguments = arguments
        self._work = work
        self._started = False

    def attempt(self) -> Sequence[Awaited]:
        entry, actor, work = self._entry, self._actor, self._work
        if entry.born:
            # Done in a thread, or cancelled before its turn.
            return ()
        if self._started:
            return (entry,)
        if not actor.born:
            return (actor,)
        try:
            if actor.failure is not None:
                raise actor.failure
            arguments, missing = self._arguments.read()
            if missing:
                return missing
            line = self._calls.stints.line_of(actor)
            if line is not None:
                if line.is_busy:
                    return (line,)
                line.shut()
            if self._arguments.size > PIECE:
                self._started = True
                self._calls.apart(entry, lambda: work(arguments))
                return (entry,)
            self._calls.give_birth(entry, work(arguments))
        except Exception as error:
            entry.fail(error)
        return ()


def submit(actor: ActorEntry, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Hands a call to Ray; returns its ref. Raises what Ray raises at once: wrong arguments, too many pending calls."""
    method = actor.methods.get(name)
    if method is None:
        method = method_of(actor, name)
        if actor.handle._ray_method_is_generator.get(name):
            raise RayError(f"{name} is a generator: its values come one by one, by iterating over them")
        actor.methods[name] = method
    ref = method.options(**options).remote(*arguments) if options else method.remote(*arguments)
    if not isinstance(ref, ray.ObjectRef):
        raise RayError(f"{name} was called for {type(ref).__name__}, not for one result")
    return ref


def method_of(actor: ActorEntry, name: str) -> Any:
    """A method of an actor, ready to be called. Raises `RayError` that says which there are."""
    handle = actor.handle
    if name in handle._ray_method_signatures and name != "__init__":
        return getattr(handle, name)
    descriptor = handle._ray_actor_creation_function_descriptor
    methods = sorted(one for one in handle._ray_method_signatures if not one.startswith("__"))
    raise RayError(
        f"the actor {descriptor.module_name}.{descriptor.class_name} has no method {name!r}: it has {', '.join(methods) or 'none'}"
    )


def cancelled_before_start() -> TaskCancelledError:
    return TaskCancelledError("the call was cancelled before it was submitted")


def _argument_name(index: int) -> str:
    return _ARGUMENT_NAMES[index] if index < len(_ARGUMENT_NAMES) else f"args[{index}]"


_ARGUMENT_NAMES: Final = tuple(f"args[{index}]" for index in range(8))
