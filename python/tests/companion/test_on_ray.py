"""klaw in drivers, tasks and actors of a real Ray."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from waiting import wait_until

import klaw
from klaw import aio

ray = pytest.importorskip("ray")

pytestmark = pytest.mark.usefixtures("cluster")


def test_a_task_produces_and_an_actor_consumes() -> None:
    import ray_workers

    tx, rx = klaw.channel(capacity=100)
    collector = ray_workers.Collector.remote()
    collected = collector.collect.remote(rx)
    produced = ray_workers.produce.remote(tx, 2000)
    tx.close()
    rx.close()
    assert ray.get(produced, timeout=60) == 2000
    assert ray.get(collected, timeout=60) == list(range(2000))


def test_many_to_many_by_name() -> None:
    import ray_workers

    name = "many"
    actors = [ray_workers.AsyncCollector.remote() for _ in range(2)]
    # One that got all is left with nothing to wait for: each takes what it gets, until all have come.
    collecting = [actor.collect.remote(name, 10**9) for actor in actors]
    wait_until(lambda: receivers_of(name) == 2, 60)
    producing = [ray_workers.produce_by_name.remote(name, 1000 * number, 500) for number in range(3)]
    assert ray.get(producing, timeout=90) == [500] * 3
    wait_until(lambda: sum(ray.get([actor.count.remote() for actor in actors])) == 1500, 60)
    info = klaw.get_channel(name)
    assert info is not None
    assert info.stats.sent == info.stats.received == 1500
    assert len(info.stats.nodes) >= 1
    assert klaw.delete_channel(name)
    for future in collecting:
        with pytest.raises(ray.exceptions.RayTaskError, match="deleted"):
            ray.get(future, timeout=60)


def test_an_async_actor_between_two_channels() -> None:
    import ray_workers

    async def main() -> None:
        tx, middle = await aio.channel(capacity=50)
        out, rx = await aio.channel(capacity=50)
        actor = ray_workers.AsyncCollector.remote()
        passing = actor.pass_through.remote(middle, out)
        middle.close()
        out.close()

        async def send() -> None:
            async with tx:
                for number in range(500):
                    await tx.send(number)

        sending = asyncio.create_task(send())
        assert [item async for item in rx] == list(range(500))
        await sending
        assert await passing == 500

    asyncio.run(main())


def test_handles_travel_everywhere() -> None:
    import ray_workers

    answer, receiver = klaw.oneshot()
    made = ray_workers.make_answer.remote(answer)
    assert answer.is_closed
    assert receiver.recv(timeout=60) == "from a task"
    ray.get(made)
    tx, _ = klaw.channel("made-by-a-task")
    rx: Any = ray.get(ray_workers.make_channel.remote(), timeout=60)
    assert rx.recv(timeout=60) == "hello"
    # In an object, more than once; and inside a message.
    stored = ray.put({"ends": [rx]})
    first, second = ray.get(stored)["ends"][0], ray.get(stored)["ends"][0]
    tx.send_batch(["a", "b"])
    assert {first.recv(timeout=60), second.recv(timeout=60)} == {"a", "b"}
    outer, inner = klaw.channel()
    outer.send({"reply to": tx})
    inner.recv(timeout=60)["reply to"].send("through a message")
    assert first.recv(timeout=60) == "through a message"
    klaw.delete_channel("made-by-a-task")


def test_watch_and_broadcast_in_tasks() -> None:
    import ray_workers

    state, watching = klaw.watch(0)
    events, listening = klaw.broadcast()
    followed = ray_workers.follow.remote(watching, listening)
    wait_until(lambda: state.receiver_count == 2 and events.receiver_count == 2, 60)
    for number in range(1, 4):
        state.send(number)
        events.send(number)
    state.close()
    events.close()
    last, seen = ray.get(followed, timeout=60)
    assert last == 3
    assert seen == [1, 2, 3]


def test_large_arrays_go_through_the_store() -> None:
    numpy = pytest.importorskip("numpy")
    import ray_workers

    tx, rx = klaw.channel(capacity=4)
    summed = ray_workers.total.remote(rx)
    with tx:
        tx.send(numpy.arange(1000.0))
        for _ in range(6):
            tx.send(numpy.ones(500_000))
        tx.send_batch([numpy.ones(50_000), numpy.ones(3)])
    assert ray.get(summed, timeout=60) == 499_500 + 6 * 500_000 + 50_003
    rx.close()


def test_large_messages_for_coroutines() -> None:
    async def main() -> None:
        tx, rx = await aio.channel()
        data = bytes(3_000_000)
        await tx.send({"data": data, "reply": tx})
        await tx.send("after")
        got = await rx.recv(timeout=60)
        assert got["data"] == data
        assert await rx.recv(timeout=60) == "after"
        await got["reply"].send("again")
        assert await rx.recv(timeout=60) == "again"

    asyncio.run(main())


def test_references_in_messages() -> None:
    import ray_workers
    from ray.util.queue import Queue

    tx, rx = klaw.channel()
    queue = Queue(maxsize=3)
    tx.send({"ref": ray.put([1, 2, 3]), "actor": ray_workers.Collector.remote(), "queue": queue})
    got = rx.recv(timeout=60)
    assert ray.get(got["ref"], timeout=60) == [1, 2, 3]
    assert ray.get(got["actor"].ping.remote(), timeout=60) == "pong"
    got["queue"].put("item")
    assert queue.get(timeout=60) == "item"
    queue.shutdown()

    async def main() -> None:
        await tx.aio.send([ray.put("x")])
        (ref,) = await rx.aio.recv(timeout=60)
        assert await ref == "x"

    asyncio.run(main())


def test_what_a_dead_actor_held_comes_back() -> None:
    import ray_workers

    tx, rx = klaw.channel(ack="manual", ack_timeout=2)
    actor = ray_workers.Collector.remote()
    tx.send("precious")
    held = actor.hold.remote(rx)
    wait_until(lambda: tx.stats().unacknowledged == 1, 60)
    with pytest.raises(ray.exceptions.RayTaskError):
        ray.get(held, timeout=60)
    ray.kill(actor)
    delivery = rx.recv(timeout=60)
    assert (delivery.value, delivery.delivery_count) == ("precious", 2)
    delivery.ack()


def test_a_worker_that_ends_says_goodbye() -> None:
    import ray_workers

    tx, rx = klaw.channel()
    actor = ray_workers.Collector.remote()
    collected = actor.collect.remote(rx)
    rx.close()
    wait_until(lambda: tx.stats().receivers == 1, 60)
    tx.send({"number": 1})
    tx.close()
    assert ray.get(collected, timeout=60) == [1]
    del actor


def test_a_hub_that_is_killed_fails_what_it_held_and_comes_back() -> None:
    from klaw_agent.hub_actor import NAME, NAMESPACE

    tx, rx = klaw.channel("held")
    tx.send(1)
    ray.kill(ray.get_actor(NAME, namespace=NAMESPACE), no_restart=False)
    # Long before the grace period is over: Ray knows that there is another one.
    wait_until(lambda: tx.is_closed, 20)
    with pytest.raises(klaw.ChannelBackendError):
        rx.recv(timeout=60)
    with pytest.raises(klaw.ChannelBackendError):
        tx.send(2)
    again, receiver = klaw.channel("held")
    again.send(3)
    assert receiver.recv(timeout=60) == 3
    assert klaw.delete_channel("held")


def test_leaving_the_cluster_ends_the_session() -> None:
    tx, _rx = klaw.channel("left")
    ray.shutdown()
    wait_until(lambda: tx.is_closed, 30)
    with pytest.raises(klaw.ChannelBackendError):
        tx.send(1)
    with pytest.raises(klaw.KlawError, match=r"ray\.init"):
        klaw.channel()


def receivers_of(name: str) -> int:
    info = klaw.get_channel(name)
    return 0 if info is None else info.stats.receivers
