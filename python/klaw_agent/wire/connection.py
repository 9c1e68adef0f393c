"""The agent's end of a connection: requests and answers, events, and streams, over a transport of frames."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Protocol, cast

from ..codec import MAX_BYTES, PLAIN, CodecContext, decode, encode_parts
from ..errors import KlawError, RuntimeClosedError, SerializationError
from . import frame as frames
from .frame import Frame, FrameError
from .requests import Served, failure_to_send

logger = logging.getLogger("klaw_agent")

#: The event by which a peer says why it closes the connection.
_FAILURE_EVENT: Final = "connection.failed"
Operation = Callable[[Any, "OperationContext"], object | Awaitable[object]]


class FrameSink(Protocol):
    """One end of a stream: it gets the frames that carry its number."""

    def frame(self, frame: Frame) -> None: ...

    def connection_lost(self, error: Exception) -> None:
        """The connection is gone; everything that waits must settle. Called once."""


class OperationContext:
    """What an operation knows about the request that it answers."""

    __slots__ = ("connection", "request")

    def __init__(self, connection: Connection, request: int | None) -> None:
        self.connection = connection
        #: The request's number; None for an event.
        self.request = request


class Transport(Protocol):
    """Frames to the peer, in order. Brings those of the peer to `Connection.receive`."""

    #: Bytes of the largest frame that the peer takes.
    longest_frame: int

    def write(self, buffers: Iterable[bytes | memoryview]) -> None:
        """Writes whole frames; they leave at the end of this turn of the event loop. Nobody may change the buffers any more."""
        ...

    async def drain(self) -> None:
        """Waits until most of what was written is on its way, or the transport is over."""
        ...

    def close(self) -> None:
        """Ends after what was written."""
        ...


class Connection:
    """One peer. Operations are called in the order of the frames; what they return is sent when it is there.

    An operation that returns an awaitable does not hold up the next one; it is cancelled when the peer no longer waits.
    """

    def __init__(
        self, transport: Transport, operations: Mapping[str, Operation], context: CodecContext = PLAIN
    ) -> None:
        self.context = context
        #: Gets the frames of calls, whose numbers are not those of streams.
        self.calls: FrameSink | None = None
        #: What the peer calls itself, for stats.
        self.label = ""
        #: Told of frames of streams that nobody has here (any more).
        self.stray_frame: Callable[[Frame], None] | None = None
        self._operations = operations
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._requests: dict[int, asyncio.Future[Any]] = {}
        self._next_request = 1
        #: What has come of requests that are cut into pieces.
        self._pieces: dict[tuple[int, int], bytearray] = {}
        self._served = Served(self._answer, self._refuse)
        self._streams: dict[int, FrameSink] = {}
        self._lost_listeners: dict[object, Callable[[Exception], None]] = {}
        self._lost: Exception | None = None
        self._peer_failure: object = None

    @property
    def lost(self) -> Exception | None:
        """Why the connection is gone; None while it is open."""
        return self._lost

    def on_lost(self, listener: Callable[[Exception], None]) -> Callable[[], None]:
        """Calls back once when the connection is lost, at once if it is already; returns how to stop listening."""
        if self._lost is not None:
            listener(self._lost)
            return lambda: None
        key = object()
        self._lost_listeners[key] = listener
        return lambda: cast(None, self._lost_listeners.pop(key, None))

    def request(self, operation: str, argument: object = None) -> asyncio.Future[Any]:
        """Asks the peer. A future that is cancelled tells the peer that nobody waits."""
        if self._lost is not None:
            raise self._lost
        number = self._next_request
        self._next_request += 1
        self.write_value(frames.REQUEST, 0, number, [operation, argument])
        future: asyncio.Future[Any] = self._loop.create_future()
        self._requests[number] = future
        future.add_done_callback(lambda done: self._request_done(number, done))
        return future

    def notify(self, operation: str, argument: object = None) -> None:
        """Tells the peer something that it does not answer."""
        self.write_value(frames.EVENT, 0, 0, [operation, argument])

    def add_stream(self, stream: int, sink: FrameSink) -> None:
        self._streams[stream] = sink

    def has_stream(self, stream: int) -> bool:
        return stream in self._streams

    def remove_stream(self, stream: int) -> None:
        self._streams.pop(stream, None)

    def write_frame(self, kind: int, flags: int, stream: int, *integers: int) -> None:
        """Writes a frame whose body is a few integers."""
        self.write([frames.write_frame(kind, flags, stream, *integers)])

    def write_value(self, kind: int, flags: int, stream: int, value: object) -> None:
        """Writes a frame whose body is a value. Raises `SerializationError`, and then has written nothing."""
        self.write_body(kind, flags, stream, encode_parts(value, self.context))

    def write_body(self, kind: int, flags: int, stream: int, parts: Iterable[bytes | memoryview]) -> None:
        """Writes a frame. Large parts are not copied: nobody may change them any more."""
        buffers = list(parts)
        length = sum(map(len, buffers))
        longest = self._transport.longest_frame - frames.HEADER_LENGTH
        if length > longest:
            raise SerializationError(f"the value has {length} bytes, the largest frame has room for {longest}")
        self.write([frames.write_header(kind, flags, stream, length), *buffers])

    def write(self, buffers: Iterable[bytes | memoryview]) -> None:
        """Writes whole frames. They leave at the end of this turn of the event loop."""
        if self._lost is None:
            self._transport.write(buffers)

    async def drain(self) -> None:
        """Waits until most of what was written is on its way. Raises the connection's error when it is lost."""
        await self._transport.drain()
        if self._lost is not None:
            raise self._lost

    def close(self, error: Exception | None = None) -> None:
        """Ends the connection: what was written is still sent, everything that waits gets `error`."""
        if self._lost is None:
            self._lose(error if error is not None else RuntimeClosedError("the connection was closed"))
            self._transport.close()

    # What the transport calls.

    def receive(self, received: Iterable[Frame]) -> None:
        """Frames have come. One that can not be read ends the connection."""
        try:
            for frame in received:
                if self._lost is not None:
                    return
                self._dispatch(frame)
        except Exception as error:
            if not isinstance(error, FrameError | SerializationError):
                logger.exception("a frame could not be handled")
            failure = KlawError("the peer sent a frame that can not be read", cause=error)
            self.notify(_FAILURE_EVENT, failure)
            self.close(failure)

    def transport_lost(self, message: str, reason: Exception | None) -> None:
        """Nothing more will come or go."""
        cause = self._peer_failure if self._peer_failure is not None else reason
        self._lose(RuntimeClosedError(message, cause=cause))

    # Inside.

    def _dispatch(self, frame: Frame) -> None:
        kind = frame.type
        if kind in (frames.REQUEST, frames.EVENT):
            self._serve(frame, frame.stream if kind == frames.REQUEST else None)
        elif kind == frames.RESPONSE:
            self._answered(frame)
        elif kind == frames.ABORT:
            self._served.abort(frame.stream)
        elif frames.CALL <= kind <= frames.AWAITING:
            if self.calls is not None:
                self.calls.frame(frame)
        elif frames.SEND <= kind <= frames.HOLDERS:
            sink = self._streams.get(frame.stream)
            if sink is not None:
                sink.frame(frame)
            elif self.stray_frame is not None:
                self.stray_frame(frame)
        else:
            raise FrameError(f"the frame type 0x{kind:x} is unknown")

    def _serve(self, frame: Frame, number: int | None) -> None:
        body = self._whole(frame)
        if body is None:
            return
        try:
            message = decode(body, self.context, borrow=frame.is_own)
            if not isinstance(message, list) or len(message) != 2 or not isinstance(message[0], str):
                raise FrameError("a request needs an operation and an argument")
            name, argument = message
            if name == _FAILURE_EVENT:
                self._peer_failure = argument
                return
            operation = self._operations.get(name)
            if operation is None:
                raise KlawError(f"the peer asked for an unknown operation: {name}")
            outcome = operation(argument, OperationContext(self, number))
        except Exception as error:
            if number is None or isinstance(error, FrameError):
                raise
            self._refuse(number, error)
            return
        self._served.settle(number, outcome)

    def _whole(self, frame: Frame) -> memoryview | None:
        """The request of which this is the last piece; None if more is to come. Raises `FrameError`."""
        key = (frame.type, frame.stream)
        more = frame.flags & frames.MORE
        if not more and key not in self._pieces:
            return frame.body
        pieces = self._pieces.setdefault(key, bytearray())
        if len(pieces) + len(frame.body) > MAX_BYTES:
            raise FrameError(f"a request has more than {MAX_BYTES} bytes")
        pieces += frame.body
        return None if more else memoryview(self._pieces.pop(key))

    def _answer(self, number: int, value: object) -> None:
        try:
            self.write_value(frames.RESPONSE, 0, number, value)
        except Exception as error:
            self._refuse(number, error)

    def _refuse(self, number: int, error: BaseException) -> None:
        try:
            self.write_value(frames.RESPONSE, frames.ERROR, number, error)
        except Exception as failure:
            self.write_value(frames.RESPONSE, frames.ERROR, number, failure_to_send(error, failure))

    def _answered(self, frame: Frame) -> None:
        future = self._requests.get(frame.stream)
        if future is None or future.done():
            return
        try:
            value = decode(frame.body, self.context, borrow=frame.is_own)
        except SerializationError as error:
            future.set_exception(error)
            return
        if not frame.flags & frames.ERROR:
            future.set_result(value)
        elif isinstance(value, Exception):
            future.set_exception(value)
        else:
            future.set_exception(KlawError(f"the peer refused the request: {value}"))

    def _request_done(self, number: int, future: asyncio.Future[Any]) -> None:
        del self._requests[number]
        if future.cancelled() and self._lost is None:
            self.write_frame(frames.ABORT, 0, number)

    def _lose(self, error: Exception) -> None:
        if self._lost is not None:
            return
        self._lost = error
        self._pieces.clear()
        for future in list(self._requests.values()):
            if not future.done():
                future.set_exception(error)
                # Whoever no longer awaits it is not to be told of it.
                future.exception()
        self._served.abort_all()
        streams = list(self._streams.values())
        self._streams.clear()
        if self.calls is not None:
            streams.append(self.calls)
        listeners = list(self._lost_listeners.values())
        self._lost_listeners.clear()
        for told in [*(sink.connection_lost for sink in streams), *listeners]:
            try:
                told(error)
            except Exception:
                logger.exception("a listener failed when its connection was lost")
