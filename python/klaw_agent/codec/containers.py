"""How containers are written: the header at once, then what is inside, one by one, for the encoder to go into."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .error_values import ErrorValue, describe_error
from .layout import Piece
from .paths import Step, nth_key, nth_value, value_of_key
from .scalars import array_header, long_map_header, map_header, pack_text

#: Each value inside, with the step that leads to it. What an iterator appends to the pieces precedes its next value.
ChildSteps = Iterator[tuple[Step, Any]]


def write_list(pieces: list[Piece], values: Sequence[Any]) -> ChildSteps:
    # A copy: other threads may go on with the list.
    values = tuple(values)
    pieces.append(array_header(len(values)))
    return iter(enumerate(values))


def write_set(pieces: list[Piece], values: Collection[Any]) -> ChildSteps:
    elements = tuple(values)
    pieces.append(array_header(len(elements)))
    return ((nth_value(index), element) for index, element in enumerate(elements))


def write_dict(pieces: list[Piece], items: Mapping[Any, Any], is_map: bool) -> ChildSteps:
    pairs = tuple(items.items())
    pieces.append(array_header(len(pairs) * 2) if is_map else map_header(len(pairs)))
    return _map(pairs) if is_map else _object(pieces, pairs)


def _object(pieces: list[Piece], pairs: Sequence[tuple[str, Any]]) -> ChildSteps:
    for key, value in pairs:
        pieces.append(pack_text(key))
        yield key, value


def _map(pairs: Sequence[tuple[Any, Any]]) -> ChildSteps:
    for index, (key, value) in enumerate(pairs):
        yield nth_key(index), key
        yield value_of_key(key), value


def write_error(pieces: list[Piece], error: BaseException) -> ChildSteps:
    described = describe_error(error)
    pieces.append(array_header(3))
    pieces.append(array_header(5))
    return _error(pieces, described)


def _error(pieces: list[Piece], described: ErrorValue) -> ChildSteps:
    yield None, described.class_name
    yield "code", described.code
    yield "name", described.name
    yield "message", described.message
    yield "stack", described.stack
    for fields in (described.hidden, described.properties):
        pieces.append(long_map_header(len(fields)))
        yield from _object(pieces, tuple(fields.items()))
