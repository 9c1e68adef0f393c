"""Values on their way to the client. Large ones go piece by piece, with others in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from ..wire.frame import MORE, RESPONSE, write_header
from .frames import PIECE, write_start
from .link import Link
from .values import Parts

_log = logging.getLogger(__name__)


class Outgoing:
    """Sends the values and answers of one session."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a large value is on its way."""
        return bool(self._tasks)

    def send(self, kind: int, flags: int, stream: int, parts: Parts) -> None:
        """Sends a value. Nobody may change what the parts are views of until the connection is through with them."""
        total = size_of(parts)
        if total <= PIECE:
            self._link.write([write_start(kind, flags, stream, total, total), *parts])
            return
        self._send_later(kind, flags, stream, parts, total, counted=True)

    def answer(self, flags: int, number: int, parts: Parts) -> None:
        """Answers a request."""
        total = size_of(parts)
        if total <= PIECE:
            self._link.write([write_header(RESPONSE, flags, number, total), *parts])
        else:
            self._send_later(RESPONSE, flags, number, parts, total, counted=False)

    async def send_whole(self, kind: int, flags: int, stream: int, parts: Parts) -> None:
        """Sends a large body, and returns when its last piece is on its way."""
        await self._send_pieces(kind, flags, stream, parts, size_of(parts), counted=False)

    def _send_later(self, kind: int, flags: int, stream: int, parts: Parts, total: int, *, counted: bool) -> None:
        pieces = self._send_pieces(kind, flags, stream, parts, total, counted)
        task = asyncio.get_running_loop().create_task(pieces)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_pieces(self, kind: int, flags: int, stream: int, parts: Parts, total: int, counted: bool) -> None:
        try:
            left = total
            for piece in cut(parts, PIECE):
                size = size_of(piece)
                more = MORE if size < left else 0
                first = left == total
                head = (
                    write_start(kind, flags | more, stream, size, total)
                    if first and counted
                    else write_header(kind, flags | more, stream, size)
                )
                left -= size
                self._link.write([head, *piece])
                await self._link.drain()
        except ConnectionError:
            # The session ends for that reason, and says so.
            return
        except Exception:
            _log.exception("a value could not be sent to its end")
            raise

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


def size_of(parts: Parts) -> int:
    return sum(part.nbytes if isinstance(part, memoryview) else len(part) for part in parts)


def cut(parts: Parts, longest: int) -> Iterator[Parts]:
    """Runs of views of the parts, each of exactly so many bytes, but for the last."""
    piece: Parts = []
    room = longest
    for part in parts:
        view = memoryview(part).cast("B")
        while len(view) > 0:
            taken = view[:room]
            piece.append(taken)
            room -= len(taken)
            view = view[len(taken) :]
            if room == 0:
                yield piece
                piece, room = [], longest
    if piece:
        yield piece
