from __future__ import annotations

import array
import collections
import datetime
import decimal
import enum
import re
import uuid
from typing import Any, NamedTuple

import pytest

from klaw_agent.codec import (
    CodecContext,
    JavaScriptRegExp,
    PythonObjects,
    SerializerRegistry,
    decode,
    encode,
    encode_parts,
)
from klaw_agent.errors import KlawError, SerializationError

SEALING = CodecContext(python_objects=PythonObjects())


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


class Pair(NamedTuple):
    left: int
    right: int


class Money:
    def __init__(self, cents: Any) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and self.cents == other.cents

    __hash__ = None  # type: ignore[assignment]


def there_and_back(value: object, context: CodecContext = SEALING) -> Any:
    return decode(encode(value, context), context)


@pytest.mark.parametrize(
    "value",
    [
        2**200,
        -(2**64),
        2**64 - 1,
        {"a": [1, {"b": b"x" * 100_000}]},
        {1: "x", 2.5: None},
        {"s": {1, 2}, "f": frozenset({3})},
        [
            datetime.datetime(2024, 5, 6, 7, 8, 9, 123456),  # noqa: DTZ001
            datetime.date(2024, 5, 6),
            datetime.time(7, 8),
        ],
        [datetime.datetime(1, 1, 1, tzinfo=datetime.timezone.utc)],
        [decimal.Decimal("1.10"), uuid.UUID(int=5)],
        "\ud83d",
        {"lone \ud83d": "\udc00"},
        range(3),
        Color.RED,
        3 + 4j,
        Money(5),
        datetime.timedelta(1),
        re.compile("(?P<name>a)(?P=name)+"),
        re.compile(b"bytes"),
        re.compile("(?x) a"),
        JavaScriptRegExp("[", "v"),
    ],
)
def test_comes_back(value: object) -> None:
    assert there_and_back(value) == value


@pytest.mark.parametrize(
    ("value", "arrives_as"),
    [
        ((1, (2,)), [1, [2]]),
        (Pair(1, 2), [1, 2]),
        (bytearray(b"x"), b"x"),
        (memoryview(b"xyz")[::2], b"xz"),
        (collections.OrderedDict(a=1), {"a": 1}),
        (Level.HIGH, 3),
        (datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1))), None),
        ({(1, 2): 3}, [[[1, 2], 3]]),
        ({1: {"x": (1, 2)}}, {1: {"x": [1, 2]}}),
    ],
)
def test_arrives_as_another_form(value: Any, arrives_as: object) -> None:
    assert there_and_back(value) == (value if arrives_as is None else arrives_as)


def test_elements_that_python_takes_for_equal_are_not_lost() -> None:
    one_and_true = b"\xc9\x00\x00\x00\x03\x06\x92\x01\xc3"
    assert decode(one_and_true) == [1, True]
    map_of_both = b"\xc9\x00\x00\x00\x05\x05\x94\x01\xa0\xc3\xa0"
    assert decode(map_of_both) == [[1, ""], [True, ""]]


def test_objects_stay_one_object() -> None:
    inner: list[Any] = [1]
    both = {"a": inner, "b": (inner, inner)}
    both["self"] = both  # type: ignore[assignment]
    back = there_and_back(both)
    assert back["a"] is back["b"][0] is back["b"][1]
    assert back["self"] is back


def test_a_circle_of_errors() -> None:
    first = KlawError("first")
    second = ValueError("second")
    first.cause = second
    second.__cause__ = first
    back = there_and_back(first)
    assert back.cause.hidden["cause"] is back


def test_python_objects_must_carry_the_seal() -> None:
    data = encode(Money(1), SEALING)
    assert decode(data, SEALING) == Money(1)
    other = CodecContext(python_objects=PythonObjects())
    with pytest.raises(SerializationError, match="not sent by this agent"):
        decode(data, other)
    with pytest.raises(SerializationError, match="not sent by this agent"):
        decode(data[:-1] + bytes([data[-1] ^ 1]), SEALING)
    # Somebody else's passes through.
    assert encode(decode(data)) == data


def test_what_cannot_be_sent_is_named() -> None:
    with pytest.raises(SerializationError) as caught:
        encode([{"user": {"avatar": iter([]), "first name": 1}}], CodecContext(), "args")
    assert caught.value.path == "args[0].user.avatar"
    with pytest.raises(SerializationError, match=r'args\["first name"\]\.get\(2\): a generator cannot be sent'):
        encode({"first name": {2: (item for item in "")}}, SEALING, "args")


