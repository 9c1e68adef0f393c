"""Channels, for code that blocks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from in_process_hub import InProcessHub
from waiting import wait_until

import klaw


def test_what_is_sent_is_received_in_order(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    for number in range(100):
        tx.send({"number": number})
    tx.close()
    assert [item["number"] for item in rx] == list(range(100))


def test_a_full_channel_makes_senders_wait(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(capacity=2)
    tx.send(1)
    tx.send(2)
    with pytest.raises(klaw.ChannelTimeout) as late:
        tx.send(3, timeout=0.05)
    assert isinstance(late.value, TimeoutError)
    with pytest.raises(klaw.ChannelFull) as full:
        tx.try_send(3)
    assert full.value.value == 3
    with pytest.raises(klaw.ChannelTimeout):
        tx.send(3, timeout=0)
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(tx.send, 4, 10)
        assert rx.recv() == 1
        sending.result(10)
    assert [rx.recv(), rx.recv()] == [2, 4]
    with pytest.raises(klaw.ChannelEmpty):
        rx.try_recv()
    with pytest.raises(klaw.ChannelTimeout):
        rx.recv(timeout=0.05)
    with pytest.raises(klaw.ChannelTimeout):
        rx.recv(timeout=0)
    tx.send(5)
    assert rx.recv(timeout=0) == 5


def test_closing_drains_and_then_says_so(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    with tx, tx.clone() as other:
        other.send("a")
    assert tx.is_closed
    assert rx.recv() == "a"
    with pytest.raises(klaw.ChannelClosed, match="no sender is left"):
        rx.recv()
    assert rx.is_closed
    with pytest.raises(klaw.ChannelClosed) as closed:
        tx.send("b")
    assert closed.value.value == "b"


def test_no_receiver_ends_senders(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(capacity=1)
    tx.send(1)
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(tx.send, 2)
        watching = pool.submit(tx.wait_closed, 10)
        wait_until(lambda: tx.stats().waiting_senders == 1)
        rx.close()
        with pytest.raises(klaw.ChannelClosed) as closed:
            sending.result(10)
        watching.result(10)
    assert closed.value.value == 2


def test_what_nobody_holds_is_closed(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    tx.send(1)
    del tx
    assert list(rx) == [1]


def test_closing_ends_a_recv_that_waits(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    with ThreadPoolExecutor() as pool:
        receiving = pool.submit(rx.recv)
        wait_until(lambda: tx.stats().waiting_receivers == 1)
        rx.close()
        with pytest.raises(klaw.ChannelClosed, match="this receiver is closed"):
            receiving.result(10)


def test_batches(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(capacity=10)
    tx.send_batch(range(10))
    with pytest.raises(klaw.ChannelFull):
        tx.try_send_batch([1, 2])
    assert rx.recv_batch(4) == [0, 1, 2, 3]
    tx.try_send_batch([10, 11])
    assert rx.recv_batch() == [4, 5, 6, 7, 8, 9, 10, 11]
    with pytest.raises(klaw.ChannelTimeout):
        rx.recv_batch(timeout=0.02)
    with pytest.raises(klaw.ChannelPartialSend) as partial:
        tx.send_batch(range(15), timeout=0.1)
    assert partial.value.sent == 10
    assert partial.value.unsent == list(range(10, 15))
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(tx.send_batch, range(100, 130))
        got: list[int] = []
        while len(got) < 40:
            got += rx.recv_batch(7)
        sending.result(10)
    assert got == [*range(10), *range(100, 130)]


def test_a_batch_waits_for_more(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    with ThreadPoolExecutor() as pool:
        receiving = pool.submit(rx.recv_batch, 3, max_wait=10)
        tx.send(1)
        wait_until(lambda: tx.stats().length == 1 and tx.stats().waiting_receivers == 1)
        tx.send_batch([2, 3, 4])
        assert receiving.result(10) == [1, 2, 3]
    assert rx.recv_batch(max_wait=0.01) == [4]


def test_permits(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(capacity=1)
    permit = tx.reserve()
    with pytest.raises(klaw.ChannelFull):
        tx.try_send(0)
    tx.close()
    permit.send("held")
    with pytest.raises(klaw.KlawError):
        permit.send("again")
    assert list(rx) == ["held"]


def test_permits_go_back(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(capacity=1)
    with tx.reserve(timeout=0), pytest.raises(klaw.ChannelTimeout):
        tx.reserve(timeout=0)
    tx.reserve()
    tx.send(1, timeout=10)
    assert rx.recv() == 1


def test_many_threads(hub: InProcessHub) -> None:
    count, each = 4, 500
    tx, rx = klaw.channel(capacity=50)
    senders = [tx.clone() for _ in range(count)]
    tx.close()

    def send(number: int) -> None:
        with senders[number] as sender:
            for item in range(each):
                sender.send((number, item))

    def receive(receiver: klaw.Receiver[list[int]]) -> list[tuple[int, int]]:
        with receiver:
            return [(item[0], item[1]) for item in receiver]

    with ThreadPoolExecutor(2 * count) as pool:
        receiving = [pool.submit(receive, rx.clone()) for _ in range(count)]
        rx.close()
        sending = [pool.submit(send, number) for number in range(count)]
        for future in sending:
            future.result(30)
        received = [future.result(30) for future in receiving]
    everything = sorted(item for items in received for item in items)
    assert everything == [(number, item) for number in range(count) for item in range(each)]


def test_threads_share_one_receiver(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    got: list[int] = []
    lock = threading.Lock()

    def receive() -> None:
        for item in rx:
            with lock:
                got.append(item)

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1000):
        tx.send(number)
    tx.close()
    for thread in threads:
        thread.join(10)
    assert sorted(got) == list(range(1000))


def test_acknowledgements(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(ack="manual", ack_timeout=0.2)
    tx.send_batch(["a", "b"])
    first = rx.recv()
    assert (first.value, first.delivery_count) == ("a", 1)
    first.nack()
    again = rx.recv()
    assert (again.value, again.delivery_count) == ("a", 2)
    again.ack()
    again.nack()
    late = rx.recv()
    assert late.value == "b"
    repeated = rx.recv(timeout=10)
    assert (repeated.value, repeated.delivery_count) == ("b", 2)
    repeated.ack()
    tx.close()
    assert list(rx) == []


def test_values(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    numpy = pytest.importorskip("numpy")
    values = [None, True, 1, 2**70, 1.5, "text", b"bytes", [1, [2]], {"a": {"b": 1}}, {1, 2}, {1: "one"}]
    tx.send_batch(values)
    assert rx.recv_batch() == values
    tx.send(numpy.arange(5, dtype="float32"))
    assert rx.recv().tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(klaw.SerializationError, match=r"message\['?a|message\.a|message") as refused:
        tx.send({"a": object()})
    assert refused.value.path == "message.a"
    tx.send(ValueError("sent, not raised"))
    assert isinstance(rx.recv(), Exception)


def test_large_messages_travel_inline_where_there_is_no_store(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    data = bytes(range(256)) * 8192
    tx.send(data)
    tx.send("after")
    assert rx.recv() == data
    assert rx.recv() == "after"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"capacity": 0}, ValueError),
        ({"capacity": 1.5}, TypeError),
        ({"capacity": 1, "unbounded": True}, TypeError),
        ({"ack": "auto"}, ValueError),
        ({"ack_timeout": 1}, TypeError),
        ({"name": ""}, ValueError),
        ({"name": 1}, TypeError),
        ({"ttl": 1}, TypeError),
        ({"name": "a", "ttl": -1}, ValueError),
        ({"lifetime": "detached"}, TypeError),
        ({"name": "a", "lifetime": "long"}, ValueError),
    ],
)
def test_wrong_options_are_named(hub: InProcessHub, arguments: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error, match=str(next(reversed(arguments)))):
        klaw.channel(**arguments)  # type: ignore[call-overload]


def test_wrong_times_are_refused_before_anything_happens(hub: InProcessHub) -> None:
    tx, rx = klaw.channel()
    for timeout in (-1, float("nan")):
        with pytest.raises(ValueError, match="timeout"):
            tx.send(1, timeout)
        with pytest.raises(ValueError, match="timeout"):
            rx.recv(timeout)
    with pytest.raises(TypeError, match="timeout"):
        rx.recv("soon")  # type: ignore[arg-type]
    assert tx.stats().sent == 0


def test_unbounded(hub: InProcessHub) -> None:
    tx, rx = klaw.channel(unbounded=True)
    tx.send_batch(range(30_000))
    tx.close()
    assert sum(1 for _ in rx) == 30_000
