"""Objects that the client has promised: they have a number and are used, and will be put, or refused."""

from __future__ import annotations

from ..errors import KlawError, RayError, SerializationError
from .entries import ObjectEntry
from .frames import HAS_FAILED
from .serving import Request
from .table import Table


class Promises:
    """Those of one session."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._promised: dict[int, ObjectEntry] = {}

    def promise(self, request: Request) -> None:
        """`object.promise`: what names these numbers waits until they are put or refused. Raises `NumberTaken`."""
        numbers = request.argument
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise SerializationError("object.promise: numbers are expected")
        for number in numbers:
            entry = self._table.make_object(number)
            entry.is_promised = True
            self._promised[number] = entry

    def keep(self, number: int) -> ObjectEntry | None:
        """It is being put: the object that was promised under the number, if one was."""
        entry = self._promised.pop(number, None)
        if entry is not None:
            entry.is_promised = False
        return entry

    def refuse(self, request: Request) -> None:
        """`object.refuse`: a promised object has failed."""
        number, error = request.field("number", int), request.argument.get("error")
        entry = self.keep(number)
        if entry is None:
            raise KlawError(f"object.refuse: {number} was not promised, or has been put")
        entry.outcome = HAS_FAILED
        entry.fail(error if isinstance(error, Exception) else RayError(f"the object was refused: {error}"))

    def close(self) -> None:
        """The session is over, and nothing is put any more."""
        promised, self._promised = self._promised, {}
        for entry in promised.values():
            entry.fail(RayError("the session ended before the object had a value"))
