"""Whatever bytes come: a value or a `SerializationError`, and both readers agree."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from klaw_agent.codec import PLAIN, CodecContext, PythonObjects, decode, encode
from klaw_agent.codec.composites import Made
from klaw_agent.codec.decoder import Decoder
from klaw_agent.codec.encoder import Encoder
from klaw_agent.errors import SerializationError
from tests.fixtures import golden, golden_bytes

GOLDEN = [golden_bytes("values", name) for name in golden("values")]
SEALING = CodecContext(python_objects=PythonObjects())

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.text("\udc00\udc01ab", max_size=4)
)
hashable = st.none() | st.integers() | st.text(max_size=5)
values = st.recursive(
    scalars | st.decimals(allow_nan=False) | st.uuids() | st.dates() | st.datetimes(),
    lambda inside: (
        st.lists(inside)
        | st.dictionaries(st.text(), inside)
        | st.dictionaries(hashable, inside)
        | st.sets(hashable)
        | st.lists(inside).map(lambda items: [items, items])
    ),
    max_leaves=20,
)


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, float) and math.isnan(first):
        return isinstance(second, float) and math.isnan(second)
    if isinstance(first, list | dict):
        if type(first) is not type(second) or len(first) != len(second):
            return False
        keys = range(len(first)) if isinstance(first, list) else first
        return all(_same(first[key], second[key]) for key in keys)
    return type(first) is type(second) and bool(first == second)


@given(values)
@settings(max_examples=300, deadline=None)
def test_values_come_back(value: object) -> None:
    for written in (encode(value, SEALING), b"".join(Encoder(SEALING, "value").encode(value))):
        assert _same(decode(written, SEALING), value)
        assert _same(Decoder(memoryview(written), SEALING, Made()).decode(), value)


def _try(data: bytes) -> None:
    with contextlib.suppress(SerializationError):
        decode(data)
    with contextlib.suppress(SerializationError):
        Decoder(memoryview(data), PLAIN, Made()).decode()


@given(st.binary(max_size=200))
@settings(max_examples=1000, deadline=None)
def test_garbage(data: bytes) -> None:
    _try(data)


@given(st.sampled_from(GOLDEN), st.data())
@settings(max_examples=1500, deadline=None)
def test_damaged_messages(whole: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(draw.draw(st.integers(1, 4))):
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    end = draw.draw(st.integers(0, len(damaged)))
    _try(bytes(damaged))
    _try(bytes(damaged[:end]))
    _try(bytes(damaged) + whole)


def test_lengths_that_lie() -> None:
    for header in (b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"):
        _try(header + b"\xff\xff\xff\xff" + b"\x05" * 20)
        _try((header + b"\x00\x00\x0f\xff") * 600 + b"\x00" * 5000)
    # Sparse arrays take memory for their holes.
    sparse = b"\xc9\x00\x00\x00\x06\x0d\x91\xce\xff\xff\xff\xff"
    _try(sparse)
    many = b"\xc9\x00\x00\x00\x06\x0d\x91\xce\x00\x0f\xff\xff"
    _try(b"\xdc\x03\xe8" + many * 1000)


def test_extensions_within_extensions() -> None:
    data = b"\x01"
    for _ in range(20_000):
        data = b"\xc9" + len(data).to_bytes(4, "big") + b"\x08" + data if len(data) < 100_000 else data
    _try(data)
