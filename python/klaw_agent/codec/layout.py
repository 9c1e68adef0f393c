"""Puts what an encoder has collected into bytes: lengths, numbers of definitions, and the padding of large arrays."""

from __future__ import annotations

import struct
from typing import Final

from . import extension_types as ext

#: From this size on a buffer is handed over as it is instead of being copied.
LARGE: Final = 32 * 1024


class Mark:
    """An object that may be referred to. It becomes a definition when it is."""

    __slots__ = ("number", "opaque", "shared", "value")

    def __init__(self, value: object) -> None:
        #: Kept, so that nobody else gets its id.
        self.value = value
        self.shared = False
        self.number = -1
        #: The other side makes it from what is inside: nothing there may refer to it.
        self.opaque = False


class Reference:
    __slots__ = ("mark",)

    def __init__(self, mark: Mark) -> None:
        self.mark = mark


class EndMark(Reference):
    __slots__ = ()


class Open:
    """The start of an extension with values inside."""

    __slots__ = ("code",)

    def __init__(self, code: int) -> None:
        self.code = code


class Close:
    """The end of the extension that was opened last."""

    __slots__ = ()


class Binary:
    """A typed array, whose bytes are to stand at a multiple of eight."""

    __slots__ = ("code", "data")

    def __init__(self, code: int, data: memoryview) -> None:
        self.code = code
        self.data = data


Piece = bytes | memoryview | Mark | Reference | Open | Close | Binary


class Layout:
    """One message's bytes in the making."""

    def __init__(self) -> None:
        self._small = bytearray()
        #: Large buffers, and where in the small bytes they stand.
        self._cuts: list[tuple[int, memoryview]] = []
        self._large_size = 0
        #: Position in the small bytes of what has been opened, and how much stood in large buffers by then.
        self._opened: list[tuple[int, int]] = []
        self._definitions = 0

    @property
    def size(self) -> int:
        """Bytes so far."""
        return len(self._small) + self._large_size

    def write(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, bytes):
                self._small += piece
            elif isinstance(piece, memoryview):
                self._buffer(piece)
            elif isinstance(piece, Mark):
                if piece.shared:
                    piece.number = self._definitions
                    self._definitions += 1
                    self._open(ext.DEFINITION)
                    self._small += b"\0\0"
            elif isinstance(piece, EndMark):
                if piece.mark.shared:
                    self._close()
            elif isinstance(piece, Reference):
                self._small += struct.pack(">BBI", 0xD6, ext.REFERENCE, piece.mark.number)
            elif isinstance(piece, Open):
                self._open(piece.code)
            elif isinstance(piece, Close):
                self._close()
            else:
                self._binary(piece)

    def parts(self) -> list[bytes | memoryview]:
        """The bytes, as buffers to be written one after the other."""
        if not self._cuts:
            return [bytes(self._small)]
        small = memoryview(self._small).toreadonly()
        parts: list[bytes | memoryview] = []
        start = 0
        for position, buffer in self._cuts:
            if position > start:
                parts.append(small[start:position])
            parts.append(buffer)
            start = position
        if start < len(small):
            parts.append(small[start:])
        return parts

    def _buffer(self, data: memoryview) -> None:
        if data.nbytes < LARGE:
            self._small += data
        else:
            self._cuts.append((len(self._small), data))
            self._large_size += data.nbytes

    def _open(self, code: int) -> None:
        self._opened.append((len(self._small), self._large_size))
        self._small += struct.pack(">BIB", 0xC9, 0, code)

    def _close(self) -> None:
        position, large_size = self._opened.pop()
        length = len(self._small) - position - 6 + self._large_size - large_size
        if length >= 2**32:
            raise ValueError(f"{length} bytes are more than an extension can hold")
        struct.pack_into(">I", self._small, position + 1, length)

    def _binary(self, piece: Binary) -> None:
        length = piece.data.nbytes
        header = 3 if length < 0x100 - 10 else 4 if length < 0x10000 - 10 else 6
        padding = -(self.size + header + 2) & 7
        payload = 2 + padding + length
        if payload >= 2**32:
            raise ValueError(f"{length} bytes are more than an extension can hold")
        token, form = {3: (0xC7, ">BBB"), 4: (0xC8, ">BHB"), 6: (0xC9, ">BIB")}[header]
        self._small += struct.pack(form, token, payload, ext.BINARY)
        self._small += bytes((piece.code, padding)) + bytes(padding)
        self._buffer(piece.data)
