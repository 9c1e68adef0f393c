"""Stands in for Node and its child: a program that is started the same way and speaks the same protocol, with methods of its own.

Run as `KLAW_NODE`. What it is asked to make or call is named in `Behaviour`, whatever the bundle says.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from klaw_agent.codec import CodecContext, decode, encode
from klaw_agent.errors import KlawError
from klaw_agent.gateway.frames import SETTLED, WATCH
from klaw_agent.javascript_error import JavaScriptError
from klaw_agent.lane import hello
from klaw_agent.wire.control_frames import is_control, received_frame
from klaw_agent.wire.frame import ABORT, ERROR, EVENT, MORE, REQUEST, RESPONSE, write_header


class Handle(NamedTuple):
    kind: int
    body: Any


CONTEXT = CodecContext(
    decode_handle=Handle,
    encode_handle=lambda value: (value.kind, value.body) if isinstance(value, Handle) else None,
)


class Child:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.number = 0
        self.asked: dict[int, asyncio.Future[Any]] = {}
        self.serving: dict[int, asyncio.Task[None]] = {}
        self.pieces: dict[int, bytes] = {}
        self.behaviour = Behaviour(self)

    def ask(self, operation: str, argument: Any) -> asyncio.Future[Any]:
        self.number += 1
        future = asyncio.get_running_loop().create_future()
        self.asked[self.number] = future
        self.send(REQUEST, 0, self.number, [operation, argument])
        return future

    def notify(self, operation: str, argument: Any) -> None:
        self.send(EVENT, 0, 0, [operation, argument])

    def send(self, kind: int, flags: int, stream: int, value: Any) -> None:
        body = encode(value, CONTEXT)
        self.writer.write(write_header(kind, flags, stream, len(body)) + body)

    async def serve(self) -> None:
        received = reported = 0
        while True:
            length = int.from_bytes(await self.reader.readexactly(4), "little")
            frame = await self.reader.readexactly(length)
            received += 4 + length
            if received - reported >= 2**20:
                reported = received
                self.writer.write(received_frame(received))
            kind, flags, stream = frame[0], frame[1], int.from_bytes(frame[4:8], "little")
            if is_control(kind):
                continue
            body = self.pieces.pop(stream, b"") + frame[8:] if kind == REQUEST else frame[8:]
            if kind == REQUEST and flags & MORE:
                self.pieces[stream] = body
            elif kind == REQUEST:
                operation, argument = decode(body, CONTEXT)
                self.serving[stream] = asyncio.create_task(self.answer(stream, operation, argument))
            elif kind == ABORT and stream in self.serving:
                self.serving[stream].cancel()
            elif kind == SETTLED:
                self.behaviour.settled.add(stream)
            elif kind == RESPONSE:
                value = decode(body, CONTEXT)
                future = self.asked.pop(stream)
                future.set_exception(value) if flags & ERROR else future.set_result(value)

    async def answer(self, number: int, operation: str, argument: Any) -> None:
        try:
            result = await getattr(self.behaviour, operation.replace(".", "_"))(argument)
        except asyncio.CancelledError:
            self.behaviour.aborted += 1
            self.send(RESPONSE, ERROR, number, JavaScriptError("AbortError", "aborted"))
        except Exception as error:
            self.send(RESPONSE, ERROR, number, error)
        else:
            self.send(RESPONSE, 0, number, result)
        finally:
            del self.serving[number]


class Behaviour:
    """What instances and functions do."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.count = 0
        self.aborted = 0
        self.generators: dict[int, Any] = {}
        #: Objects of which news has come.
        self.settled: set[int] = set()

    async def host_create(self, argument: Any) -> None:
        self.created = argument
        args = list(argument["resolved"])
        self.args = [args.pop(0) if one is None else decode(one, CONTEXT) for one in argument["args"]]
        await self.act(argument["code"]["name"])

    async def host_call(self, argument: Any) -> Any:
        return await getattr(self, "do_" + argument["method"])(*argument["args"])

    async def host_open(self, argument: Any) -> int:
        number = len(self.generators)
        self.generators[number] = iter(range(argument["args"][0]))
        return number

    async def host_next(self, number: int) -> Any:
        for value in self.generators[number]:
            if value == 13:
                raise JavaScriptError("RangeError", "thirteen")
            return {"done": False, "value": value}
        return {"done": True, "value": None}

    async def host_close(self, number: int) -> None:
        del self.generators[number]

    async def host_run(self, argument: Any) -> Any:
        self.count += 1
        args = list(argument["resolved"])
        self.args = [args.pop(0) if one is None else decode(one, CONTEXT) for one in argument["args"]]
        result = await self.act(argument["code"]["name"], *argument["handles"])
        return {"pid": os.getpid(), "count": self.count, "aborted": self.aborted, "args": self.args, "result": result}

    async def act(self, name: str, *handles: Any) -> Any:
        """Does what a name asks for."""
        if name == "Throws":
            raise JavaScriptError(
                "TypeError", "no such thing", "TypeError: no such thing\n    at Throws (shapes.ts:7:9)"
            )
        if name == "Missing":
            raise KlawError("shapes.ts exports no class Missing: it exports Counter")
        if name == "Exits":
            os._exit(7)
        if name == "DiesOnce" and first_time(self.args[0]):
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "sleeps":
            first_time(self.args[0])
            await asyncio.sleep(1000)
        if name == "stubborn":
            first_time(self.args[0])
            while True:
                try:
                    await asyncio.sleep(1000)
                except asyncio.CancelledError:
                    continue
        if name in ("waits", "idles"):
            self.child.notify("host.blocked", True)
            first_time(self.args[0])
            if name == "waits":
                await self.fetch(handles[0].body[0])
            else:
                while os.path.exists(self.args[0]):  # noqa: ASYNC110, ASYNC240, PTH110
                    await asyncio.sleep(0.01)
            self.child.notify("host.blocked", False)
            return "settled"
        return None

    async def fetch(self, number: int) -> None:
        """Waits until an object has settled."""
        self.child.writer.write(write_header(WATCH, 0, number, 0))
        while number not in self.settled:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def do_echo(self, *args: Any) -> Any:
        return list(args)

    async def do_created(self) -> Any:
        return {**{key: self.created[key] for key in ("id", "path", "maxConcurrency")}, "args": self.args}

    async def do_next(self) -> int:
        self.count += 1
        return self.count

    async def do_pid(self) -> int:
        return os.getpid()

    async def do_throw(self) -> None:
        error = JavaScriptError("MyError", "boom", "MyError: boom\n    at throw (shapes.ts:3:4)")
        error.properties["status"] = 404
        raise error

    async def do_sleep(self) -> None:
        await asyncio.sleep(1000)

    async def do_aborted(self) -> int:
        return self.aborted

    async def do_exit(self, code: int) -> None:
        os._exit(code)

    async def do_signal(self, number: int) -> None:
        os.kill(os.getpid(), number)
        await asyncio.sleep(1000)

    async def do_fail(self) -> None:
        error = JavaScriptError("TypeError", "uncaught", "TypeError: uncaught\n    at later (shapes.ts:5:1)")
        self.child.notify("host.failing", error)
        await self.child.writer.drain()
        os._exit(1)

    async def do_full(self) -> None:
        sys.stderr.write("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGABRT)


def first_time(path: str) -> bool:
    """Whether nobody has asked for that path before."""
    is_first = not Path(path).exists()
    Path(path).touch()
    return is_first


def watch_stdin(loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> None:
    def read() -> None:
        if not os.read(0, 65536):
            ended()

    loop.add_reader(0, read)


async def main() -> None:
    said = json.loads(read_line())
    agent = said["agent"]
    reader, writer = await asyncio.open_connection(agent["host"], agent["port"], limit=2**26)
    greeting = hello.Hello(secrets.token_bytes(hello.ID_LENGTH), False, 0)
    writer.write(hello.write_hello(bytes.fromhex(agent["token"]), greeting))
    answer = hello.read_answer(await reader.readexactly(hello.ANSWER_LENGTH))
    assert answer.status == hello.WELCOME
    watch_stdin(asyncio.get_running_loop(), lambda: os._exit(0))
    child = Child(reader, writer)
    serving = asyncio.create_task(child.serve())
    await child.ask("session.open", {"imports": []})
    address = {"host": said["listen"], "port": 1, "token": "00" * 32, "tls": False}
    await child.ask("host.attach", {"instance": secrets.token_hex(16), **address})
    await serving


def read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            os._exit(0)
        line += byte
    return line


if __name__ == "__main__":
    if "--version" in sys.argv:
        sys.stdout.write("v20.1.2\n")
    elif os.environ.get("KLAW_STAND_IN") == "silent":
        read_line()
        signal.pause()
    else:
        asyncio.run(main())
