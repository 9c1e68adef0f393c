"""An agent without Ray: a listener whose operations give back what they get, and its tunnel over standard input and output.

Started as `echo_agent.py <folder of klaw_agent> <seconds of grace>`. Prints a line of JSON with its port and token; then answers calls:
u64 number, u8 wait, u32 length, bytes, by u64 number, u8 failed, u32 length, bytes. Ends with its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import struct
import sys

sys.path.insert(0, sys.argv[1])

from klaw_agent.errors import RuntimeClosedError
from klaw_agent.lane.connections import Connections
from klaw_agent.lane.resumable_transport import ResumableTransport
from klaw_agent.lane.tunnel import Tunnels
from klaw_agent.listener import Listener
from klaw_agent.wire.connection import Connection, OperationContext

_CALL = struct.Struct("<QBI")


def _fill(argument: dict[str, int], context: OperationContext) -> None:
    """Tells the client `count` things of `size` bytes."""

    async def tell() -> None:
        with contextlib.suppress(RuntimeClosedError):
            for number in range(argument["count"]):
                context.connection.notify("filled", [number, bytes([number % 256]) * argument["size"]])
                await context.connection.drain()

    task = asyncio.ensure_future(tell())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def _close(_argument: object, context: OperationContext) -> None:
    context.connection.notify("closing")
    context.connection.close()


_tasks: set[asyncio.Future[None]] = set()
#: What became of the connections that have ended.
_endings: list[str] = []
_OPERATIONS = {"echo": lambda value, _: value, "fill": _fill, "close": _close, "endings": lambda _, __: _endings}


async def _serve_calls(tunnels: Tunnels) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)

    async def serve(number: int, data: bytes, wait: bool) -> None:
        try:
            failed, answer = 0, await tunnels.exchange(number, data, wait)
        except Exception as error:
            failed, answer = 1, str(error).encode()
        writer.write(_CALL.pack(number, failed, len(answer)) + answer)

    while True:
        try:
            number, wait, length = _CALL.unpack(await reader.readexactly(_CALL.size))
            data = await reader.readexactly(length)
        except asyncio.IncompleteReadError:
            return
        task = asyncio.ensure_future(serve(number, data, wait == 1))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)


async def main() -> None:
    token = secrets.token_bytes(32)

    def serve(transport: ResumableTransport) -> Connection:
        connection = Connection(transport, _OPERATIONS)
        connection.on_lost(lambda error: _endings.append(str(error)))
        return connection

    connections = Connections(token, serve, grace=float(sys.argv[2]))
    listener = Listener(connections)
    port = listener.start("127.0.0.1")
    sys.stdout.write(json.dumps({"port": port, "token": token.hex()}) + "\n")
    sys.stdout.flush()
    await _serve_calls(Tunnels(connections))


asyncio.run(main())
