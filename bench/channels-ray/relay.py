"""Bytes from some connections to others, and nothing else: what any hub in Python, between two processes, has to do at least.

A sender begins with `s` and the size of its items (u32, little-endian), a receiver with `r`; both are answered by `k`. What comes from a sender at once goes
to one receiver, in turns, cut between two items.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Final, cast

#: Bytes of one read, and those that may wait for a receiver.
ROOM: Final = 256 * 1024
GREETING: Final = struct.Struct("<cI")


class Relay:
    def __init__(self) -> None:
        self.receivers: list[Party] = []
        self.senders: list[Party] = []
        self.next = 0

    def pass_on(self, data: bytes) -> None:
        receivers = self.receivers
        for _ in receivers:
            self.next = (self.next + 1) % len(receivers)
            if not receivers[self.next].is_full:
                break
        receivers[self.next].transport.write(data)
        if all(receiver.is_full for receiver in receivers):
            for sender in self.senders:
                sender.transport.pause_reading()

    def has_room(self) -> None:
        for sender in self.senders:
            sender.transport.resume_reading()


class Party(asyncio.BufferedProtocol):
    transport: asyncio.Transport

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.buffer = memoryview(bytearray(ROOM))
        self.filled = 0
        self.size = 0
        self.is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=ROOM)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.buffer[self.filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self.filled += nbytes
        if self.size == 0:
            self._greet()
            return
        whole = self.filled - self.filled % self.size
        if whole == 0:
            return
        data = bytes(self.buffer[:whole])
        rest = bytes(self.buffer[whole : self.filled])
        self.filled = len(rest)
        self.buffer[: self.filled] = rest
        self.relay.pass_on(data)

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self.relay.has_room()

    def connection_lost(self, exc: Exception | None) -> None:
        for parties in (self.relay.senders, self.relay.receivers):
            if self in parties:
                parties.remove(self)

    def _greet(self) -> None:
        if self.filled < GREETING.size:
            return
        role, self.size = GREETING.unpack(self.buffer[: GREETING.size])
        self.filled = 0
        (self.relay.senders if role == b"s" else self.relay.receivers).append(self)
        self.transport.write(b"k")


async def main() -> None:
    relay = Relay()
    server = await asyncio.get_running_loop().create_server(lambda: Party(relay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
