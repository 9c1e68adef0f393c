"""A client of the gateway in memory: speaks its frames, as the TypeScript side does."""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from klaw_agent.codec import CodecContext, SerializerRegistry, decode, encode
from klaw_agent.gateway import frames
from klaw_agent.gateway.session import Session
from klaw_agent.wire.frame import (
    ABORT,
    ATTEMPT,
    ERROR,
    EVENT,
    MORE,
    REQUEST,
    RESPONSE,
    Frame,
    write_frame,
    write_header,
)
from klaw_agent.wire.frame_buffer import FrameBuffer

#: What the fixture `with_client` is: it runs a test with a client.
Run = Callable[[Callable[["Client"], Awaitable[None]]], None]

LONGEST = 16 * 1024 * 1024


class Handle(NamedTuple):
    """A ref, an actor or a queue, as the client sees it."""

    kind: int
    body: Any

    @property
    def number(self) -> int:
        return self.body[0] if isinstance(self.body, list) else self.body


class Failure(Exception):
    """What the agent answered instead of a value."""

    def __init__(self, error: Any) -> None:
        super().__init__(str(error))
        self.error = error


SERIALIZERS = SerializerRegistry()
CONTEXT = CodecContext(
    decode_handle=Handle,
    encode_handle=lambda value: (value.kind, value.body) if isinstance(value, Handle) else None,
    serializers=SERIALIZERS,
)


