"""The requests of the client: each is read, done, and answered once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..errors import KlawError, SerializationError
from ..wire.frame import ERROR, REQUEST, Frame, FrameError
from ..wire.requests import Served
from .entries import Entry
from .outgoing import Outgoing
from .pieces import Pieces
from .values import Values

Operation = Callable[["Request"], object | Awaitable[object]]


class Request:
    """What the client asks for. It may name objects that are yet to be born: those are None in `argument` until `complete`."""

    __slots__ = ("_body", "_pins", "_values", "argument", "missing", "operation", "size")

    def __init__(self, values: Values, body: memoryview, is_own: bool) -> None:
        reading = values.read(body, borrow=is_own)
        message = reading.value
        if not isinstance(message, list) or len(message) != 2 or not isinstance(message[0], str):
            raise FrameError("a request needs an operation and an argument")
        self._values = values
        self._pins = reading.pins
        self.operation: str = message[0]
        self.argument: Any = message[1]
        self.missing = reading.missing
        self.size = len(body)
        # Kept for the second reading only.
        self._body = (body if is_own else bytes(body)) if reading.missing else b""

    def read(self) -> Any:
        """The argument, as far as everything in it has been born; see `missing` for what has not."""
        if self.missing:
            reading = self._values.read(self._body, self._pins, borrow=True)
            self.missing = reading.missing
            self.argument = reading.value[1]
        return self.argument

    async def complete(self) -> Any:
        """The argument, once everything in it has been born."""
        while self.missing:
            await birth(self.missing[0])
            self.read()
        return self.argument

    def field(self, name: str, *kinds: type) -> Any:
        """A field of an argument that is an object. Raises `SerializationError` when it is not as it should be."""
        argument = self.argument
        value = argument.get(name) if isinstance(argument, dict) else None
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise SerializationError(f"{self.operation}: {name!r} is {type(value).__name__}", path=name)
        return value


class Serving:
    """Answers the requests of one session, in the order in which they are done."""

    def __init__(
        self, outgoing: Outgoing, values: Values, operations: Mapping[str, Operation], waits: frozenset[str]
    ) -> None:
        self._outgoing = outgoing
        self._values = values
        self._operations = operations
        self._waits = waits
        self._served = Served(self._answer, self._refuse)
        self._abortable: set[int] = set()
        self._pieces = Pieces()

    def request(self, frame: Frame) -> None:
        """Takes a request. What it makes has its number when this returns, so that later frames can name it."""
        whole = self._pieces.take(frame)
        if whole is None:
            return
        body, is_own = whole
        number = frame.stream if frame.type == REQUEST else None
        try:
            request = Request(self._values, body, is_own)
            operation = self._operations.get(request.operation)
            if operation is None:
                raise KlawError(f"the agent knows no operation {request.operation!r}")
            outcome = operation(request)
        except FrameError:
            raise
        except Exception as error:
            if number is not None:
                self._refuse(number, error)
            return
        if number is not None and request.operation in self._waits:
            self._abortable.add(number)
        self._served.settle(number, outcome)

    def abort(self, frame: Frame) -> None:
        """Ends the wait of an operation that waits; others are done all the same."""
        if frame.stream in self._abortable:
            self._served.abort(frame.stream)

    def close(self) -> None:
        self._pieces.clear()
        self._served.abort_all()

    def _answer(self, number: int, value: object) -> None:
        self._abortable.discard(number)
        try:
            parts = self._values.write(value, "result")
        except Exception as error:
            self._refuse(number, error)
            return
        self._outgoing.answer(0, number, parts)

    def _refuse(self, number: int, error: BaseException) -> None:
        self._abortable.discard(number)
        self._outgoing.answer(ERROR, number, self._values.write_error(error))


async def birth(entry: Entry) -> None:
    """Waits until it is known what became of an entry."""
    if entry.born:
        return
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def born() -> None:
        if not future.done():
            future.set_result(None)

    entry.when_born(born)
    await future
