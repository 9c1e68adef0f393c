"""Broadcasts: everybody sees everything, or is told what was missed."""

from __future__ import annotations

import math
import random

from klaw_agent.errors import ChannelClosed
from klaw_agent.hub.hub import Hub
from klaw_agent.wire import frame as frames
from klaw_agent.wire.items import Token
from tests.hub.hub_client import INSTANCE, HubClient, run, settle


class Broadcast:
    """A sender, and receivers of one client."""

    def __init__(self, capacity: float = 4) -> None:
        self.hub = Hub(INSTANCE)
        self.client = HubClient(self.hub, 1)
        self.id, self.sender, self.receiver = self.client.open("broadcast", capacity=capacity)

    def add(self, like: int | None = None) -> int:
        return self.client.attach(self.id, "receiver", like=like)

    async def send(self, *items: bytes, tokens: tuple[Token, ...] = ()) -> None:
        self.client.want(self.sender, len(items))
        await settle()
        self.client.send(self.sender, *items, tokens=tokens)
        await settle()

    async def demand(self, receiver: int, count: int) -> list[bytes]:
        self.client.demand(receiver, count)
        await settle()
        return self.client.items(receiver)

    def lagged(self, receiver: int) -> list[int]:
        return self.client.integers(receiver, frames.LAGGED)


def letters(text: str) -> list[bytes]:
    return [letter.encode() for letter in text]


def test_every_receiver_sees_what_is_sent_after_it_came() -> None:
    async def test() -> None:
        it = Broadcast()
        await it.send(b"a")
        late = it.add()
        await it.send(b"b", b"c")
        assert await it.demand(it.receiver, 10) == letters("abc")
        assert await it.demand(late, 10) == letters("bc")
        await it.send(b"d")
        assert it.client.items(it.receiver) == it.client.items(late) == letters("d")
        assert it.client.integers(it.sender, frames.HOLDERS) == [0, 1, 2]
        stats = it.client.request("channel.stats", it.id)
        assert (stats["sent"], stats["received"], stats["length"], stats["highWaterMark"]) == (4, 0, 0, 3)
        it.client.taken(late, 3)
        assert it.client.request("channel.stats", it.id)["received"] == 3

    run(test)


def test_no_more_is_delivered_than_is_wanted() -> None:
    async def test() -> None:
        it = Broadcast(100)
        assert await it.demand(it.receiver, 3) == []
        await it.send(b"a", b"b", b"c", b"d", b"e")
        assert it.client.items(it.receiver) == letters("abc")
        assert await it.demand(it.receiver, 1) == letters("d")
        assert await it.demand(it.receiver, 2) == letters("e")
        await it.send(b"f", b"g")
        assert it.client.items(it.receiver) == letters("f")

    run(test)


def test_a_slow_receiver_is_told_once_how_much_it_missed() -> None:
    async def test() -> None:
        it = Broadcast(4)
        quick = it.add()
        it.client.demand(quick, 100)
        await it.send(*letters("abcdef"))
        await it.send(*letters("gh"))
        assert it.client.items(quick) == letters("abcdefgh")
        # The mark counts as an item that was wanted.
        assert await it.demand(it.receiver, 3) == letters("ef")
        assert it.lagged(it.receiver) == [4]
        assert await it.demand(it.receiver, 3) == letters("gh")
        assert it.lagged(it.receiver) == []
        await it.send(b"i")
        assert it.client.items(it.receiver) == letters("i")
        assert it.lagged(quick) == []

    run(test)


def test_a_batch_larger_than_the_capacity() -> None:
    async def test() -> None:
        it = Broadcast(2)
        it.client.demand(it.receiver, 3)
        await it.send(*letters("abcdefgh"))
        # What is wanted is not missed.
        assert it.client.items(it.receiver) == letters("abc")
        assert await it.demand(it.receiver, 10) == letters("gh")
        assert it.lagged(it.receiver) == [3]

    run(test)


