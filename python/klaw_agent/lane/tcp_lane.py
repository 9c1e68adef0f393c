"""A TCP connection, with or without TLS, that carries a transport."""

from __future__ import annotations

import asyncio
import os
from typing import Final, Protocol

from ..wire.outgoing import PIECE, Buffer
from .wakefulness import Wakefulness

#: Pieces of one write: some systems take no more than 16.
_GATHERED: Final = 16


class Carried(Protocol):
    """What a lane carries."""

    def next_piece(self) -> Buffer | None:
        """What is to be sent next; None for nothing, or nothing more for now."""
        ...

    def writable(self) -> memoryview:
        """Where what comes next belongs."""
        ...

    def wrote(self, count: int) -> None: ...

    def flush(self) -> None:
        """The lane takes more again."""
        ...

    def lane_lost(self, lane: TcpLane, reason: Exception | None) -> None: ...


class TcpLane(asyncio.BufferedProtocol):
    """Takes over a socket after the hello."""

    def __init__(self, socket: asyncio.Transport, carried: Carried, wakefulness: Wakefulness | None = None) -> None:
        self._socket = socket
        self._carried = carried
        self._wakefulness = wakefulness
        self._is_full = False
        #: TLS has to see everything first.
        self._can_gather = socket.get_extra_info("sslcontext") is None
        socket.set_write_buffer_limits(high=PIECE)

    # What the transport that is carried calls.

    def pump(self) -> None:
        # One that breaks says so only after this turn; what it took is sent once more, what it did not stays.
        while not self._is_full and not self._socket.is_closing():
            pieces = self._next_pieces()
            if not pieces:
                return
            if len(pieces) > 1 and self._can_gather and self._socket.get_write_buffer_size() == 0:
                pieces = self._gather(pieces)
            for piece in pieces:
                if self._socket.is_closing():
                    return
                self._socket.write(piece)

    def pause_reading(self) -> None:
        if not self._socket.is_closing():
            self._socket.pause_reading()

    def resume_reading(self) -> None:
        if not self._socket.is_closing():
            self._socket.resume_reading()

    def end(self) -> None:
        """Until the client has closed its end too, it is read from: to close at once could lose what it has not read.

        TLS has no end of one direction; there the goodbye alone tells the client.
        """
        if self._socket.can_write_eof() and not self._socket.is_closing():
            self._socket.write_eof()

    def abort(self) -> None:
        self._socket.abort()

    def read_rest(self) -> None:
        """For who is told of the loss: takes what had come before. When a write fails, asyncio reads no more, and for a client that does not come
        back nobody says it again. With TLS it can not be had.
        """
        if self._socket.get_extra_info("sslcontext") is not None:
            return
        descriptor = self._socket.get_extra_info("socket").fileno()
        try:
            while count := os.readv(descriptor, [self._carried.writable()]):
                self._carried.wrote(count)
        except OSError:
            # There is no more, or the socket is closed already.
            return

    # Inside.

    def _next_pieces(self) -> list[Buffer]:
        """What goes next, at most about twice `PIECE`."""
        pieces: list[Buffer] = []
        size = 0
        while size < PIECE and len(pieces) < _GATHERED:
            piece = self._carried.next_piece()
            if piece is None:
                break
            pieces.append(piece)
            size += len(piece)
        return pieces

    def _gather(self, pieces: list[Buffer]) -> list[Buffer]:
        """Has the system take them all at once: to send the head of a frame by itself costs as much again, here and where it arrives. Returns what it
        did not take.
        """
        try:
            sent = os.writev(self._socket.get_extra_info("socket").fileno(), pieces)
        except OSError:
            # It is full, or it is broken, which asyncio will find out by itself.
            return pieces
        for index, piece in enumerate(pieces):
            if sent < len(piece):
                return [memoryview(piece)[sent:], *pieces[index + 1 :]]
            sent -= len(piece)
        return []

    # What the socket calls.

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._carried.writable()

    def buffer_updated(self, nbytes: int) -> None:
        self._carried.wrote(nbytes)
        if self._wakefulness is not None:
            self._wakefulness.received(nbytes)

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._carried.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._carried.lane_lost(self, exc)
