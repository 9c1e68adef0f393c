"""Clients of a channel that keep to the protocol, and whose frames are under way for as long as the test likes."""

from __future__ import annotations

import struct
from collections import deque
from random import Random

from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import Frame
from klaw_agent.wire.items import read_items
from tests.hub.wires import RECEIVER, SENDER, Wire

_ITEM = struct.Struct("<II")


class Client(Wire):
    """Both directions are lines: `bring_to_hub` and `bring_to_client` move the first frames of them."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: deque[bytes] = deque()
        self.is_over = False

    def tell(self, kind: int, stream: int, *integers: int, flags: int = 0) -> None:
        self.under_way.append(frames.write_frame(kind, flags, stream, *integers))

    def bring_to_hub(self, count: int) -> None:
        while self.under_way and count > 0:
            self._bring(self.under_way.popleft())
            count -= 1

    def bring_to_client(self, count: int) -> None:
        for frame in self.written[:count]:
            self.came(frame)
        del self.written[:count]
        self.buffers = []

    def came(self, frame: Frame) -> None:
        raise NotImplementedError


class SimulatedSender(Client):
    """Numbers its items from 0."""

    def __init__(self, random: Random, name: int) -> None:
        super().__init__()
        self.random = random
        self.name = name
        self.credits = 0
        self.received = 0
        self.waiting = 0
        self.sent = 0
        self.is_closed = False

    def act(self, may_send: int) -> None:
        """Does something that a sender may do; sends at most so many items more."""
        if self.is_closed:
            return
        choice = self.random.random()
        if choice < 0.5:
            self.send_items(min(may_send, self.credits, self.random.choice((1, 3, 20))))
        elif choice < 0.8:
            self.waiting = self.random.choice((0, 1, 1, 5))
            self.tell(frames.WANT, SENDER, self.waiting, self.random.choice((0, 0, 8)), self.waiting, self.received)
        elif choice < 0.9:
            self.tell(frames.WANT, SENDER, self.random.choice((1, 2)), flags=frames.ATTEMPT)
        else:
            self._give_back(0)

    def send_items(self, count: int) -> None:
        if count <= 0:
            return
        payloads = [_ITEM.pack(self.name, self.sent + index) * self.random.choice((1, 4)) for index in range(count)]
        lengths = struct.pack(f"<{2 + count}I", self.sent, count, *map(len, payloads))
        body = lengths + b"".join(payloads)
        self.under_way.append(frames.write_header(frames.SEND, 0, SENDER, len(body)) + body)
        self.sent += count
        self.credits -= count
        self.waiting = max(0, self.waiting - count)

    def close(self) -> None:
        self.is_closed = True
        self.tell(frames.CLOSE_END, SENDER)

    def came(self, frame: Frame) -> None:
        if frame.type == frames.CREDIT:
            granted = frame.uint32()
            self.credits += granted
            if not frame.flags & frames.ATTEMPT:
                self.received = (self.received + granted) & 0xFFFFFFFF
        elif frame.type == frames.RECALL_CREDIT:
            self._give_back(frames.ATTEMPT)
        elif frame.type == frames.ENDED:
            self.is_over = True

    def _give_back(self, flags: int) -> None:
        if self.is_closed:
            return
        count = 0 if self.waiting > 0 else self.credits
        self.credits -= count
        self.tell(frames.RETURN_CREDIT, SENDER, count, flags=flags)


class SimulatedReceiver(Client):
    """Reports what it has taken a while later, but before whatever comes after that."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random
        self.epoch = 0
        self.next = 0
        self.buffer: deque[tuple[int, int, int]] = deque()
        #: Sender and number of every item that was taken.
        self.got: list[tuple[int, int]] = []
        self.unreported = 0
        self.is_closed = False
        #: Never gives anything back, so that order is kept.
        self.is_stubborn = False

    def act(self) -> None:
        if self.is_closed:
            return
        choice = self.random.random()
        if choice < 0.35:
            self.demand(self.random.choice((1, 2, 10)))
        elif choice < 0.85:
            self.take(self.random.choice((1, 2, 30)))
        elif choice < 0.9:
            self.report()
        elif choice < 0.95:
            self.tell(frames.DEMAND, RECEIVER, self.random.choice((1, 5)), flags=frames.ATTEMPT)
        else:
            self.give_back(self.random.randint(0, len(self.buffer)))

    def demand(self, count: int) -> None:
        self.tell(frames.DEMAND, RECEIVER, count, self.random.randint(0, count))

    def take(self, count: int) -> None:
        while self.buffer and count > 0:
            _, name, number = self.buffer.popleft()
            self.got.append((name, number))
            self.unreported += 1
            count -= 1
        if self.random.random() < 0.5:
            self.report()

    def report(self) -> None:
        if self.unreported > 0:
            self.tell(frames.TAKEN, RECEIVER, self.unreported)
            self.unreported = 0

    def give_back(self, index: int) -> None:
        if self.is_closed or self.is_stubborn:
            return
        self.report()
        self.next = self.buffer[index][0] if index < len(self.buffer) else self.next
        while len(self.buffer) > index:
            self.buffer.pop()
        self.epoch += 1
        self.tell(frames.GIVE_BACK, RECEIVER, self.epoch, self.next)

    def close(self) -> None:
        self.report()
        self.is_closed = True
        self.buffer.clear()
        self.tell(frames.CLOSE_END, RECEIVER)

    def came(self, frame: Frame) -> None:
        if frame.type == frames.DELIVER:
            items = read_items(frame)
            if items.epoch != self.epoch or self.is_closed:
                return
            assert items.first == self.next
            for number, payload in enumerate(items.payloads, items.first):
                self.buffer.append((number, *_ITEM.unpack_from(payload)))
            self.next += len(items.payloads)
        elif frame.type == frames.RECALL_ITEMS:
            self.give_back(len(self.buffer) // 2)
        elif frame.type == frames.ENDED:
            self.is_over = True