@pytest.mark.parametrize("depth", [512, 513, 5000])
def test_depth(depth: int) -> None:
    value: Any = None
    for _ in range(depth):
        value = [value]
    if depth <= 512:
        assert there_and_back(value) == value
        return
    with pytest.raises(SerializationError, match="more than 512 levels"):
        encode(value)
    with pytest.raises(SerializationError, match="more than 512 levels"):
        decode(b"\x91" * max(depth, 1100) + b"\xc0")


def test_size() -> None:
    small = CodecContext(max_bytes=100)
    for value in ["x" * 100, [{1}, b"x" * 100]]:
        with pytest.raises(SerializationError, match="the limit is 100 bytes"):
            encode(value, small)
    with pytest.raises(SerializationError, match="the limit is 100 bytes"):
        decode(bytes(101), small)


def test_serializers() -> None:
    registry = SerializerRegistry()
    context = CodecContext(serializers=registry)
    registry.register(Money, "Money", lambda money: money.cents, Money)
    assert there_and_back([Money(5), {"m": Money([1])}], context) == [Money(5), {"m": Money([1])}]
    with pytest.raises(SerializationError, match=r"value\[0\]: no serializer named 'Money' is registered"):
        decode(encode([Money(5)], context))
    itself = Money(None)
    itself.cents = [itself]
    with pytest.raises(SerializationError, match="cannot contain itself"):
        encode(itself, context)
    with pytest.raises(TypeError, match="belongs to"):
        registry.register(Color, "Money", str, str)
    registry.register(Money, "Cents", lambda money: 1 // money.cents, Money)
    with pytest.raises(SerializationError, match="the serializer 'Cents' raised ZeroDivisionError"):
        encode(Money(0), context)
    registry.deregister(Money)
    registry.deregister(Money)
    with pytest.raises(SerializationError, match="Money cannot be sent"):
        encode(Money(1), context)


def test_handles_are_claimed_once_even_when_the_message_is_read_twice() -> None:
    claimed: list[object] = []

    class Ref:
        pass

    def claim(kind: int, body: object) -> object:
        claimed.append((kind, body))
        return Ref()

    context = CodecContext(
        decode_handle=claim, encode_handle=lambda value: (7, {"id": 1}) if isinstance(value, Ref) else None
    )
    circle: list[Any] = [Ref()]
    circle.append(circle)
    back = there_and_back(circle, context)
    assert isinstance(back[0], Ref)
    assert back[1] is back
    assert claimed == [(7, {"id": 1})]
    with pytest.raises(SerializationError, match="which nobody can receive here"):
        decode(encode(Ref(), context))


def test_arrays_of_the_standard_library() -> None:
    back = there_and_back({"f": array.array("d", [1.5]), "i": array.array("h", [-1]), "u": array.array("B", [1])})
    assert (list(back["f"]), list(back["i"]), back["u"]) == ([1.5], [-1], b"\x01")
    shaped = memoryview(array.array("i", range(6))).cast("B").cast("i", (2, 3))
    assert there_and_back(shaped).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_numpy_arrays() -> None:
    numpy = pytest.importorskip("numpy")
    arrays = [
        numpy.arange(6, dtype=kind).reshape(2, 3)
        for kind in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">f4")
    ]
    arrays += [
        numpy.arange(10)[::3],
        numpy.array(1, "f4"),
        numpy.empty((0, 3)),
        numpy.asfortranarray(arrays[0]),
    ]
    for before, after in zip(arrays, there_and_back(arrays), strict=True):
        assert after.shape == before.shape
        assert after.dtype == before.dtype.newbyteorder("<")
        assert (after == before).all()
        assert after.flags.aligned
    assert there_and_back([numpy.int64(5), numpy.float32(0.5), numpy.bool_(True)]) == [5, 0.5, True]
    same = there_and_back([arrays[9], arrays[9]])
    assert same[0] is same[1]
    # Elements that JavaScript does not have come back as they were.
    odd = there_and_back([numpy.array([True]), numpy.array(["x"])])
    assert odd[0].dtype == bool
    assert odd[1][0] == "x"


def test_large_arrays_are_not_copied() -> None:
    numpy = pytest.importorskip("numpy")
    big = numpy.arange(100_000, dtype="f8")
    parts = encode_parts({"big": big, "also": [big[:50_000], 1]})
    assert sum(numpy.shares_memory(numpy.frombuffer(part, "u1"), big) for part in parts if len(part) > 1000) == 2
    data = b"".join(parts)
    assert data == encode({"big": big, "also": [big[:50_000], 1]})
    received = memoryview(bytearray(data))
    back: Any = decode(received, borrow=True)
    assert (back["big"] == big).all()
    assert numpy.shares_memory(back["big"], numpy.frombuffer(received, "u1"))
    assert not back["big"].flags.writeable