class Client:
    """Both ends of a connection in memory. Frames that the client writes in one turn arrive together."""

    def __init__(self, **options: Any) -> None:
        self.is_closed = False
        #: Every frame of the agent's: type, flags, stream, bytes of the body.
        self.log: list[tuple[int, int, int, int]] = []
        self.events: list[Any] = []
        self._received = FrameBuffer(2**31 - 1)
        self._sent = FrameBuffer(2**31 - 1)
        self._number = 0
        self._methods: dict[str, int] = {}
        self._requests: dict[int, asyncio.Future[Any]] = {}
        self._answers: dict[tuple[int, int], asyncio.Queue[Any]] = defaultdict(asyncio.Queue)
        self._values: dict[int, bytearray] = {}
        self._pieces: dict[tuple[int, int], bytes] = {}
        self._relays: dict[int, bytearray] = defaultdict(bytearray)
        self._relays_over: set[int] = set()
        self._stirred: asyncio.Future[None] | None = None
        self._keeps_up = asyncio.Event()
        self._keeps_up.set()
        self.ended = asyncio.Event()
        options = {"namespace": "tests", **options}
        self.session = Session(self, ended=self.ended.set, **options)

    # What the session calls.

    def write(self, buffers: Iterable[bytes | memoryview]) -> None:
        for frame in self._received.put(b"".join(buffers)):
            self.log.append((frame.type, frame.flags, frame.stream, len(frame.body)))
            self._take(frame)

    async def drain(self) -> None:
        await asyncio.sleep(0)
        await self._keeps_up.wait()

    def close(self) -> None:
        self.is_closed = True

    # What tests call.

    def number(self) -> int:
        self._number += 1
        return self._number

    def send(self, *chunks: bytes) -> None:
        self.session.receive(self._sent.put(b"".join(chunks)))

    def ask(self, operation: str, argument: Any = None) -> asyncio.Future[Any]:
        number = self.number()
        future = asyncio.get_running_loop().create_future()
        future.request = number  # type: ignore[attr-defined]
        self._requests[number] = future
        body = encode([operation, argument], CONTEXT)
        self.send(write_header(REQUEST, 0, number, len(body)), body)
        return future

    def abort(self, asked: asyncio.Future[Any]) -> None:
        self.send(write_frame(ABORT, 0, asked.request))  # type: ignore[attr-defined]

    def start(self, module: str, name: str, /, *args: Any, **options: Any) -> tuple[int, asyncio.Future[Any]]:
        number = self.number()
        argument = {"number": number, "module": module, "name": name, "args": list(args), "options": options}
        return number, self.ask("actor.create", argument)

    async def create(self, module: str, name: str, /, *args: Any, **options: Any) -> int:
        number, created = self.start(module, name, *args, **options)
        await created
        return number

    def invoke(self, actor: int, method: str, *args: Any) -> int:
        number = self.number()
        self.send(self.invoke_frame(number, actor, method, *args))
        return number

    def invoke_frame(self, number: int, actor: int, method: str, *args: Any) -> bytes:
        known = self._methods.get(method)
        name = b""
        if known is None:
            known = self._methods[method] = len(self._methods)
            name = struct.pack("<H", len(method)) + method.encode()
        payloads = [encode(value, CONTEXT) for value in args]
        head = struct.pack("<IHH", actor, known, len(args)) + name
        body = head + struct.pack(f"<{len(args)}I", *map(len, payloads)) + b"".join(payloads)
        return write_header(frames.INVOKE, frames.NAMED if name else 0, number, len(body)) + body

    def call(self, actor: int, method: str, args: list[Any], **options: Any) -> int:
        number = self.number()
        argument = {"number": number, "actor": actor, "method": method, "args": args, "options": options}
        self.ask("actor.call", argument)
        return number

    def task(self, module: str, name: str, /, *args: Any, **options: Any) -> int:
        number = self.number()
        self.ask(
            "task.submit", {"number": number, "module": module, "name": name, "args": list(args), "options": options}
        )
        return number

    def put(self, value: Any, flag: int = 0) -> tuple[int, asyncio.Future[Any]]:
        """The object's number, and what settles when it is stored. The flag is for its first frame."""
        number = self.number()
        data = encode(value, CONTEXT)
        rest = memoryview(data)
        first = True
        while first or len(rest) > 0:
            piece, rest = rest[: frames.PIECE], rest[frames.PIECE :]
            flags = (MORE if len(rest) > 0 else 0) | (flag if first else 0)
            head = struct.pack("<Q", len(data)) if first else b""
            self.send(write_header(frames.PUT, flags, number, len(head) + len(piece)), head, bytes(piece))
            first = False
        return number, asyncio.ensure_future(self._answer(frames.STORED, number))

    async def get(self, number: int) -> Any:
        self.send(write_frame(frames.GET, 0, number))
        return await self._answer(frames.VALUE, number)

    async def settled(self, number: int, attempt: bool = False) -> int:
        self.send(write_frame(frames.WATCH, ATTEMPT if attempt else 0, number))
        return await self._answer(frames.SETTLED, number)

    def release(self, *pairs: tuple[int, int]) -> None:
        self.send(write_frame(frames.RELEASE, 0, 0, len(pairs), *(integer for pair in pairs for integer in pair)))

    def hold(self) -> None:
        """Nothing is on its way any more, until `let_go`."""
        self._keeps_up.clear()

    def let_go(self) -> None:
        self._keeps_up.set()

    def relayed_bytes(self, stream: int) -> int:
        return len(self._relays[stream])

    async def relayed(self, stream: int, count: int) -> bytes:
        """So many bytes that came through a relay."""
        while len(self._relays[stream]) < count:
            assert stream not in self._relays_over
            self._stirred = asyncio.get_running_loop().create_future()
            await self._stirred
        data = bytes(self._relays[stream][:count])
        del self._relays[stream][:count]
        return data

    async def relay_ended(self, stream: int) -> None:
        while stream not in self._relays_over:
            self._stirred = asyncio.get_running_loop().create_future()
            await self._stirred
        self._relays_over.remove(stream)

    def _relay(self, frame: Frame) -> None:
        self._relays[frame.stream] += frame.body
        if frame.flags & ERROR:
            self._relays_over.add(frame.stream)
        if self._stirred is not None and not self._stirred.done():
            self._stirred.set_result(None)

    async def _answer(self, kind: int, stream: int) -> Any:
        answer = await self._answers[kind, stream].get()
        if isinstance(answer, Failure):
            raise answer
        return answer

    def _take(self, frame: Frame) -> None:
        kind, stream = frame.type, frame.stream
        if kind == RESPONSE:
            body = self._pieces.pop((kind, stream), b"") + bytes(frame.body)
            if frame.flags & MORE:
                self._pieces[kind, stream] = body
                return
            value = decode(body, CONTEXT)
            future = self._requests.pop(stream)
            if not future.done():
                if frame.flags & ERROR:
                    future.set_exception(Failure(value))
                    future.exception()
                else:
                    future.set_result(value)
        elif kind == frames.VALUE:
            self._take_value(frame)
        elif kind == frames.STORED:
            failed = frame.flags & ERROR
            self._answers[kind, stream].put_nowait(Failure(decode(frame.body, CONTEXT)) if failed else None)
        elif kind == frames.SETTLED:
            self._answers[kind, stream].put_nowait(frame.body[0])
        elif kind == frames.RELAY:
            self._relay(frame)
        elif kind == EVENT:
            self.events.append(decode(frame.body, CONTEXT))
        else:
            raise AssertionError(f"the agent sent a frame of type 0x{kind:x}")

    def _take_value(self, frame: Frame) -> None:
        stream = frame.stream
        body = bytes(frame.body)
        assert len(body) <= frames.PIECE + 8
        if stream not in self._values:
            self._values[stream] = bytearray()
            self._pieces[frames.VALUE, stream] = body[:8]
            body = body[8:]
        self._values[stream] += body
        if not frame.flags & MORE:
            data = bytes(self._values.pop(stream))
            assert len(data) == int.from_bytes(self._pieces.pop((frames.VALUE, stream)), "little")
            value = decode(data, CONTEXT)
            self._answers[frames.VALUE, stream].put_nowait(Failure(value) if frame.flags & ERROR else value)
