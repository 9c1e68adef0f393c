"""Actors, functions and classes that the tests of the gateway have Ray run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import ray
from ray.util.queue import Queue


class Counter:
    def __init__(self, start: int = 0) -> None:
        if start < 0:
            raise ValueError(f"can not start at {start}")
        self.value = start
        self.seen: list[Any] = []
        self.kept: Any = None

    def add(self, amount: int = 1) -> int:
        self.value += amount
        return self.value

    def see(self, what: Any) -> Any:
        self.seen.append(what)
        return what

    def all_seen(self) -> list[Any]:
        return self.seen

    def kind_of(self, what: Any) -> str:
        return f"{type(what).__module__}.{type(what).__qualname__}"

    def sleep(self, seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    def fail(self, message: str = "no") -> None:
        raise NotFound(message, 404)

    def fail_oddly(self) -> None:
        raise Unpicklable

    def keep(self, refs: list[Any]) -> int:
        self.kept = refs
        return len(refs)

    def get_kept(self) -> Any:
        return [ray.get(ref) for ref in self.kept]

    def give_ref(self) -> Any:
        return [ray.put("from python")]

    def give_same(self, refs: list[Any]) -> list[Any]:
        return refs

    def ask(self, other: Any) -> int:
        return ray.get(other.add.remote(10))

    def opaque(self) -> Any:
        return Opaque("secret")

    def open(self, opaque: Any) -> str:
        return opaque.text

    def big(self, size: int) -> bytes:
        return bytes(size)

    def function(self) -> Any:
        return lambda: None

    def count_to(self, end: int) -> Iterator[int]:
        # Not `yield from range(end)`: Ray sends something into generators, which a range does not take.
        for number in range(end):  # noqa: UP028
            yield number

    def count_and_fail(self, end: int) -> Iterator[int]:
        for number in range(end):  # noqa: UP028
            yield number
        raise ValueError("enough")

    def fill(self, queue: Queue, items: list[Any]) -> int:
        for item in items:
            queue.put(item)
        return queue.qsize()

    def make_queue(self, maxsize: int) -> Queue:
        self.queue = Queue(maxsize)
        self.queue.put("from python")
        return self.queue

    def die(self) -> None:
        import os

        os._exit(1)


class Slow:
    """Async: many calls at a time."""

    def __init__(self) -> None:
        self.cancelled = False
        self.gate = asyncio.Event()

    async def wait(self) -> str:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return "open"

    async def open(self) -> None:
        self.gate.set()

    async def was_cancelled(self) -> bool:
        return self.cancelled

    async def count_to(self, end: int) -> AsyncIterator[int]:
        for number in range(end):
            yield number


class NotFound(Exception):
    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class Unpicklable(Exception):
    def __reduce__(self) -> Any:
        raise TypeError("it stays here")

    def __str__(self) -> str:
        return "stays at home"


class Opaque:
    def __init__(self, text: str) -> None:
        self.text = text


@ray.remote
class Remote:
    def hello(self) -> str:
        return "hello"


def double(value: Any) -> Any:
    return value * 2


def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


def broken() -> None:
    raise RuntimeError("broken")


def numbers(end: int = 3) -> Iterator[int]:
    yield end


constant = 5


def slow_numbers(end: int) -> Iterator[int]:
    for number in range(end):
        time.sleep(0.05)
        yield number


@ray.remote
def remote_double(value: Any) -> Any:
    return value * 2


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents


def large(size: int) -> Iterator[bytes]:
    yield bytes(size)
