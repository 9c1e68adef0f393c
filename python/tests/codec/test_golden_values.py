from __future__ import annotations

import array
import datetime
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from klaw_agent.codec import PLAIN, OpaquePythonObject, decode, encode
from klaw_agent.codec.composites import Made
from klaw_agent.codec.decoder import Decoder
from klaw_agent.codec.encoder import Encoder
from klaw_agent.codec.fast_encode import encode_plain
from klaw_agent.errors import ActorDiedError
from klaw_agent.javascript_error import JavaScriptError
from tests.fixtures import golden, golden_bytes


def _milliseconds(value: int) -> datetime.datetime:
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(milliseconds=value)


VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "undefined": None,
    "integers": [0, 127, 128, 65536, 4294967296, -1, -33, -32769, -2147483649],
    "doubles": [1.5, -0.0, math.inf, -math.inf],
    "strings": ["", "short", "x" * 40, "ünï 😀"],
    "lone-surrogate": "a\ud800b",
    "object": {"id": 1, "tags": ["a"], "nested": {"deep": None}},
    "array-with-holes": [1, None, 3],
    "sparse-array": [None] * 4000 + [7] + [None] * 999,
    "bigints": [0, -1, 2**63 - 1, 2**64, -(2**70)],
    "dates": [_milliseconds(0), _milliseconds(1), _milliseconds(-1), _milliseconds(2**34 * 1000)],
    "invalid-date": None,
    "regexp": re.compile(r"a\/b", re.IGNORECASE),
    "map": {"a": 1, 2: "b"},
    "set": {1, "a"},
    "boxed": [1, "s", True, 5],
    "bytes": b"\x01\x02\x03",
    "array-buffer": b"\x01\x02\x03",
    "data-view": b"\x02\x03",
    "shared-views": [b"\x01\x02\x03", b"\x03\x04"],
    "shared-reference": [{"x": 1}, {"x": 1}],
    "py-object": OpaquePythonObject("decimal.Context", "Context()", b"\x09"),
}


def _is_nan(value: Any) -> bool:
    return math.isnan(value)


def _is_typed_arrays(value: Any) -> bool:
    first, second = value
    if not isinstance(first, array.array) and (str(first.dtype), str(second.dtype)) != ("int16", "float64"):
        return False
    return list(first) == [-1] and list(second) == [1.5, 2]


def _is_n_d_array(value: Any) -> bool:
    return tuple(value.shape) == (2, 3) and value.tolist() == [[1, 2, 3], [4, 5, 6]]


def _is_cycle(value: Any) -> bool:
    return list(value) == ["self"] and value["self"] is value


def _is_cycle_through_a_map(value: Any) -> bool:
    return list(value) == ["set"] and type(value["set"]) is list and value["set"][0][0] is value


def _is_error(value: Any) -> bool:
    cause = value.__cause__
    return (
        type(value) is type(cause) is JavaScriptError
        and (value.name, value.message, value.properties) == ("RangeError", "outer", {"code": "E"})
        and str(cause) == "TypeError: inner"
        and value.stack == "RangeError: outer\n    at elsewhere"
    )


def _is_klaw_error(value: Any) -> bool:
    return type(value) is ActorDiedError and str(value) == "gone" and value.actor_id == "a1"


CHECKS: dict[str, Callable[[Any], bool]] = {
    "nan": _is_nan,
    "typed-arrays": _is_typed_arrays,
    "n-d-array": _is_n_d_array,
    "cycle": _is_cycle,
    "cycle-through-a-map": _is_cycle_through_a_map,
    "error": _is_error,
    "klaw-error": _is_klaw_error,
}

WRITTEN_OTHERWISE = {
    "undefined": "None is null",
    "array-with-holes": "a hole is None, which is null",
    "sparse-array": "a hole is None, which is null",
    "bigints": "ints of 64 bits are written as ints",
    "invalid-date": "there is none in Python",
    "regexp": "Python has no flag g",
    "boxed": "there are none in Python",
    "array-buffer": "bytes are a Uint8Array",
    "data-view": "bytes are a Uint8Array",
    "shared-views": "bytes are no view of a buffer",
    "cycle-through-a-map": "the Map has become an object, the Set an array",
}


def _complete(data: bytes) -> object:
    return Decoder(memoryview(data), PLAIN, Made()).decode()


@pytest.mark.parametrize("name", golden("values"))
@pytest.mark.parametrize("read", [decode, _complete])
def test_reads(name: str, read: Callable[[bytes], object]) -> None:
    value = read(golden_bytes("values", name))
    if name in CHECKS:
        assert CHECKS[name](value)
    else:
        assert value == VALUES[name]
        assert repr(value) == repr(VALUES[name]) or name == "set"


@pytest.mark.parametrize("name", golden("values"))
def test_writes_back(name: str) -> None:
    data = golden_bytes("values", name)
    written = b"".join(Encoder(PLAIN, "value").encode(decode(data)))
    if name == "set":
        # Its order is not kept.
        assert decode(written) == decode(data)
    else:
        assert (written == data) is (name not in WRITTEN_OTHERWISE)


@pytest.mark.parametrize("name", sorted(set(golden("values")) - set(WRITTEN_OTHERWISE) - {"set"}))
def test_the_fast_writer_writes_the_same(name: str) -> None:
    data = golden_bytes("values", name)
    # MessagePack's own map, which readers take too.
    assert encode(decode(data)) == (b"\x82\xa1a\x01\x02\xa1b" if name == "map" else data)


@pytest.mark.parametrize("name", golden("values"))
def test_what_the_fast_writer_takes_is_the_same_when_it_is_read_again(name: str) -> None:
    value = decode(golden_bytes("values", name))
    data = encode_plain(value, PLAIN, False)
    if data is not None:
        again = decode(data)
        assert repr(again) == repr(value)


def test_shared_objects_are_one_object() -> None:
    both: Any = decode(golden_bytes("values", "shared-reference"))
    assert both[0] is both[1]
