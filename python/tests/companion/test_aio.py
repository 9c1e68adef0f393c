"""Channels, for coroutines: what waits can be cancelled, and then has done nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from in_process_hub import InProcessHub

import klaw
from klaw import aio


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(test(), 30)

    asyncio.run(main())


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(2000):
        if await condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("the condition has not come about")


def test_items_flow(hub: InProcessHub) -> None:
    async def test() -> None:
        tx, rx = await aio.channel(capacity=10)

        async def send() -> None:
            async with tx:
                for number in range(300):
                    await tx.send(number)

        sending = asyncio.create_task(send())
        assert [item async for item in rx] == list(range(300))
        await sending

    run(test)


def test_one_end_both_ways(hub: InProcessHub) -> None:
    async def test() -> None:
        tx, rx = await aio.channel()
        tx.sync.send(1)
        assert await rx.recv() == 1
        await tx.sync.aio.send(2)
        assert rx.sync.try_recv() == 2

    run(test)


def test_a_recv_that_is_cancelled_takes_nothing(hub: InProcessHub) -> None:
    async def test() -> None:
        tx, rx = await aio.channel()
        other = rx.clone()
        for number in range(100):
            receiving = asyncio.create_task(rx.recv())
            await asyncio.sleep(0)
            sending = asyncio.create_task(tx.send(number))
            for _ in range(number % 7):
                await asyncio.sleep(0)
            receiving.cancel()
            results: Any = await asyncio.gather(receiving, return_exceptions=True)
            await sending
            if isinstance(results[0], asyncio.CancelledError):
                assert await (rx if number % 2 else other).recv(timeout=10) == number
            else:
                assert results[0] == number
        assert (await tx.stats()).length == 0

    run(test)


def test_a_recv_that_is_cancelled_when_its_item_is_there_leaves_it(hub: InProcessHub) -> None:
    async def test() -> None:
        tx, rx = await aio.channel()
        receiving = asyncio.create_task(rx.recv())
        await until(lambda: waiting_receivers(tx))
        tx.sync.send("kept")
        # Its item is promised to it, and its loop has not run since: it blocks here.
        deadline = asyncio.get_running_loop().time() + 10
        while not rx._port.stream.inbox._line or not next(iter(rx._port.stream.inbox._line)).items:
            assert asyncio.get_running_loop().time() < deadline
        receiving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        assert await rx.recv(timeout=10) == "kept"

    run(test)


def test_a_send_that_is_cancelled_sends_nothing(hub: InProcessHub) -> None:
    async def test() -> None:
        tx, rx = await aio.channel(capacity=1)
        await tx.send(0)
        for number in range(1, 60):
            sending = asyncio.create_task(tx.send(number))
            for _ in range(number % 5 + 1):
                await asyncio.sleep(0)
            receiving = asyncio.create_task(rx.recv())
            for _ in range(number % 7):
                await asyncio.sleep(0)
            sending.cancel()
            (result,) = await asyncio.gather(sending, return_exceptions=True)
            await receiving
            if isinstance(result, asyncio.CancelledError):
                await tx.send(number)
            assert (await tx.stats()).length == 1
        assert await rx.recv() == 59

    run(test)


def test_a_batch_that_is_cancelled_goes_back(hub: InProcessHub) -> None:
    async def test() -> None:
        tx, rx = await aio.channel()
        await tx.send_batch([1, 2])
        receiving = asyncio.create_task(rx.recv_batch(10, max_wait=20))
        await until(lambda: promised(rx))
        receiving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        assert await rx.recv_batch(10) == [1, 2]

    run(test)


def test_wait_for_loses_nothing(hub: InProcessHub) -> None:
    async def test() -> None:
        tx, rx = await aio.channel()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(rx.recv(), 0.05)
        await tx.send("later")
        assert await rx.recv() == "later"

    run(test)


def test_many_coroutines_share_a_receiver(hub: InProcessHub) -> None:
    async def test() -> None:
        tx, rx = await aio.channel(capacity=20)
        got: list[int] = []

        async def receive() -> None:
            async for item in rx:
                got.append(item)
                await asyncio.sleep(0)

        receiving = [asyncio.create_task(receive()) for _ in range(50)]
        for number in range(500):
            await tx.send(number)
        tx.close()
        await asyncio.gather(*receiving)
        assert sorted(got) == list(range(500))

    run(test)


def test_loops_that_end_leave_nothing_behind(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()

    async def abandon() -> None:
        asyncio.create_task(rx.aio.recv())  # noqa: RUF006 - that is what is tested
        await until(lambda: waiting_receivers(tx.aio))

    asyncio.run(abandon())
    tx.send("still here")
    assert rx.recv(timeout=10) == "still here"


async def waiting_receivers(tx: aio.Sender[Any]) -> bool:
    return (await tx.stats()).waiting_receivers == 1


async def promised(rx: aio.Receiver[Any]) -> bool:
    line = rx._port.stream.inbox._line
    return bool(line) and len(next(iter(line)).items) == 2