def test_an_attempt_gets_what_is_there() -> None:
    async def test() -> None:
        it = Broadcast(2)

        async def attempt(count: int) -> list[bytes]:
            it.client.frame(frames.DEMAND, it.receiver, count, flags=frames.ATTEMPT)
            await settle()
            assert len(it.client.of(it.receiver, frames.PROBED)) == 1
            return it.client.items(it.receiver)

        assert await attempt(2) == []
        await it.send(*letters("abc"))
        assert await attempt(1) == []
        assert it.lagged(it.receiver) == [1]
        assert await attempt(1) == letters("b")
        assert await attempt(5) == letters("c")

    run(test)


def test_a_copy_starts_with_what_the_other_has_not_taken() -> None:
    async def test() -> None:
        it = Broadcast(10)
        assert await it.demand(it.receiver, 3) == []
        await it.send(*letters("abcdef"))
        assert it.client.items(it.receiver) == letters("abc")
        it.client.taken(it.receiver, 1)
        copy = it.add(like=it.receiver)
        fresh = it.add()
        await it.send(b"g")
        assert await it.demand(copy, 100) == letters("bcdefg")
        assert await it.demand(fresh, 100) == letters("g")
        assert await it.demand(it.receiver, 100) == letters("defg")

    run(test)


def test_what_was_given_back_is_delivered_again() -> None:
    async def test() -> None:
        it = Broadcast(10)
        it.client.demand(it.receiver, 3)
        await it.send(*letters("abcdef"))
        assert it.client.items(it.receiver) == letters("abc")
        it.client.frame(frames.GIVE_BACK, it.receiver, 1, 1)
        assert it.client.items(it.receiver) == []
        assert await it.demand(it.receiver, 3) == letters("bcd")
        assert await it.demand(it.receiver, 3) == letters("ef")

    run(test)


def test_the_end_comes_after_everything_was_read() -> None:
    async def test() -> None:
        it = Broadcast(2)
        behind = it.add()
        it.client.demand(it.receiver, 1)
        await it.send(*letters("abc"))
        it.client.close_end(it.sender)
        assert it.client.items(it.receiver) == letters("a")
        assert it.client.ended(it.receiver) == []
        late = it.add()
        assert it.client.ended(late) == [None]
        assert await it.demand(it.receiver, 2) == letters("bc")
        assert it.client.ended(it.receiver) == [None]
        assert await it.demand(behind, 2) == letters("b")
        assert it.lagged(behind) == [1]
        assert it.client.ended(behind) == []
        it.client.frame(frames.DEMAND, behind, 5, flags=frames.ATTEMPT)
        await settle()
        assert it.client.items(behind) == letters("c")
        assert it.client.ended(behind) == [None]
        assert it.client.ended(it.client.attach(it.id, "sender")) == [None]
        for end in (it.receiver, behind, late):
            it.client.close_end(end)
        assert it.hub.channels.size == 0

    run(test)


def test_a_detached_one_waits_for_new_senders() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        _, sender, receiver = one.open("broadcast", name="news")
        one.close_end(sender)
        assert one.ended(receiver) == []
        one.demand(receiver, 1)
        _, again, _ = other.open("broadcast", name="news")
        other.want(again, 1)
        await settle()
        other.send(again, b"a")
        await settle()
        assert one.items(receiver) == [b"a"]

    run(test)


def test_sends_wait_for_nobody() -> None:
    async def test() -> None:
        it = Broadcast(4)
        for index in range(300):
            await it.send(*(b"%d" % (index * 10 + n) for n in range(10)))
        assert await it.demand(it.receiver, 100) == [b"2996", b"2997", b"2998", b"2999"]
        assert it.lagged(it.receiver) == [2996]
        it.client.close_end(it.receiver)
        await it.send(b"nobody")
        assert it.client.ended(it.sender) == []
        # Attempts too.
        it.client.frame(frames.WANT, it.sender, 5, flags=frames.ATTEMPT)
        assert it.client.integers(it.sender, frames.CREDIT)[-1] == 5

    run(test)


