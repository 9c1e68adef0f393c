"""The latest value of a watch."""

from __future__ import annotations

from typing import Any

import pytest

from klaw_agent.errors import ChannelClosed, KlawError
from klaw_agent.hub.hub import Hub
from klaw_agent.wire import frame as frames
from klaw_agent.wire.items import read_items
from tests.hub.hub_client import INSTANCE, HubClient, as_value, run, settle


def item(value: bytes, *tokens: Any) -> dict[str, Any]:
    return {"bytes": value, "tokens": [as_value(token) for token in tokens] or None, "count": 0}


def values(client: HubClient, stream: int) -> list[tuple[int, bytes]]:
    """Versions and values that have come."""
    read = [read_items(frame) for frame in client.of(stream, frames.DELIVER)]
    return [(items.first, bytes(items.payloads[0])) for items in read]


def store(client: HubClient, identifier: str, value: bytes, expected: int | None = None, *tokens: Any) -> int:
    return client.request("channel.store", {"id": identifier, "expected": expected, "item": item(value, *tokens)})


def test_everybody_gets_the_latest_value() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        follower = one.new_stream()
        identifier, sender, receiver = one.open("watch", follower=follower, initial=item(b"first"))
        assert values(one, follower) == values(one, receiver) == [(1, b"first")]
        assert one.integers(sender, frames.HOLDERS) == [0, 1]
        late = other.attach(identifier, "receiver")
        assert values(other, late) == [(1, b"first")]
        assert one.integers(sender, frames.HOLDERS) == [2]
        for stream in (follower, receiver):
            one.taken(stream, 1)
        other.taken(late, 1)
        assert store(one, identifier, b"second") == 2
        assert values(one, follower) == values(one, receiver) == values(other, late) == [(2, b"second")]
        other.close_end(late)
        assert one.integers(sender, frames.HOLDERS) == [1]

    run(test)


def test_a_slow_one_skips_what_is_outdated() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        identifier, _, receiver = one.open("watch", initial=item(b"1"))
        for number in range(2, 6):
            assert store(one, identifier, b"%d" % number) == number
        assert values(one, receiver) == [(1, b"1")]
        one.taken(receiver, 1)
        assert values(one, receiver) == [(5, b"5")]
        one.taken(receiver, 1)
        assert values(one, receiver) == []
        assert store(one, identifier, b"6") == 6
        assert values(one, receiver) == [(6, b"6")]

    run(test)


def test_a_value_is_replaced_only_if_it_is_the_one_expected() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, _, receiver = one.open("watch", initial=item(b"1"))
        inner, _, _ = one.open()
        one.taken(receiver, 1)
        values(one, receiver)
        assert store(other, identifier, b"2", 1) == 2
        token = one.export(3, inner)
        assert store(one, identifier, b"lost", 1, token) == 0
        assert hub.leases.size == 0
        assert values(one, receiver) == [(2, b"2")]
        with pytest.raises(ChannelClosed):
            store(one, f"{INSTANCE[:8]}.99", b"")
        with pytest.raises(KlawError, match="kind mpmc holds no value"):
            store(one, inner, b"")
        with pytest.raises(KlawError, match=r"item\.bytes"):
            one.request("channel.store", {"id": identifier, "item": {"bytes": "text"}})
        with pytest.raises(KlawError, match="largest frame"):
            store(one, identifier, bytes(2**24))

    run(test)


def test_values_are_sent_by_frames_too() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        _, sender, receiver = one.open("watch", initial=item(b"1"))
        one.taken(receiver, 1)
        values(one, receiver)
        one.want(sender, 3)
        await settle()
        one.send(sender, b"2", b"33", b"444")
        assert values(one, receiver) == [(4, b"444")]

    run(test)


def test_handles_are_held_until_nobody_needs_the_value() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        inner, _, _ = one.open()
        identifier, _, receiver = one.open("watch", initial=item(b"plain"))
        one.taken(receiver, 1)
        token = one.export(3, inner)
        store(one, identifier, b"handle", None, token)
        store(one, identifier, b"next")
        # It is still under way to the receiver.
        assert hub.leases.size == 1
        one.taken(receiver, 1)
        assert hub.leases.size == 0
        again = one.export(3, inner)
        store(one, identifier, b"handle", None, again)
        assert hub.leases.size == 1
        one.lose()
        assert (hub.leases.size, hub.channels.size) == (0, 0)

    run(test)


def test_the_last_value_comes_before_the_end() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, receiver = one.open("watch", initial=item(b"1"))
        late = other.attach(identifier, "receiver")
        store(one, identifier, b"2")
        one.close_end(sender)
        assert values(one, receiver) == values(other, late) == [(1, b"1"), (2, b"2")]
        assert one.ended(receiver) == other.ended(late) == [None]
        one.taken(receiver, 2)
        with pytest.raises(ChannelClosed):
            store(one, identifier, b"3")
        # Whoever still holds it can be joined, and sees what was last.
        after = other.attach(identifier, "receiver")
        assert values(other, after) == [(2, b"2")]
        assert other.ended(after) == [None]
        assert other.ended(other.attach(identifier, "sender")) == [None]
        one.close_end(receiver)
        other.close_end(late)
        other.close_end(after)
        assert hub.channels.size == 0

    run(test)


def test_a_detached_one_keeps_its_value() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        identifier, sender, receiver = one.open("watch", name="state", initial=item(b"1"))
        store(one, identifier, b"2")
        one.close_end(sender)
        one.close_end(receiver)
        assert hub.channels.size == 1
        _, sender, receiver = one.open("watch", name="state", initial=item(b"ignored"))
        assert values(one, receiver) == [(2, b"2")]
        assert one.request("channel.stats", identifier)["sent"] == 2

    run(test)
