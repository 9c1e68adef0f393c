"""Sessions, and requests that are not as they should be."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest

from klaw_agent.errors import KlawError, SerializationError
from klaw_agent.hub.hub import Hub
from klaw_agent.wire import frame as frames
from tests.hub.hub_client import INSTANCE, HubClient, run, settle


def test_a_session_says_who_it_is_first() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        stranger = HubClient(hub)
        argument, sender, _ = stranger.open_argument("mpmc")
        with pytest.raises(KlawError, match=r"session\.open comes first"):
            stranger.request("channel.open", argument)
        stranger.notify("channel.attach", {"id": "1", "side": "sender", "stream": sender})
        assert stranger.request("session.open", {"origin": 7, "node": "here"}) == {"instance": INSTANCE}
        assert stranger.connection.label == "here"
        assert stranger.request("session.barrier") is None
        with pytest.raises(KlawError, match="open already"):
            stranger.request("session.open", {"origin": 8, "node": "here"})
        assert [session.origin for session in hub.sessions] == [7]

    run(test)


def test_an_origin_belongs_to_one_session_at_a_time() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 7), HubClient(hub)
        with pytest.raises(KlawError, match="another session has the origin 7"):
            other.request("session.open", {"origin": 7})
        one.lose()
        assert other.request("session.open", {"origin": 7}) == {"instance": INSTANCE}

    run(test)


@pytest.mark.parametrize("origin", [None, -1, 2**32, 1.5, "1", True, {}])
def test_a_wrong_origin_is_refused(origin: Any) -> None:
    async def test() -> None:
        client = HubClient(Hub(INSTANCE))
        with pytest.raises(SerializationError, match=r"session\.open: origin"):
            client.request("session.open", {"origin": origin})

    run(test)


OPERATIONS: dict[str, dict[str, Any]] = {
    "session.open": {"origin": 9, "node": "n"},
    "channel.attach": {"id": "x", "side": "sender", "stream": 50, "like": 3},
    "channel.store": {"id": "x", "expected": 1, "item": {"bytes": b"", "tokens": [], "count": 0}},
    "channel.info": {"name": "n", "namespace": "m"},
    "channel.list": {"namespace": "m"},
    "channel.delete": {"name": "n", "namespace": "m"},
    "channel.open": {
        "spec": {"kind": "watch", "capacity": 1, "ack": False, "namespace": "m"},
        "sender": 60,
        "receiver": 61,
        "follower": 62,
        "initial": {"bytes": b"", "tokens": [{"origin": 1, "number": 1}]},
    },
    "lease.export": {"token": {"origin": 1, "number": 5}, "kind": 3, "id": "x", "kept": True},
    "lease.claim": {"token": {"origin": 1, "number": 2}, "stream": 70, "kind": 3, "id": "x"},
}


@pytest.mark.parametrize("operation", [*OPERATIONS, "channel.stats", "lease.release", "channel.count"])
def test_no_argument_does_more_than_be_refused(operation: str) -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        chance = random.Random(5)
        values = [
            None,
            True,
            -1,
            0,
            1.5,
            2**40,
            "",
            "x",
            b"x",
            [],
            [[]],
            {},
            {"origin": -1},
            float("nan"),
            float("inf"),
        ]
        for _ in range(300):
            argument: Any = OPERATIONS.get(operation)
            if argument is None or chance.random() < 0.2:
                argument = chance.choice(values)
            else:
                argument = dict(argument)
                for key in chance.sample(sorted(argument), 1):
                    argument[key] = chance.choice(values)
            with contextlib.suppress(KlawError):
                one.request(operation, argument)
            one.notify(operation, argument)
        assert not one.is_closed
        assert one.request("session.barrier") is None
        one.lose()
        other.lose()
        assert hub.channels.size == 0

    run(test)


def test_an_unknown_operation_is_refused() -> None:
    async def test() -> None:
        one = HubClient(Hub(INSTANCE), 1)
        with pytest.raises(KlawError, match=r"unknown operation: channel\.paint"):
            one.request("channel.paint", {})

    run(test)


def test_streams_are_used_once() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        identifier, sender, receiver = one.open()
        for argument in ({"sender": sender, "receiver": 99}, {"sender": 99, "receiver": 99}):
            with pytest.raises(KlawError, match="is in use"):
                one.request("channel.open", {**one.open_argument("mpmc")[0], **argument})
        one.notify("channel.attach", {"id": identifier, "side": "sender", "stream": receiver})
        token = one.export(3, identifier)
        one.notify("lease.claim", {"token": {"origin": 1, "number": token[1]}, "stream": receiver})
        assert one.ended(receiver) == []
        assert hub.channels.size == 1
        stats = one.request("channel.stats", identifier)
        assert (stats["senders"], stats["receivers"]) == (2, 1)

    run(test)


def test_an_end_that_can_not_be_made_is_ended() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        identifier, _, _ = one.open()
        for argument in (
            {"id": identifier, "side": "follower"},
            {"id": 5, "side": "sender"},
            {"id": "", "side": "top"},
        ):
            stream = one.new_stream()
            one.notify("channel.attach", {**argument, "stream": stream})
            assert len(one.ended(stream)) == 1
        assert not one.is_closed

    run(test)


def test_a_token_of_another_session_can_not_be_exported() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        identifier, _, _ = one.open()
        with pytest.raises(KlawError, match="the token is of 2, this session is 1"):
            one.request("lease.export", {"token": {"origin": 2, "number": 1}, "kind": 3, "id": identifier})
        assert hub.leases.size == 0

    run(test)


def test_a_frame_that_contradicts_itself_ends_its_connection_alone() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, _ = one.open()
        reader = other.attach(identifier, "receiver")
        # Without a credit.
        one.send(sender, b"too much")
        assert one.is_closed
        assert [session.origin for session in hub.sessions] == [2]
        await settle()
        assert len(other.ended(reader)) == 1
        other.frame(frames.TAKEN, reader, 1)
        assert other.is_closed
        assert hub.channels.size == 0

    run(test)


def test_a_hub_that_closes_ends_all_sessions() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        clients = [HubClient(hub, 1), HubClient(hub, 2), HubClient(hub)]
        clients[0].open(name="jobs", lifetime="session")
        hub.close()
        assert all(client.is_closed for client in clients)
        assert list(hub.sessions) == []
        assert hub.channels.size == 0

    run(test)
