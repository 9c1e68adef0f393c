"""Oneshots, broadcasts, watches; names; `select`."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from in_process_hub import InProcessHub
from waiting import wait_until

import klaw
from klaw import aio


def test_oneshot(hub: InProcessHub) -> None:
    tx, rx = klaw.oneshot()
    with pytest.raises(klaw.ChannelEmpty):
        rx.try_recv()
    tx.send("answer")
    with pytest.raises(klaw.ChannelClosed) as closed:
        tx.send("again")
    assert closed.value.value == "again"
    assert rx.recv() == "answer"
    with pytest.raises(klaw.ChannelClosed):
        rx.recv()


def test_a_oneshot_that_nobody_waits_for(hub: InProcessHub) -> None:
    tx, rx = klaw.oneshot()
    with pytest.raises(klaw.ChannelTimeout):
        tx.wait_closed(timeout=0.02)
    rx.close()
    tx.wait_closed(timeout=10)
    with pytest.raises(klaw.ChannelClosed):
        tx.send(1)
    sender, receiver = klaw.oneshot()
    sender.close()
    with pytest.raises(klaw.ChannelClosed):
        receiver.recv(timeout=10)


def test_broadcast(hub: InProcessHub) -> None:
    tx, first = klaw.broadcast(capacity=4)
    second = tx.subscribe()
    assert tx.send("a") == 2
    third = first.clone()
    fourth = first.subscribe()
    tx.send("b")
    assert [first.recv(), first.recv()] == ["a", "b"]
    assert [second.recv(), second.recv()] == ["a", "b"]
    assert [third.recv(), third.recv()] == ["a", "b"]
    assert fourth.recv() == "b"
    tx.close()
    assert list(first) == []
    with pytest.raises(klaw.ChannelClosed):
        second.recv()


def test_a_slow_receiver_is_told_what_it_missed(hub: InProcessHub) -> None:
    tx, rx = klaw.broadcast(capacity=4)
    for number in range(10):
        tx.send(number)
    tx.close()
    missed: list[int] = []
    got = list(rx.iterate(on_lag=missed.append))
    assert got[-1] == 9
    assert sum(missed) + len(got) == 10
    assert len(missed) == 1


def test_broadcasters_know_when_nobody_listens(hub: InProcessHub) -> None:
    tx, rx = klaw.broadcast()
    with pytest.raises(klaw.ChannelTimeout):
        tx.wait_closed(timeout=0.02)
    rx.close()
    tx.wait_closed(timeout=10)
    assert tx.send(1) == 0


def test_watch(hub: InProcessHub) -> None:
    tx, rx = klaw.watch({"level": "info"})
    assert rx.borrow() == {"level": "info"}
    assert not rx.has_changed()
    with pytest.raises(klaw.ChannelTimeout):
        rx.changed(timeout=0.02)
    tx.send({"level": "debug"})
    assert tx.borrow() == {"level": "debug"}
    rx.changed(timeout=10)
    assert rx.borrow_and_update() == {"level": "debug"}
    other = rx.clone()
    tx.update(lambda value: {**value, "more": True})
    other.changed(timeout=10)
    assert other.borrow() == {"level": "debug", "more": True}
    with pytest.raises(ZeroDivisionError):
        tx.update(lambda value: 1 // 0)
    tx.close()
    assert list(rx) == [{"level": "debug", "more": True}]
    with pytest.raises(klaw.ChannelClosed):
        rx.changed()


def test_updates_are_atomic(hub: InProcessHub) -> None:
    tx, rx = klaw.watch(0)
    senders = [tx.clone() for _ in range(3)]

    def count(sender: klaw.WatchSender[int]) -> None:
        for _ in range(20):
            sender.update(lambda value: value + 1)

    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(count, sender) for sender in senders]:
            future.result(30)
    wait_until(lambda: rx.borrow() == 60)


def test_watch_for_coroutines(hub: InProcessHub) -> None:
    async def main() -> None:
        tx, rx = await aio.watch(0)

        async def follow() -> list[int]:
            return [value async for value in rx]

        following = asyncio.create_task(follow())
        await asyncio.sleep(0)
        await tx.send(1)
        await tx.update(lambda value: value + 1)
        tx.close()
        seen = await following
        assert seen[-1] == 2
        assert seen == sorted(seen)

    asyncio.run(main())


def test_names(hub: InProcessHub) -> None:
    tx, _ = klaw.channel("jobs", capacity=5)
    _, rx = klaw.channel("jobs", capacity=5)
    tx.send("by name")
    assert rx.recv(timeout=10) == "by name"
    with pytest.raises(klaw.ChannelConfigMismatch, match="capacity 5; capacity 6"):
        klaw.channel("jobs", capacity=6)
    with pytest.raises(klaw.ChannelConfigMismatch, match="kind mpmc; kind watch"):
        klaw.watch(1, "jobs")
    info = klaw.get_channel("jobs")
    assert info is not None
    assert (info.kind, info.capacity, info.stats.sent) == ("mpmc", 5, 1)
    assert klaw.get_channel("others") is None
    klaw.channel("jobs", namespace="elsewhere")
    assert {(found.namespace, found.name) for found in klaw.list_channels()} == {
        ("klaw", "jobs"),
        ("elsewhere", "jobs"),
    }
    assert [found.namespace for found in klaw.list_channels("elsewhere")] == ["elsewhere"]
    assert klaw.delete_channel("jobs")
    assert not klaw.delete_channel("jobs")
    with pytest.raises(klaw.ChannelClosed, match="deleted"):
        rx.recv(timeout=10)


def test_named_channels_outlive_their_holders(hub: InProcessHub) -> None:
    tx, rx = klaw.channel("kept")
    tx.send("still here")
    tx.close()
    rx.close()
    klaw.shutdown()
    _, again = klaw.channel("kept")
    assert again.recv(timeout=10) == "still here"


def test_select_takes_one(hub: InProcessHub) -> None:
    tx, jobs = klaw.channel()
    _, stop = klaw.channel()
    won = klaw.select({"stop": stop, "idle": klaw.after(0.02)})
    assert (won.case, won.value) == ("idle", None)
    tx.send("work")
    won = klaw.select({"jobs": jobs, "stop": stop}, timeout=10)
    assert (won.case, won.value) == ("jobs", "work")
    with pytest.raises(klaw.ChannelTimeout):
        klaw.select([jobs, stop], timeout=0.02)
    assert klaw.select([jobs, stop], default=True) is None
    tx.close()
    won = klaw.select([jobs, stop], timeout=10)
    assert won.case == 0
    assert isinstance(won.error, klaw.ChannelClosed)
    with pytest.raises(klaw.ChannelClosed):
        _ = won.value


def test_select_loses_nothing(hub: InProcessHub) -> None:
    left, from_left = klaw.channel()
    right, from_right = klaw.channel()
    got: list[int] = []
    with ThreadPoolExecutor() as pool:
        sending = [
            pool.submit(lambda tx, numbers: [tx.send(number) for number in numbers], tx, numbers)
            for tx, numbers in ((left, range(200)), (right, range(200, 400)))
        ]
        while len(got) < 400:
            got.append(klaw.select([from_left, from_right], timeout=10).value)
        for future in sending:
            future.result(10)
    assert sorted(got) == list(range(400))
    assert [number for number in got if number < 200] == list(range(200))


def test_select_sends(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(capacity=1)
    won = klaw.select({"send": klaw.sending(tx, 1), "time": klaw.after(10)})
    assert won.case == "send"
    won = klaw.select({"send": klaw.sending(tx, 2), "time": klaw.after(0.05)})
    assert won.case == "time"
    assert rx.recv() == 1
    with pytest.raises(klaw.ChannelTimeout):
        rx.recv(timeout=0.02)
    rx.close()
    won = klaw.select([klaw.sending(tx, 3)], timeout=10)
    assert isinstance(won.error, klaw.ChannelClosed)


def test_select_for_coroutines(hub: InProcessHub) -> None:
    async def main() -> None:
        tx, rx = await aio.channel()
        state, watching = await aio.watch("a")
        selecting = asyncio.create_task(aio.select({"item": rx, "state": watching}))
        await asyncio.sleep(0.01)
        await state.send("b")
        won = await selecting
        assert (won.case, won.value) == ("state", "b")
        selecting = asyncio.create_task(aio.select({"item": rx, "state": watching}))
        await asyncio.sleep(0.01)
        selecting.cancel()
        await asyncio.gather(selecting, return_exceptions=True)
        await tx.send(1)
        won = await aio.select([rx], timeout=10, biased=True)
        assert won.value == 1

    asyncio.run(main())


def test_select_refuses_what_is_no_case(hub: InProcessHub) -> None:
    with pytest.raises(TypeError, match="case 'a'"):
        klaw.select({"a": 1})
    with pytest.raises(ValueError, match="for ever"):
        klaw.select([])
