"""Handles under way."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import pytest

from klaw_agent.errors import ChannelBackendError, ChannelClosed
from klaw_agent.hub.hub import Hub
from klaw_agent.wire import frame as frames
from klaw_agent.wire.items import Token
from tests.hub.hub_client import INSTANCE, RECEIVER_KINDS, SENDER_KINDS, HubClient, run, settle
from tests.peer import until

SENDER = SENDER_KINDS["mpmc"]
RECEIVER = RECEIVER_KINDS["mpmc"]
OBJECT = 1


class RecordingEstate:
    def __init__(self) -> None:
        self.released: list[Token] = []
        self.ended: list[tuple[int, list[int]]] = []

    def __len__(self) -> int:
        # As of one that holds nothing: it counts all the same.
        return 0

    def release(self, tokens: Sequence[Token]) -> None:
        self.released += tokens

    def session_ended(self, origin: int, accepted: Collection[int]) -> None:
        self.ended.append((origin, sorted(accepted)))


def ends_with_channel_closed(client: HubClient, stream: int) -> bool:
    return [type(error) for error in client.ended(stream)] == [ChannelClosed]


def test_a_token_holds_its_channel_until_it_is_released() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, receiver = one.open()
        token = one.export(RECEIVER, identifier)
        one.close_end(sender)
        one.close_end(receiver)
        assert hub.channels.size == 1
        claimed = other.claim(token)
        assert other.connection.has_stream(claimed)
        one.notify("lease.release", [{"origin": 1, "number": token[1]}])
        one.notify("lease.release", [{"origin": 1, "number": token[1]}])
        assert hub.leases.size == 0
        assert hub.channels.size == 1
        other.close_end(claimed)
        assert hub.channels.size == 0

    run(test)


def test_a_handle_inside_an_item_is_released_when_the_item_is_taken() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        carrier, sender, _ = one.open()
        inner, inner_sender, inner_receiver = one.open()
        token = one.export(SENDER, inner)
        one.want(sender, 1)
        await settle()
        one.send(sender, b"handle", tokens=[token])
        reader = other.attach(carrier, "receiver")
        other.demand(reader, 1)
        await settle()
        assert other.items(reader) == [b"handle"]
        claimed = other.claim(token)
        other.taken(reader, 1)
        assert hub.leases.size == 0
        one.close_end(inner_sender)
        assert one.ended(inner_receiver) == []
        other.close_end(claimed)
        assert one.ended(inner_receiver) == [None]
        one.lose()
        other.lose()
        assert hub.channels.size == 0

    run(test)


def test_what_is_in_an_accepted_item_outlives_its_session() -> None:
    async def test() -> None:
        estate = RecordingEstate()
        hub = Hub(INSTANCE, estate)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        carrier, _, reader = other.open()
        inner, _, inner_receiver = other.open()
        sender = one.attach(carrier, "sender")
        one.want(sender, 2)
        await settle()
        sent, unsent = one.export(SENDER, inner), one.export(SENDER, inner)
        reference = one.export(OBJECT, "")
        unsent_reference = one.export(OBJECT, "")
        one.send(sender, b"handle", tokens=[sent, reference])
        assert hub.channels.stats(inner)["senders"] == 3
        one.lose()
        assert hub.channels.stats(inner)["senders"] == 2
        assert estate.ended == [(1, [sent[1], reference[1]])]
        assert estate.released == [unsent_reference]
        assert hub.expects(reference)
        assert not hub.expects(unsent_reference)
        assert not hub.expects(unsent)

        other.demand(reader, 1)
        await settle()
        assert other.items(reader) == [b"handle"]
        assert ends_with_channel_closed(other, other.claim(unsent))
        claimed = other.claim(sent)
        other.taken(reader, 1)
        assert estate.released == [unsent_reference, reference]
        assert not hub.expects(reference)
        assert hub.channels.stats(inner)["senders"] == 2
        other.close_end(claimed)
        assert hub.channels.stats(inner)["senders"] == 1
        other.close_end(inner_receiver)

    run(test)


def test_a_claim_that_overtakes_its_export_waits_for_it() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, _, receiver = one.open()
        token = one.next_token()
        claimed = other.claim(token)
        # It is used at once.
        other.want(claimed, 1)
        assert other.ended(claimed) == []
        one.export_token(token, SENDER, identifier)
        await settle()
        assert other.integers(claimed, frames.CREDIT) == [1]
        other.send(claimed, b"here")
        one.demand(receiver, 1)
        await settle()
        assert one.items(receiver) == [b"here"]
        one.lose()
        other.lose()
        assert hub.channels.size == 0

    run(test)


def test_a_claim_whose_export_will_never_come_is_ended() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, _, _ = other.open()
        passed_by, never = one.next_token(), one.next_token()
        early, late = other.claim(passed_by), other.claim(never)
        one.export(OBJECT, "")
        assert ends_with_channel_closed(other, early)
        assert ends_with_channel_closed(other, late)

        coming = one.next_token()
        waiting = other.claim(coming)
        told = other.claim(coming, kind=RECEIVER, id=identifier)
        one.lose()
        assert ends_with_channel_closed(other, waiting)
        # A claim that says what it means needs no token.
        assert other.ended(told) == []
        assert hub.channels.stats(identifier)["receivers"] == 2
        # Of a session that has been here nothing is expected.
        assert ends_with_channel_closed(other, other.claim((1, 100)))
        other.lose()

    run(test)


def test_a_claim_of_a_session_that_nobody_knows_waits_for_a_while() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE, stranger_time=0.05)
        other = HubClient(hub, 2)
        identifier, _, _ = other.open()
        in_time, never = other.claim((1, 1)), other.claim((3, 1))
        gone = HubClient(hub, 4)
        gone.claim((5, 1))
        gone.lose()
        one = HubClient(hub, 1)
        await until(lambda: other.connection.has_stream(never) is False)
        assert ends_with_channel_closed(other, never)
        assert other.ended(in_time) == []
        one.export(SENDER, identifier)
        assert hub.channels.stats(identifier)["senders"] == 2 + 1
        one.lose()
        other.lose()

    run(test)


def test_the_estate_is_told_of_a_session_that_was_waited_for_and_has_not_come() -> None:
    async def test() -> None:
        estate = RecordingEstate()
        hub = Hub(INSTANCE, estate, stranger_time=0.05)
        assert hub.expects((1, 1))
        assert hub.expects((3, 1))
        one = HubClient(hub, 1)
        await until(lambda: estate.ended != [])
        assert estate.ended == [(3, [])]
        assert hub.expects((1, 1))
        assert not hub.expects((3, 1))
        # It comes after all.
        three = HubClient(hub, 3)
        assert hub.expects((3, 1))
        for client in (one, three):
            client.lose()
        assert not hub.expects((1, 1))
        assert not hub.expects((3, 1))

    run(test)


def test_a_kept_token_holds_until_its_first_claim_and_can_be_claimed_again() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, receiver = one.open()
        token = one.export(SENDER, identifier, kept=True)
        assert hub.channels.stats(identifier)["senders"] == 2
        first = other.claim(token)
        assert hub.channels.stats(identifier)["senders"] == 2
        assert hub.leases.size == 0
        second = other.claim(token)
        assert hub.channels.stats(identifier)["senders"] == 3
        for end in (first, second):
            other.close_end(end)
        assert hub.channels.stats(identifier)["senders"] == 1
        # As long as the channel lives.
        other.close_end(other.claim(token))
        one.close_end(sender)
        assert one.ended(receiver) == [None]
        one.close_end(receiver)
        assert hub.channels.size == 0
        assert ends_with_channel_closed(other, other.claim(token))
        assert ends_with_channel_closed(other, other.claim(token, kind=SENDER, id=identifier))

    run(test)


def test_a_kept_token_that_nobody_claims_lets_go_in_time() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE, kept_time=0.05)
        one = HubClient(hub, 1)
        identifier, _, _ = one.open()
        token = one.export(SENDER, identifier, kept=True)
        released = one.export(SENDER, identifier, kept=True)
        one.notify("lease.release", [{"origin": 1, "number": released[1]}])
        await until(lambda: hub.leases.size == 0)
        assert hub.channels.stats(identifier)["senders"] == 1
        claimed = one.claim(token)
        assert one.connection.has_stream(claimed)
        assert ends_with_channel_closed(one, one.claim(released))
        one.lose()

    run(test)


def test_a_kept_token_outlives_its_session_for_a_moment() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE, orphan_time=0.05)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, _, _ = other.open(name="kept")
        early, late = one.export(RECEIVER, identifier, kept=True), one.export(RECEIVER, identifier, kept=True)
        one.lose()
        assert hub.channels.stats(identifier)["receivers"] == 3
        other.close_end(other.claim(early))
        assert hub.channels.stats(identifier)["receivers"] == 2
        await until(lambda: hub.leases.size == 0)
        assert hub.channels.stats(identifier)["receivers"] == 1
        assert other.connection.has_stream(other.claim(late))
        other.lose()

    run(test)


def test_an_item_for_an_end_that_is_gone_lets_its_handles_go() -> None:
    async def test() -> None:
        estate = RecordingEstate()
        hub = Hub(INSTANCE, estate)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        inner, _, _ = one.open()
        _, sender, receiver = one.open()
        one.want(sender, 1)
        await settle()
        one.close_end(receiver)
        assert one.ended(sender) == [None]
        token, reference = one.export(SENDER, inner), one.export(OBJECT, "")
        one.send(sender, b"late", tokens=[token, reference])
        assert hub.leases.size == 0
        assert estate.released == [reference]
        assert other.request("channel.count") == 1

    run(test)


def test_a_chain_of_channels_that_hold_each_other_is_let_go() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        inner, *inner_ends = one.open()
        for _ in range(2000):
            outer, sender, receiver = one.open()
            one.want(sender, 1)
            await asyncio.sleep(0)
            one.send(sender, b"handle", tokens=[one.export(RECEIVER, inner)])
            for end in inner_ends:
                one.close_end(end)
            inner, inner_ends = outer, [sender, receiver]
        assert hub.channels.size == 2001
        for end in inner_ends:
            one.close_end(end)
        assert hub.channels.size == 0
        assert hub.leases.size == 0

    run(test)


def test_handles_of_a_hub_that_is_gone() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        end = one.attach("ffffffff.1", "receiver")
        [error] = one.ended(end)
        assert isinstance(error, ChannelBackendError)
        assert "the hub that held the channel is gone" in str(error)
        with pytest.raises(ChannelBackendError):
            one.request("channel.store", {"id": "ffffffff.1", "expected": 1, "item": {"bytes": b"", "count": 0}})
        token = one.export(SENDER, "ffffffff.1")
        [error] = one.ended(one.claim(token))
        assert isinstance(error, ChannelBackendError)
        unknown = one.next_token()
        one.export(OBJECT, "")
        claimed = one.claim(unknown, kind=SENDER, id="ffffffff.2")
        assert isinstance(one.ended(claimed)[0], ChannelBackendError)

    run(test)


def test_channels_that_only_hold_each_other_go() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE, search_time=0.05)
        one, other = HubClient(hub, 1), HubClient(hub, 2)

        async def put(client: HubClient, sender: int, kind: int, identifier: str) -> None:
            """A handle into a channel."""
            client.want(sender, 1)
            await settle()
            client.send(sender, b"handle", tokens=[client.export(kind, identifier)])

        alone, *alone_ends = one.open()
        await put(one, alone_ends[0], RECEIVER, alone)
        first, *first_ends = one.open()
        second, *second_ends = one.open()
        third, *third_ends = one.open()
        await put(one, first_ends[0], RECEIVER, second)
        await put(one, second_ends[0], RECEIVER, first)
        await put(one, second_ends[0], RECEIVER, third)
        # This circle can be reached, from a channel that somebody holds.
        holder, holder_sender, holder_receiver = other.open()
        inner, inner_sender, inner_receiver = other.open()
        await put(other, inner_sender, RECEIVER, inner)
        await put(other, holder_sender, RECEIVER, inner)
        for end in (*alone_ends, *first_ends, *second_ends, *third_ends):
            one.close_end(end)
        for end in (inner_sender, inner_receiver):
            other.close_end(end)
        assert hub.channels.size == 6
        await until(lambda: hub.channels.size == 2)
        assert hub.leases.size == 2
        assert one.request("channel.stats", inner)["receivers"] == 2
        other.close_end(holder_sender)
        other.close_end(holder_receiver)
        assert one.request("channel.count") == 1
        await until(lambda: hub.channels.size == 0)
        assert hub.leases.size == 0
        assert holder != inner

    run(test)
