"""Everything at once, with connections that break and receives that are cancelled: every item arrives, and once."""

from __future__ import annotations

import asyncio
import faulthandler
import random
import threading
import time
from collections import Counter
from typing import Any

import pytest
from in_process_hub import InProcessHub

import klaw
from klaw import aio
from klaw._core.handles import Owned
from klaw._core.opening import open_channel
from klaw._core.pending import BLOCKING, run
from klaw._core.runtime import Runtime
from klaw.options import named_spec

#: Seconds that producers produce.
TIME = 2.0


class Storm:
    """What was sent, and what has arrived."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.is_over = threading.Event()
        self.failures: list[BaseException] = []
        self._lock = threading.Lock()

    def ends(self, runtime: Runtime) -> tuple[klaw.Sender[Any], klaw.Receiver[Any]]:
        spec = {**named_spec("mpmc", "storm"), "capacity": self.capacity}
        send, receive = run(open_channel(runtime.client(), spec, BLOCKING))
        return klaw.Sender(Owned(send, send.kind)), klaw.Receiver(Owned(receive, receive.kind))

    def note(self, items: list[str]) -> None:
        with self._lock:
            self.received.update(items)

    def noted_sent(self, items: list[str]) -> None:
        with self._lock:
            self.sent.update(items)

    def thread(self, work: Any, *arguments: Any) -> threading.Thread:
        def guarded() -> None:
            try:
                work(self, *arguments)
            except BaseException as error:
                self.failures.append(error)

        made = threading.Thread(target=guarded, daemon=True)
        made.start()
        return made


def consume(storm: Storm, runtime: Runtime) -> None:
    """In a thread, in every way there is."""
    tx, rx = storm.ends(runtime)
    tx.close()
    lot = random.Random()
    while True:
        try:
            way = lot.random()
            if way < 0.5:
                storm.note([rx.recv(timeout=lot.choice([0, 0.001, 0.05, None]))])
            elif way < 0.7:
                storm.note([rx.try_recv()])
            elif way < 0.9:
                storm.note(rx.recv_batch(lot.choice([1, 7, None]), max_wait=lot.choice([0, 0.002]), timeout=0.01))
            else:
                storm.note([klaw.select([rx], timeout=0.01).value])
            if way < 0.02:
                rx = rx.clone()
        except (klaw.ChannelTimeout, klaw.ChannelEmpty):
            continue
        except klaw.ChannelClosed:
            return


def consume_in_coroutines(storm: Storm, runtime: Runtime) -> None:
    """In five coroutines that share a receiver, and are cancelled at any moment."""
    tx, blocking = storm.ends(runtime)
    tx.close()
    rx: aio.Receiver[Any] = blocking.aio

    async def one() -> list[str]:
        return [await rx.recv()]

    async def work() -> None:
        lot = random.Random()
        while True:
            receiving = asyncio.ensure_future(rx.recv_batch(5, max_wait=0.003) if lot.random() < 0.3 else one())
            await asyncio.sleep(lot.choice([0, 0, 0.0005, 0.002]))
            if lot.random() < 0.3:
                receiving.cancel()
            try:
                storm.note(await receiving)
            except asyncio.CancelledError:
                continue
            except klaw.ChannelClosed:
                return

    async def main() -> None:
        await asyncio.gather(*(work() for _ in range(5)))

    asyncio.run(main())


def produce(storm: Storm, runtime: Runtime, name: int) -> None:
    """In a thread, in every way there is; counts what was sent."""
    tx, rx = storm.ends(runtime)
    rx.close()
    lot = random.Random()
    count = 0
    while not storm.is_over.is_set():
        items = [f"{name}.{count + index}" for index in range(lot.randint(1, 8))]
        try:
            count += send_somehow(tx, items, lot)
        except (klaw.ChannelTimeout, klaw.ChannelFull):
            continue
        except klaw.ChannelPartialSend as partial:
            count += partial.sent
    storm.noted_sent([f"{name}.{index}" for index in range(count)])
    tx.close()


def send_somehow(tx: klaw.Sender[str], items: list[str], lot: random.Random) -> int:
    way = lot.random()
    if way < 0.5:
        tx.send(items[0], timeout=lot.choice([None, 0.001]))
    elif way < 0.6:
        tx.try_send(items[0])
    elif way < 0.8:
        tx.send_batch(items, timeout=lot.choice([None, 0.002]))
        return len(items)
    elif way < 0.9:
        with tx.reserve() as permit:
            permit.send(items[0])
    else:
        won = klaw.select({"sent": klaw.sending(tx, items[0]), "late": klaw.after(0.001)})
        return 1 if won.case == "sent" and won.value is None else 0
    return 1


@pytest.mark.parametrize("capacity", [1, 3, 50, 5000])
def test_every_item_arrives_once(hub: InProcessHub, capacity: int) -> None:
    storm = Storm(capacity)
    runtimes = [hub.runtime() for _ in range(3)]
    try:
        keeping, unused = klaw.channel("storm", capacity=capacity)
        unused.close()
        consumers = [storm.thread(work, runtime) for runtime in runtimes for work in (consume, consume_in_coroutines)]
        producers = [storm.thread(produce, runtimes[number % 3], number) for number in range(4)]
        until = time.monotonic() + TIME
        while time.monotonic() < until:
            time.sleep(random.random() * 0.4)
            hub.cut()
        storm.is_over.set()
        join(producers)
        keeping.close()
        join(consumers)
        assert storm.failures == []
        assert storm.sent - storm.received == Counter(), "lost"
        assert storm.received - storm.sent == Counter(), "doubled"
        assert storm.sent.total() > 0
    finally:
        for runtime in runtimes:
            runtime.shutdown()


def join(threads: list[threading.Thread]) -> None:
    """Fails, with a word on every thread, when they do not end."""
    until = time.monotonic() + 45
    for thread in threads:
        thread.join(max(0, until - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        faulthandler.dump_traceback()
        raise AssertionError("threads wait for ever")
