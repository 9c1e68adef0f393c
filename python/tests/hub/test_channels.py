"""Names, ids and lifetimes."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from klaw_agent.errors import ChannelClosed, ChannelConfigMismatch, ChannelNotFound, KlawError
from klaw_agent.hub.hub import Hub
from klaw_agent.wire import frame as frames
from tests.hub.hub_client import INSTANCE, NAMESPACE, HubClient, run, running_timers, settle
from tests.peer import until

KINDS = ("mpmc", "oneshot", "broadcast", "watch")
MADE_BY_ONE_THAT_ENDED = "the session that made the channel has ended"


async def fill(client: HubClient, sender: int, *items: bytes) -> None:
    client.want(sender, len(items))
    await settle()
    client.send(sender, *items)


def test_a_name_is_joined_or_made() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, _ = one.open(name="jobs")
        joined, _, receiver = other.open(name="jobs")
        elsewhere, _, _ = other.open(name="jobs", namespace="other")
        unnamed, _, _ = other.open()
        assert identifier == joined == f"{INSTANCE[:8]}.1"
        assert len({identifier, elsewhere, unnamed}) == 3
        await fill(one, sender, b"one")
        other.demand(receiver, 1)
        await settle()
        assert other.items(receiver) == [b"one"]
        assert other.request("channel.count") == 3

    run(test)


def test_a_channel_of_another_shape_is_refused() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        one.open(name="jobs", capacity=8)

        def message(kind: str, **options: Any) -> str:
            with pytest.raises(ChannelConfigMismatch) as refused:
                one.open(kind, name="jobs", **options)
            return str(refused.value)

        assert message("mpmc", capacity=9) == (
            'the channel "jobs" in namespace "klaw" has capacity 8; capacity 9 was asked for'
        )
        assert "has kind mpmc; kind watch was asked for" in message("watch")
        assert "has capacity 8; capacity Infinity was asked for" in message("mpmc", capacity=math.inf)
        assert "has ack false; ack true was asked for" in message("mpmc", capacity=8, ack=True)
        assert one.request("channel.count") == 1

    run(test)


def test_what_is_known_about_named_channels() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1, "node-a"), HubClient(hub, 2, "node-b")
        identifier, _, _ = one.open(name="jobs", capacity=math.inf, ack=True)
        other.attach(identifier, "receiver")
        one.open("broadcast", name="news", namespace="other")
        one.open()
        info = one.request("channel.info", {"name": "jobs", "namespace": NAMESPACE})
        stats = info.pop("stats")
        assert info == {"name": "jobs", "namespace": NAMESPACE, "kind": "mpmc", "capacity": math.inf, "ack": True}
        assert (stats["senders"], stats["receivers"]) == (1, 2)
        assert stats["nodes"] == {"node-a": {"senders": 1, "receivers": 1}, "node-b": {"senders": 0, "receivers": 1}}
        assert one.request("channel.stats", identifier)["sent"] == 0
        assert one.request("channel.info", {"name": "jobs", "namespace": "other"}) is None
        assert [info["name"] for info in one.request("channel.list", {})] == ["jobs", "news"]
        assert [info["name"] for info in one.request("channel.list", {"namespace": "other"})] == ["news"]
        assert one.request("channel.list") == one.request("channel.list", {"namespace": None})
        with pytest.raises(ChannelNotFound):
            one.request("channel.stats", f"{INSTANCE[:8]}.99")

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_channel_ends_for_everybody(kind: str) -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, receiver = one.open(kind, name="jobs")
        _, _, reader = other.open(kind, name="jobs")
        assert other.request("channel.delete", {"name": "jobs", "namespace": NAMESPACE}) is True
        assert other.request("channel.delete", {"name": "jobs", "namespace": NAMESPACE}) is False
        await settle()
        for client, stream in ((one, sender), (one, receiver), (other, reader)):
            [error] = client.ended(stream)
            assert isinstance(error, ChannelClosed)
            assert str(error) == 'the channel "jobs" was deleted'
            client.close_end(stream)
        [error] = one.ended(one.attach(identifier, "receiver"))
        assert isinstance(error, ChannelClosed)
        fresh, _, _ = one.open(kind, name="jobs")
        assert fresh != identifier
        assert one.request("channel.count") == 1

    run(test)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unnamed_channel_goes_with_its_last_holder(kind: str) -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, receiver = one.open(kind)
        another = other.attach(identifier, "receiver")
        for stream in (sender, receiver):
            one.close_end(stream)
        assert hub.channels.size == 1
        other.close_end(another)
        assert hub.channels.size == 0

    run(test)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"name": "mine", "lifetime": "session"}])
def test_what_a_session_has_made_is_sealed_when_it_ends(kind: str, options: dict[str, Any]) -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        initial = {"initial": {"bytes": b"first", "count": 0}} if kind == "watch" else {}
        identifier, sender, _ = one.open(kind, **options, **initial)
        writer, reader = other.attach(identifier, "sender"), other.attach(identifier, "receiver")
        if kind != "watch":
            await fill(one, sender, b"first")
        one.lose()
        # It holds a sender still, but nothing can be sent.
        [error] = other.ended(writer)
        assert str(error) == MADE_BY_ONE_THAT_ENDED
        other.demand(reader, 10)
        await settle()
        assert other.items(reader) == [b"first"]
        other.taken(reader, 1)
        await settle()
        assert [str(error) for error in other.ended(reader)] == [MADE_BY_ONE_THAT_ENDED]
        if options:
            # The name is free: whoever asks for it gets another channel, and keeps it.
            fresh, sender, receiver = other.open(kind, **options)
            assert fresh != identifier
            assert hub.channels.size == 2
            other.close_end(reader)
            assert hub.channels.size == 1
            assert other.request("channel.info", {"name": "mine", "namespace": NAMESPACE}) is not None
            other.close_end(sender)
            other.close_end(receiver)
        else:
            other.close_end(reader)
        assert hub.channels.size == 0

    run(test)


def test_a_detached_channel_stays() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, _ = one.open(name="jobs")
        await fill(one, sender, b"kept")
        one.lose()
        assert hub.channels.size == 1
        joined, _, receiver = other.open(name="jobs")
        assert joined == identifier
        other.demand(receiver, 1)
        await settle()
        assert other.items(receiver) == [b"kept"]

    run(test)


def test_a_named_channel_that_is_over_is_made_anew() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        identifier, sender, receiver = one.open(name="jobs")
        reader = other.attach(identifier, "receiver")
        one.close_end(sender)
        assert one.ended(receiver) == [None]
        fresh, _, _ = one.open(name="jobs")
        assert fresh != identifier
        assert hub.channels.size == 2
        one.close_end(receiver)
        other.close_end(reader)
        assert hub.channels.size == 1
        assert one.request("channel.stats", fresh)["receivers"] == 1

    run(test)


def test_a_detached_channel_goes_when_it_is_not_used_for_its_ttl() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        identifier, sender, receiver = one.open(name="jobs", ttl=30)
        one.close_end(receiver)
        one.close_end(sender)
        assert hub.channels.size == 1
        # Used again in time.
        joined, sender, receiver = one.open(name="jobs", ttl=30)
        assert joined != identifier
        timers = running_timers()
        await asyncio.sleep(0.05)
        assert hub.channels.size == 1
        token = one.export(3, joined)
        one.close_end(sender)
        one.close_end(receiver)
        await asyncio.sleep(0.05)
        assert hub.channels.size == 1
        assert running_timers() == timers
        one.notify("lease.release", [{"origin": 1, "number": token[1]}])
        await until(lambda: hub.channels.size == 0)
        assert one.request("channel.info", {"name": "jobs", "namespace": NAMESPACE}) is None

    run(test)


def test_a_watch_that_is_joined_keeps_its_value() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one, other = HubClient(hub, 1), HubClient(hub, 2)
        inner, _, _ = other.open()
        token = other.export(3, inner)
        one.open("watch", name="state", initial={"bytes": b"one", "count": 0})
        initial = {"bytes": b"two", "tokens": [{"origin": 2, "number": token[1]}], "count": 0}
        _, _, receiver = other.open("watch", name="state", initial=initial)
        assert other.items(receiver) == [b"one"]
        assert hub.leases.size == 0

    run(test)


def test_nothing_remains_of_channels_that_nobody_holds() -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        before = running_timers()
        for index in range(10_000):
            kind = KINDS[index % len(KINDS)]
            argument, sender, receiver = one.open_argument(kind)
            one.notify("channel.open", argument)
            one.frame(frames.WANT, sender, 1, 1, 1, 0)
            one.frame(frames.DEMAND, receiver, 1, 1)
            if index % 2:
                one.close_end(sender)
                one.close_end(receiver)
        assert hub.channels.size == 5000
        one.lose()
        assert hub.channels.size == 0
        await settle()
        assert running_timers() == before

    run(test)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "pipe"}, "spec.kind"),
        ({"kind": None}, "spec.kind"),
        ({"capacity": 0}, "spec.capacity"),
        ({"capacity": math.nan}, "spec.capacity"),
        ({"capacity": "8"}, "spec.capacity"),
        ({"capacity": True}, "spec.capacity"),
        ({"ack": 1}, "spec.ack"),
        ({"ackTimeout": -1}, "spec.ackTimeout"),
        ({"name": 7}, "spec.name"),
        ({"namespace": []}, "spec.namespace"),
        ({"lifetime": "eternal"}, "spec.lifetime"),
        ({"ttl": "long"}, "spec.ttl"),
    ],
)
def test_a_wrong_spec_is_refused(change: dict[str, Any], field: str) -> None:
    async def test() -> None:
        hub = Hub(INSTANCE)
        one = HubClient(hub, 1)
        argument, _, _ = one.open_argument("mpmc")
        argument["spec"].update(change)
        with pytest.raises(KlawError, match=field.replace(".", r"\.")):
            one.request("channel.open", argument)
        assert hub.channels.size == 0

    run(test)
