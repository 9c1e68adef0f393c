"""Values to bytes and back, as `docs/values.md` describes them."""

from __future__ import annotations

from ..errors import SerializationError
from .composites import Made
from .context import MAX_BYTES, MAX_DEPTH, PLAIN, CodecContext
from .decoder import Decoder, TooManyValues
from .encoder import Encoder
from .fast_decode import FastDecoder
from .fast_encode import encode_plain
from .python_objects import OpaquePythonObject, PythonObjects
from .regular_expressions import JavaScriptRegExp
from .serializers import SerializerRegistry

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "PLAIN",
    "CodecContext",
    "JavaScriptRegExp",
    "OpaquePythonObject",
    "PythonObjects",
    "SerializerRegistry",
    "decode",
    "encode",
    "encode_parts",
]

#: A message of this size may consist of a few large arrays, which the complete reader does not have to copy.
_LARGE_MESSAGE = 64 * 1024


def encode(value: object, context: CodecContext = PLAIN, root: str = "value") -> bytes:
    """Encodes a value. `root` is what error paths call it. Raises `SerializationError`."""
    data = encode_plain(value, context, False)
    return b"".join(Encoder(context, root).encode(value)) if data is None else data


def encode_parts(value: object, context: CodecContext = PLAIN, root: str = "value") -> list[bytes | memoryview]:
    """As `encode`, but large arrays and bytes are not copied: the parts are to be written one after the other.

    Until they are written nobody may change what they are views of.
    """
    data = encode_plain(value, context, True)
    return Encoder(context, root).encode(value) if data is None else [data]


def decode(
    data: bytes | memoryview, context: CodecContext = PLAIN, *, borrow: bool = False, root: str = "value"
) -> object:
    """Decodes one value. Any bytes may be given: nothing is trusted. Raises `SerializationError`, whose path starts with `root`.

    With `borrow`, large arrays may be views of `data`, which they keep alive and which nobody may change.
    """
    size = len(data)
    if size > context.max_bytes:
        message = f"the value has {size} bytes, the limit is {context.max_bytes} bytes"
        raise SerializationError(message, path=root)
    made = Made()
    view = memoryview(data).toreadonly()
    if borrow and size >= _LARGE_MESSAGE:
        try:
            return Decoder(view, context, made, min(4096, size >> 8), root).decode()
        except TooManyValues:
            made.again()
    try:
        return FastDecoder(context, made).decode(data)
    except Exception:
        # The other reader knows circles, and where in the value something is wrong.
        made.again()
        try:
            return Decoder(view, context, made, root=root).decode()
        except MemoryError as error:
            raise SerializationError("the value needs more memory than there is", cause=error) from error
