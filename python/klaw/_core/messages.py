"""Messages to bytes and back: plain values by the codec, channel ends and references of Ray's by tokens at the hub."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from klaw_agent.codec import CodecContext, decode, encode
from klaw_agent.errors import SerializationError
from klaw_agent.serializers import REGISTRY
from klaw_agent.wire.items import Token

from . import ray_references
from .client import Client
from .inbox import Item
from .pending import LOCK, Waits

#: Bytes of the largest message that goes inline, and of what a frame may hold beside it.
LARGEST: Final = 15 * 1024 * 1024

#: Makes a handle of its kind, token and detail.
Arrival = Callable[[int, Token, object], object]


class Passable(ABC):
    """A channel end that can stand in a message."""

    __slots__ = ()

    @abstractmethod
    def pass_on(self, client: Client) -> tuple[int, Token, object]:
        """Announces a clone of the end to its hub: kind, token and detail. Raises `ChannelClosed` when the end is closed."""


class Message:
    """A value as bytes, and the handles inside."""

    __slots__ = ("data", "tokens")

    def __init__(self, data: bytes, tokens: Sequence[Token]) -> None:
        self.data = data
        self.tokens = tokens

    def check_inline(self) -> None:
        """Raises `SerializationError` when it is too large for a frame."""
        if len(self.data) > LARGEST:
            size = len(self.data)
            raise SerializationError(f"the message has {size} bytes; inline it can have {LARGEST}", path="message")


class _Scratch(threading.local):
    """What one thread is encoding or decoding."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.tokens: list[Token] = []
        self.arrive: Callable[[int, Token, Sequence[Any]], object] = _nobody


def _nobody(kind: int, token: Token, details: Sequence[Any]) -> object:
    raise SerializationError(f"a handle of kind {kind} has arrived where there can be none")


_scratch = _Scratch()


def encode_message(client: Client, value: object, root: str = "message") -> Message:
    """A message for that hub. Raises `SerializationError`, whose path starts with `root`; then no handle was announced for good."""
    scratch = _scratch
    outer = scratch.client, scratch.tokens
    scratch.client, scratch.tokens = client, []
    tokens = scratch.tokens
    try:
        data = encode(value, _CONTEXT, root)
        return Message(data, tokens)
    except BaseException:
        with LOCK:
            client.release(tokens)
        raise
    finally:
        scratch.client, scratch.tokens = outer


def decode_plain(data: memoryview) -> object:
    """A message without handles. Raises `SerializationError`."""
    return decode(data, _CONTEXT, borrow=True, root="message")


async def opened(client: Client, item: Item, waits: Waits) -> tuple[memoryview, dict[Token, object]]:
    """The bytes of the message itself, which may lie in Ray's store, and what it refers to in Ray, borrowed from the hub. Nothing is
    claimed yet. Raises what the hub says of what is gone."""
    data = item.data
    wanted = _references_in(data)
    stored = next((token for token, kind in wanted.items() if kind == ray_references.STORED_MESSAGE), None)
    if stored is not None:
        data = await ray_references.load(client, stored, waits)
        wanted = _references_in(data)
    return data, {token: await ray_references.borrow(client, token, waits) for token in wanted}


def _references_in(data: memoryview) -> dict[Token, int]:
    found: dict[Token, int] = {}

    def look(kind: int, token: Token, details: Sequence[Any]) -> object:
        if ray_references.is_reference(kind):
            found[token] = kind
        return None

    _decode_with(data, look)
    return found


async def stored(client: Client, message: Message, waits: Waits) -> Message:
    """Puts a large message into Ray's store, as the hub's; returns what is sent instead. Its handles stay the message's."""
    with LOCK:
        token = client.next_token()
        client.export_reference(token, ray_references.STORED_MESSAGE)
    try:
        await ray_references.store(client, token, message.data, waits)
    except BaseException:
        with LOCK:
            client.release([token])
        raise
    data = encode(_Stored(token, len(message.data)), _STORED_CONTEXT)
    return Message(data, [*message.tokens, token])


class _Stored(NamedTuple):
    """Stands for a message that is in Ray's store."""

    token: Token
    size: int


def _encode_stored(value: object) -> tuple[int, object] | None:
    if not isinstance(value, _Stored):
        return None
    return ray_references.STORED_MESSAGE, [*value.token, value.size]


def decode_message(data: memoryview, arrive: Arrival, lent: Mapping[Token, object]) -> object:
    """A message with handles: channel ends are claimed. Raises `SerializationError`."""

    def make(kind: int, token: Token, details: Sequence[Any]) -> object:
        if not ray_references.is_reference(kind):
            return arrive(kind, token, details[0] if details else None)
        if token not in lent:
            raise SerializationError("a watch can not hold references of Ray's for Python")
        return lent[token]

    return _decode_with(data, make)


def _decode_with(data: memoryview, arrive: Callable[[int, Token, Sequence[Any]], object]) -> object:
    scratch = _scratch
    outer, scratch.arrive = scratch.arrive, arrive
    try:
        return decode(data, _CONTEXT, borrow=True, root="message")
    finally:
        scratch.arrive = outer


def _decode_handle(kind: int, body: object) -> object:
    if not isinstance(body, list) or len(body) < 2 or type(body[0]) is not int or type(body[1]) is not int:
        raise SerializationError("a handle has no token")
    return _scratch.arrive(kind, (body[0], body[1]), body[2:])


def _encode_handle(value: object) -> tuple[int, object] | None:
    client = _scratch.client
    if client is None:
        return None
    if isinstance(value, Passable):
        kind, token, detail = value.pass_on(client)
        _scratch.tokens.append(token)
        return kind, [token[0], token[1], detail]
    reference = ray_references.reference_of(value)
    if reference is None:
        return None
    with LOCK:
        token = client.next_token()
        client.export_reference(token, reference.kind)
    _scratch.tokens.append(token)
    ray_references.adopt(client, token, reference)
    return reference.kind, [token[0], token[1], *reference.details]


_CONTEXT: Final = CodecContext(decode_handle=_decode_handle, encode_handle=_encode_handle, serializers=REGISTRY)
_STORED_CONTEXT: Final = CodecContext(encode_handle=_encode_stored)
