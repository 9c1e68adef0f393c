"""Python objects that TypeScript can hold but not look into, and that come back as themselves."""

from __future__ import annotations

import hashlib
import hmac
import pickle
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

try:
    # Takes functions and local classes too.
    from ray.cloudpickle import dumps as _default_dumps
except ImportError:
    from pickle import dumps as _default_dumps

_DIGEST = hashlib.sha256
_DIGEST_SIZE = 32
_LONGEST_TEXT = 200


@dataclass(frozen=True)
class OpaquePythonObject:
    """A Python object of somebody else's: it can be passed on, not opened."""

    type_name: str
    text: str
    data: bytes


class PythonObjects:
    """Seals objects of this agent, and opens what it has sealed itself.

    An object travels as its pickle behind a keyed digest. What does not carry the digest is never unpickled:
    whoever can write to the agent's port, and has not its key, cannot make it run anything.
    """

    def __init__(self, key: bytes | None = None, dumps: Callable[[Any], bytes] | None = None) -> None:
        self._key = secrets.token_bytes(32) if key is None else key
        self._dumps = _default_dumps if dumps is None else dumps

    def seal(self, value: object) -> OpaquePythonObject:
        """Raises whatever pickling the object raises."""
        pickled = self._dumps(value)
        return OpaquePythonObject(type_name_of(value), text_of(value), self._digest(pickled) + pickled)

    def open(self, data: bytes) -> object:
        """Raises `ValueError` for bytes that this agent has not sealed."""
        pickled = data[_DIGEST_SIZE:]
        if not hmac.compare_digest(data[:_DIGEST_SIZE], self._digest(pickled)):
            raise ValueError("the Python object was not sent by this agent")
        return pickle.loads(pickled)  # noqa: S301

    def _digest(self, pickled: bytes) -> bytes:
        return hmac.digest(self._key, pickled, _DIGEST)


def type_name_of(value: object) -> str:
    """Module and class, as in `decimal.Context`."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def text_of(value: object) -> str:
    """What `repr` says, shortened; a `repr` that raises is no obstacle."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type_name_of(value)}, whose repr raised {type(error).__name__}>"
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
