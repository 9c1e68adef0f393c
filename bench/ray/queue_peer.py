"""Ray's own Queue, used item by item: a driver that puts, an actor that gets, and one that answers."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import ray
from ray.util.queue import Queue
from serve import serve


@ray.remote(num_cpus=0)
class Consumer:
    """Another process, which gets items one by one."""

    def __init__(self, queue: Queue, answers: Queue) -> None:
        self.queue = queue
        self.answers = answers

    async def receive(self, count: int, size: int) -> None:
        for number in range(count):
            item = await self.queue.get_async()
            assert len(item) == size and int.from_bytes(item[4:8], "little") == number

    async def answer(self, count: int) -> None:
        for _ in range(count):
            await self.answers.put_async(await self.queue.get_async())


class Peer:
    def __init__(self) -> None:
        self.queue = Queue(actor_options={"num_cpus": 0})
        self.answers = Queue(actor_options={"num_cpus": 0})
        self.consumer: Any = Consumer.remote(self.queue, self.answers)
        self.loop = asyncio.new_event_loop()

    def one_to_one(self, count: int, size: int) -> None:
        received = self.consumer.receive.remote(count, size)
        self.loop.run_until_complete(self._put(count, size))
        ray.get(received)

    async def _put(self, count: int, size: int) -> None:
        rest = bytes(size - 8)
        for number in range(count):
            await self.queue.put_async(bytes(4) + number.to_bytes(4, "little") + rest)

    def round_trips(self, count: int, size: int) -> dict[str, float]:
        """Microseconds of one way, half of the way there and back."""
        answered = self.consumer.answer.remote(count)
        times = self.loop.run_until_complete(self._ask(count, size))
        ray.get(answered)
        times.sort()
        return {"p50": times[-(-count // 2) - 1], "p99": times[-(-count * 99 // 100) - 1]}

    async def _ask(self, count: int, size: int) -> list[float]:
        times = []
        for number in range(count):
            item = number.to_bytes(8, "little") + bytes(size - 8)
            start = time.perf_counter()
            await self.queue.put_async(item)
            assert await self.answers.get_async() == item
            times.append((time.perf_counter() - start) * 1e6 / 2)
        return times


if __name__ == "__main__":
    serve(Peer)
