"""Connections that break, hubs that go, processes that end: nothing hangs, and nothing is lost or doubled where it need not be."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from in_process_hub import InProcessHub
from waiting import wait_until

import klaw
from klaw import aio
from klaw._core.handles import claim
from klaw._core.messages import encode_message
from klaw._core.opening import ask, open_channel
from klaw._core.pending import BLOCKING, LOCK, run
from klaw._core.runtime import RUNTIME, Runtime
from klaw.options import named_spec


def test_cut_connections_go_on(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(capacity=64)
    count = 3000
    got: list[int] = []

    def send() -> None:
        with tx:
            for number in range(count):
                tx.send(number)

    def receive() -> None:
        got.extend(rx)

    threads = [threading.Thread(target=send), threading.Thread(target=receive)]
    for thread in threads:
        thread.start()
    for part in range(1, 6):
        wait_until(lambda part=part: len(got) > part * count // 8)
        hub.cut()
    for thread in threads:
        thread.join(30)
    assert got == list(range(count))


def test_a_hub_that_is_gone_fails_everything(hub: InProcessHub) -> None:
    tx, rx = klaw.channel("named", capacity=1)
    _, idle = klaw.channel()
    state, watching = klaw.watch(1)
    tx.send(1)
    wait_until(lambda: tx.stats().sent == 1)
    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(tx.send, 2),
            pool.submit(idle.recv),
            pool.submit(watching.changed),
            pool.submit(klaw.select, [idle]),
        ]
        wait_until(lambda: tx.stats().waiting_senders == 1)
        hub.end()
        for future in waiting[:3]:
            with pytest.raises(klaw.ChannelBackendError) as gone:
                future.result(10)
            assert gone.value.backend == "ray"
        assert isinstance(waiting[3].result(10).error, klaw.ChannelBackendError)
    for operation in (lambda: tx.send(1), rx.recv, watching.changed, lambda: state.send(1), rx.try_recv, tx.stats):
        with pytest.raises(klaw.KlawError):
            operation()
    with pytest.raises(klaw.ChannelBackendError) as named:
        tx.send(1)
    assert named.value.channel_name == "named"


def test_unconfirmed_items_are_counted(hub: InProcessHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RUNTIME, "grace", 1)
    tx, rx = klaw.channel(capacity=10)
    tx.send("accepted")
    assert rx.recv(timeout=10) == "accepted"
    permits = [tx.reserve() for _ in range(5)]
    reached, go = threading.Event(), threading.Event()

    def stop() -> None:
        reached.set()
        go.wait(10)

    def end() -> None:
        for transport in hub.transports:
            lane: Any = transport._lane
            lane.abort()
        hub._listener.close()

    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(hub.call, stop)
        reached.wait(10)
        # Nothing of the hub runs now, so nothing of this is accepted; and then it is gone.
        for permit in permits:
            permit.send("lost")
        hub.loop.call_soon_threadsafe(end)
        go.set()
        stopped.result(10)
    wait_until(lambda: tx.is_closed)
    with pytest.raises(klaw.ChannelBackendError) as gone:
        tx.send(1)
    assert gone.value.unconfirmed == 5


def test_whoever_opens_a_channel_afterwards_gets_the_new_hub(hub: InProcessHub) -> None:
    tx, _ = klaw.channel("again")
    tx.send(1)
    hub.end()
    wait_until(lambda: tx.is_closed)
    hub.begin()
    sender, receiver = klaw.channel("again")
    assert sender.stats().sent == 0
    sender.send(2)
    assert receiver.recv(timeout=10) == 2
    with pytest.raises(klaw.ChannelBackendError):
        tx.send(3)


def test_a_hub_that_can_not_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def find() -> Any:
        raise klaw.KlawError("there is none")

    runtime = Runtime(find, lambda: "a cluster")
    try:
        with pytest.raises(klaw.KlawError, match="there is none"):
            run(open_channel(runtime.client(), named_spec("oneshot", None), BLOCKING))
    finally:
        runtime.shutdown()


def test_no_cluster_is_said_clearly() -> None:
    ray = pytest.importorskip("ray")
    if ray.is_initialized():
        pytest.skip("this process belongs to a cluster")
    with pytest.raises(klaw.KlawError, match=r"ray\.init"):
        klaw.channel()


def test_a_session_that_ends_gives_back_what_it_had_not_taken(hub: InProcessHub, other: Runtime) -> None:
    tx, rx = klaw.channel("shared")
    _, theirs = run(open_channel(other.client(), {**named_spec("mpmc", "shared"), "capacity": 10_000}, BLOCKING))
    tx.send_batch(range(10))
    wait_until(lambda: tx.stats().length == 10)
    with LOCK:
        theirs.stream.probe(10)
    wait_until(lambda: theirs.length == 10)
    assert theirs.take_now() == 0
    other.shutdown()
    assert [rx.recv(timeout=10) for _ in range(9)] == list(range(1, 10))
    assert tx.stats().receivers == 1


def test_ends_in_messages_reach_another_session(hub: InProcessHub, other: Runtime) -> None:
    tx, rx = klaw.channel("mail")
    _, theirs = run(open_channel(other.client(), {**named_spec("mpmc", "mail"), "capacity": 10_000}, BLOCKING))
    rx.close()
    reply, replies = klaw.channel()
    answer, answers = klaw.oneshot()
    state, _ = klaw.watch("now")
    events, seen = klaw.broadcast()
    tx.send({"reply": reply, "answer": answer, "state": state, "events": events})
    assert answer.is_closed
    client = other.client()

    def arrive(kind: int, token: Any, detail: object) -> object:
        return claim(client, kind, token, detail, False)

    waiter = theirs._park(1)
    run(BLOCKING.wait(waiter, _soon()))
    (message,) = run(theirs.take(waiter, BLOCKING, arrive))
    message["reply"].send("by channel")
    message["answer"].send("by oneshot")
    message["state"].send("later")
    message["events"].send("happened")
    assert replies.recv(timeout=10) == "by channel"
    assert answers.recv(timeout=10) == "by oneshot"
    wait_until(lambda: state.borrow() == "later")
    assert seen.recv(timeout=10) == "happened"


def test_handles_that_are_not_sent_are_taken_back(hub: InProcessHub) -> None:
    tx, _rx = klaw.channel(capacity=1)
    tx.send(0)
    inner, receiver = klaw.channel()
    with pytest.raises(klaw.ChannelTimeout):
        tx.send(inner, timeout=0.02)
    with pytest.raises(klaw.ChannelFull):
        tx.try_send(inner)
    with pytest.raises(klaw.SerializationError):
        tx.send([inner, object()])
    inner.close()
    with pytest.raises(klaw.ChannelClosed):
        receiver.recv(timeout=10)


def test_nothing_is_left_of_channels_that_nobody_holds(hub: InProcessHub) -> None:
    for _ in range(200):
        tx, rx = klaw.channel()
        tx.send(1)
        assert rx.recv() == 1
    del tx, rx
    gc.collect()
    assert RUNTIME._client is not None
    wait_until(lambda: run(ask(RUNTIME.client(), "channel.count", None, BLOCKING)) == 0)
    wait_until(lambda: len(RUNTIME.client()._streams) == 0)


def test_a_fork_begins_anew(hub: InProcessHub) -> None:
    klaw.channel()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            tx, rx = klaw.channel("from a child")
            tx.send("child")
            os.write(writing, str(rx.recv(timeout=20)).encode())
            klaw.shutdown()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert said.read() == "child"
    os.waitpid(child, 0)


def test_operations_under_shutdown_settle(hub: InProcessHub) -> None:
    _, rx = klaw.channel()

    async def main() -> None:
        receiving = asyncio.create_task(rx.aio.recv())
        await asyncio.sleep(0.05)
        await aio.shutdown()
        with pytest.raises(klaw.ChannelBackendError):
            await receiving

    asyncio.run(main())


def test_a_message_that_can_not_be_read_says_where(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    message = encode_message(RUNTIME.client(), {"a": [1, 2]})
    with LOCK:
        tx._port.stream.credits.release(2)
        tx._port.stream.credits.try_acquire(1)
        tx._port.stream.commit(message.data[:-1] + b"\xc1")
        tx._port.stream.credits.try_acquire(1)
        tx._port.stream.commit(message.data)
    with pytest.raises(klaw.KlawError):
        rx.recv(timeout=10)


def _soon() -> Any:
    from klaw._core.pending import Deadline

    return Deadline(10, "test")
