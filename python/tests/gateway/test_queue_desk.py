"""A queue's items in the moments in which nobody waits any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from klaw_agent.gateway.queue_desk import QueueDesk


class Ref:
    def __init__(self) -> None:
        self.completed: Callable[[Any], None] = lambda _result: None

    def _on_completed(self, callback: Callable[[Any], None]) -> None:
        self.completed = callback


class Method:
    def __init__(self) -> None:
        self.refs: list[Ref] = []
        self.called = asyncio.Event()

    def remote(self, *_arguments: Any) -> Ref:
        self.refs.append(Ref())
        self.called.set()
        return self.refs[-1]


class Completions:
    def post(self, callback: Callable[..., None], *arguments: Any) -> None:
        callback(*arguments)


class Queue:
    """A queue and its actor in one."""

    def __init__(self) -> None:
        self.actor = self
        self.get = Method()
        self.put = Method()


def run(test: Coroutine[Any, Any, None]) -> None:
    async def in_time() -> None:
        await asyncio.wait_for(test, 10)

    asyncio.run(in_time())


def desk_of(queue: Queue) -> QueueDesk:
    return QueueDesk(queue, Completions(), lambda _desk: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_an_item_that_comes_in_the_moment_of_the_abort_is_for_the_next(timeout: float | None) -> None:
    async def test() -> None:
        queue = Queue()
        desk = desk_of(queue)
        given_up = asyncio.create_task(desk.get(timeout))
        await queue.get.called.wait()
        queue.get.refs[0].completed("item")
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert await desk.get(timeout) == ["item"]
        await desk.give_back()

    run(test())


def test_an_item_that_comes_after_the_abort_is_for_the_next() -> None:
    async def test() -> None:
        queue = Queue()
        desk = desk_of(queue)
        given_up = asyncio.create_task(desk.get(None))
        await queue.get.called.wait()
        given_up.cancel()
        await asyncio.wait([given_up])
        queue.get.refs[0].completed("item")
        assert await desk.get(None) == ["item"]
        assert len(queue.get.refs) == 1
        await desk.give_back()

    run(test())
