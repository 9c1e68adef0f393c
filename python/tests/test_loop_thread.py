from __future__ import annotations

import asyncio
import threading

import pytest

from klaw_agent.loop_thread import LoopThread


async def _name() -> str:
    return threading.current_thread().name


async def _fail() -> None:
    raise LookupError("no")


def test_it_runs_coroutines_on_a_thread_of_its_own():
    thread = LoopThread("a-loop")
    assert thread.call(_name(), 10) == "a-loop"
    with pytest.raises(LookupError, match="no"):
        thread.call(_fail(), 10)
    assert thread.end(10)
    assert "a-loop" not in [one.name for one in threading.enumerate()]


def test_what_takes_too_long_is_cancelled():
    thread = LoopThread("a-loop")
    cancelled = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError, match=r"within 0\.01 seconds"):
        thread.call(wait(), 0.01)
    assert cancelled.wait(10)
    assert thread.end(10)


def test_the_end_cancels_what_is_left_and_refuses_what_comes():
    thread = LoopThread("a-loop")
    cancelled: list[bool] = []

    async def leave_something() -> asyncio.Task[None]:
        async def stay() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.append(True)

        task = asyncio.get_running_loop().create_task(stay())
        await asyncio.sleep(0)
        return task

    task = thread.call(leave_something(), 10)
    assert thread.end(10)
    assert thread.end(10)
    assert task.cancelled()
    assert cancelled == [True]
    with pytest.raises(RuntimeError, match="has ended"):
        thread.call(_name(), 10)


def test_a_loop_that_does_not_come_to_an_end_is_told():
    thread = LoopThread("a-loop")
    release = threading.Event()

    async def block() -> None:
        asyncio.get_running_loop().call_soon(release.wait)

    with pytest.raises(TimeoutError):
        thread.call(block(), 0.05)
    assert not thread.end(0.05)
    release.set()
    assert thread.end(10)
