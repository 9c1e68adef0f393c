"""Dates and times: MessagePack's timestamp, and ISO 8601 text for those without a zone."""

from __future__ import annotations

import datetime
import struct

from msgpack import Timestamp

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def time_from(data: bytes | memoryview) -> datetime.datetime | Timestamp:
    """A `datetime` in UTC; a `Timestamp` where Python's calendar has ended or not begun."""
    if len(data) == 4:
        seconds, nanoseconds = struct.unpack(">I", data)[0], 0
    elif len(data) == 8:
        (both,) = struct.unpack(">Q", data)
        seconds, nanoseconds = both & 0x3_FFFF_FFFF, both >> 34
    elif len(data) == 12:
        nanoseconds, seconds = struct.unpack(">Iq", data)
    else:
        raise ValueError(f"a timestamp cannot have {len(data)} bytes")
    if nanoseconds > 999_999_999:
        raise ValueError("a timestamp's nanoseconds are more than a second")
    try:
        return _EPOCH + datetime.timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
    except OverflowError:
        return Timestamp(seconds, nanoseconds)


def timestamp_of(value: datetime.datetime | Timestamp) -> bytes:
    """The shortest of a timestamp's forms."""
    if isinstance(value, Timestamp):
        data: bytes = value.to_bytes()
        return data
    delta = value - _EPOCH
    return timestamp_of(Timestamp(delta.days * 86400 + delta.seconds, delta.microseconds * 1000))


def local_from(text: str) -> datetime.datetime | datetime.date | datetime.time | str:
    """What ISO 8601 text without a zone says; text that says nothing of the kind stays text."""
    kind = datetime.datetime if "T" in text else datetime.time if ":" in text else datetime.date
    try:
        return kind.fromisoformat(text)
    except ValueError:
        return text