def test_handles_are_held_until_the_last_receiver_is_done() -> None:
    async def test() -> None:
        it = Broadcast(2)
        client, hub = it.client, it.hub
        inner, _, _ = client.open()

        def token() -> Token:
            return client.export(3, inner)

        other = it.add()
        await it.send(b"a", tokens=(token(),))
        assert await it.demand(it.receiver, 1) == [b"a"]
        copy = it.add(like=other)
        client.taken(it.receiver, 1)
        assert hub.leases.size == 1
        assert await it.demand(other, 1) == [b"a"]
        client.taken(other, 1)
        assert hub.leases.size == 1
        client.close_end(copy)
        assert hub.leases.size == 0
        # What somebody was too slow for it will not claim.
        for _ in range(4):
            await it.send(b"x", tokens=(token(),))
        assert hub.leases.size == 2
        client.close_end(other)
        client.close_end(it.receiver)
        assert hub.leases.size == 0
        await it.send(b"nobody", tokens=(token(),))
        assert hub.leases.size == 0

    run(test)


def test_deleting_drops_what_was_not_read() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        inner, _, _ = one.open()
        _, sender, receiver = one.open("broadcast", name="news")
        one.want(sender, 2)
        await settle()
        one.send(sender, b"a", tokens=[one.export(3, inner)])
        one.request("channel.delete", {"name": "news", "namespace": "klaw"})
        assert hub.leases.size == 0
        assert isinstance(one.ended(receiver)[0], ChannelClosed)
        one.demand(receiver, 1)
        await settle()
        assert one.items(receiver) == []

    run(test)


def test_everything_is_read_or_counted_as_missed() -> None:
    async def test() -> None:
        for seed in range(30):
            chance = random.Random(seed)
            it = Broadcast(chance.choice([1, 3, 16, math.inf]))
            #: For each receiver: what it should see next, and what was delivered and not taken.
            ends = {it.receiver: 0}
            untaken = {it.receiver: 0}
            sent = 0

            def look(
                end: int, ends: dict[int, int] = ends, it: Broadcast = it, untaken: dict[int, int] = untaken
            ) -> None:
                # Lag and items in the order in which they came.
                for frame in it.client.of(end, frames.DELIVER, frames.LAGGED):
                    if frame.type == frames.LAGGED:
                        ends[end] += frame.uint32()
                        continue
                    _, _, count = frame.uint32s(3)
                    lengths = frame.uint32s(count)
                    rest = bytes(frame.rest())
                    for length in lengths:
                        assert int(rest[:length]) == ends[end]
                        ends[end] += 1
                        rest = rest[length:]
                    untaken[end] += count

            for _ in range(200):
                act = chance.random()
                end = chance.choice(sorted(ends))
                if act < 0.35:
                    count = chance.randint(1, 20)
                    await it.send(*(b"%d" % (sent + n) for n in range(count)))
                    sent += count
                elif act < 0.7:
                    it.client.demand(end, chance.randint(1, 15))
                elif act < 0.8 and untaken[end]:
                    count = chance.randint(1, untaken[end])
                    it.client.taken(end, count)
                    untaken[end] -= count
                elif act < 0.88 and len(ends) < 6:
                    new = it.add()
                    ends[new], untaken[new] = sent, 0
                elif act < 0.92 and len(ends) > 1:
                    it.client.close_end(end)
                    await settle()
                    look(end)
                    del ends[end], untaken[end]
                await settle()
                for end in list(ends):
                    look(end)
            for end in list(ends):
                it.client.demand(end, 100_000)
                await settle()
                look(end)
                assert ends[end] == sent
            it.client.lose()
            assert it.hub.channels.size == 0

    run(test)
