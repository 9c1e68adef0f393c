"""What runs on the workers of the tests' cluster."""

from __future__ import annotations

from typing import Any

import ray

import klaw
from klaw import aio


@ray.remote(num_cpus=0)
def produce(tx: klaw.Sender[Any], count: int) -> int:
    with tx:
        for number in range(count):
            tx.send({"number": number, "text": "x" * 100})
    return count


@ray.remote(num_cpus=0)
def produce_by_name(name: str, first: int, count: int) -> int:
    tx, rx = klaw.channel(name)
    rx.close()
    with tx:
        for number in range(first, first + count):
            tx.send(number)
    return count


@ray.remote(num_cpus=0)
class Collector:
    """Receives in a method that blocks."""

    def collect(self, rx: klaw.Receiver[Any]) -> list[Any]:
        with rx:
            return [item["number"] for item in rx]

    def hold(self, rx: klaw.Receiver[Any]) -> Any:
        self.rx = rx
        self.held = rx.recv()
        return self.held

    def ping(self) -> str:
        return "pong"


@ray.remote(num_cpus=0)
class AsyncCollector:
    """Receives in a coroutine, while others go on."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    async def collect(self, name: str, count: int) -> list[Any]:
        _, rx = await aio.channel(name)
        async with rx:
            while len(self.items) < count:
                self.items.append(await rx.recv(timeout=60))
        return self.items

    async def pass_through(self, rx: aio.Receiver[Any], tx: aio.Sender[Any]) -> int:
        count = 0
        async with rx, tx:
            async for item in rx:
                await tx.send(item)
                count += 1
        return count

    async def count(self) -> int:
        return len(self.items)


@ray.remote(num_cpus=0)
def make_answer(answer: klaw.OneshotSender[str]) -> None:
    answer.send("from a task")


@ray.remote(num_cpus=0)
def make_channel() -> klaw.Receiver[str]:
    tx, rx = klaw.channel("made-by-a-task")
    tx.send("hello")
    return rx


@ray.remote(num_cpus=0)
def follow(state: klaw.WatchReceiver[int], events: klaw.BroadcastReceiver[Any]) -> tuple[int, list[Any]]:
    seen = list(state)
    return seen[-1], list(events)


@ray.remote(num_cpus=0)
def total(rx: klaw.Receiver[Any]) -> float:
    return sum(float(item.sum()) for item in rx)
