"""What encoding and decoding need to know beside the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .python_objects import PythonObjects
from .serializers import SerializerRegistry

MAX_DEPTH = 512
MAX_BYTES = 2**31 - 1


@dataclass(frozen=True)
class CodecContext:
    """What one side knows: its handles, serializers, sealed objects, and limits."""

    #: Makes a handle of kind and body. None: a message with a handle is an error.
    decode_handle: Callable[[int, object], object] | None = None
    #: What stands for a value that is a handle; None for any other value.
    encode_handle: Callable[[object], tuple[int, object] | None] | None = None
    serializers: SerializerRegistry | None = None
    #: None: arbitrary objects cannot be sent, and those that arrive stay `OpaquePythonObject`s.
    python_objects: PythonObjects | None = None
    max_depth: int = MAX_DEPTH
    #: Of one encoded value.
    max_bytes: int = MAX_BYTES


PLAIN = CodecContext()
