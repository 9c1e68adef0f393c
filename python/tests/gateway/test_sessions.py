from __future__ import annotations

import asyncio
import os

import pytest
from client import SERIALIZERS, Client, Failure, Run

from klaw_agent.gateway.frames import PIECE
from klaw_agent.serializers import REGISTRY
from klaw_agent.wire.frame import RESPONSE, write_frame, write_header


def test_opening(with_client: Run):
    async def test(client: Client) -> None:
        about = await client.ask("session.open", {"imports": ["shapes"]})
        assert about["namespace"] == "tests"
        assert about["rayVersion"].startswith("2.")
        assert len(about["nodeId"]) == 56
        with pytest.raises(Failure, match="no Python module 'not_there'"):
            await client.ask("session.open", {"imports": ["not_there"]})

    with_client(test)


def test_the_cluster(with_client: Run):
    async def test(client: Client) -> None:
        [node] = await client.ask("cluster.nodes")
        assert node["alive"] is True
        assert node["resources"]["CPU"] == 4
        assert (await client.ask("cluster.total"))["CPU"] == 4
        assert "CPU" in await client.ask("cluster.available")

    with_client(test)


def test_named_actors(with_client: Run):
    async def test(client: Client) -> None:
        name = f"named-{os.getpid()}"
        options = {"name": name, "num_cpus": 0}
        actor = await client.create("shapes", "Counter", 1, **options)
        _, taken = client.start("shapes", "Counter", 1, **options)
        with pytest.raises(Failure) as failure:
            await taken
        assert failure.value.error.code == "ACTOR_ALREADY_EXISTS"
        same = await client.create("shapes", "Counter", 1, get_if_exists=True, **options)
        await client.get(client.invoke(actor, "add"))
        assert await client.get(client.invoke(same, "add")) == 3
        found = await client.ask("actor.find", {"name": name, "namespace": "tests"})
        assert found["number"] in (actor, same)
        assert "maxsize" not in found
        listed = await client.ask("actor.list", {"namespace": None, "allNamespaces": False})
        assert {"name": name, "namespace": "tests"} in listed
        assert await client.ask("actor.list", {"namespace": "elsewhere", "allNamespaces": False}) == []
        await client.ask("actor.kill", {"number": actor, "noRestart": True})
        with pytest.raises(Failure, match=f"Failed to look up actor with name '{name}'") as failure:
            await client.ask("actor.find", {"name": name, "namespace": None})
        assert failure.value.error.code == "ACTOR_NOT_FOUND"

    with_client(test)


def test_an_actor_ends_with_its_last_handle(with_client: Run):
    async def test(client: Client) -> None:
        name = f"ends-{os.getpid()}"
        witness = Client()
        await client.create("shapes", "Counter", name=name)
        await client.session.close()
        while await is_there(witness, name):  # noqa: ASYNC110 - Ray tells nobody
            await asyncio.sleep(0.05)
        await witness.session.close()

    with_client(test)


def test_classes_with_serializers(with_client: Run):
    from shapes import Money

    async def test(client: Client) -> None:
        SERIALIZERS.register(Money, "Money", lambda money: money.cents, Money)
        REGISTRY.register(Money, "Money", lambda money: money.cents, Money)
        try:
            actor = await client.create("shapes", "Counter")
            assert await client.get(client.invoke(actor, "kind_of", Money(5))) == "shapes.Money"
            assert (await client.get(client.invoke(actor, "see", Money(5)))).cents == 5
            REGISTRY.deregister(Money)
            with pytest.raises(Failure, match="Money"):
                await client.get(client.invoke(actor, "see", Money(5)))
        finally:
            SERIALIZERS.deregister(Money)
            REGISTRY.deregister(Money)

    with_client(test, serializers=REGISTRY)


@pytest.mark.parametrize(
    "frame",
    [
        write_frame(0x7F, 0, 1),
        write_frame(0x56, 0, 1),
        write_frame(0x56, 0, 1, 5, 7),
        write_frame(0x57, 0, 0, 100),
        write_frame(0x50, 0, 2**31, 0, 0),
        write_header(0x50, 16, 1, 8) + (2**40).to_bytes(8, "little"),
        write_header(0x10, 0, 1, 1) + b"\x01",
    ],
)
def test_frames_that_can_not_be_read_end_the_session(with_client: Run, frame: bytes):
    async def test(client: Client) -> None:
        waiting = client.ask("actor.find", {"name": "nobody", "namespace": None})
        client.send(frame)
        assert client.is_closed
        assert client.events[0][0] == "connection.failed"
        await client.ended.wait()
        waiting.cancel()

    with_client(test)


def test_the_end_settles_everything(with_client: Run):
    async def test(client: Client) -> None:
        before = asyncio.all_tasks()
        actor = await client.create("shapes", "Slow")
        call = client.invoke(actor, "wait")
        watched = asyncio.ensure_future(client.settled(call))
        got = asyncio.ensure_future(client.get(call))
        ready = client.ask("actor.ready", actor)
        pending, _ = client.start("shapes", "Counter")
        client.invoke(pending, "add")
        await asyncio.sleep(0)
        client.session.transport_lost("cut", None)
        await asyncio.wait_for(client.ended.wait(), 20)
        assert len(client.session.table) == 0
        for future in (watched, got, ready):
            future.cancel()
        while asyncio.all_tasks() - before:
            await asyncio.wait(asyncio.all_tasks() - before)

    with_client(test)


def test_large_answers_are_cut_into_pieces(with_client: Run):
    async def test(client: Client) -> None:
        size = 5 * PIECE + 1
        stream = client.number()
        client.ask(
            "stream.open", {"number": stream, "module": "shapes", "name": "large", "args": [size], "options": {}}
        )
        assert await client.ask("stream.next", stream) == {"done": False, "value": bytes(size)}
        lengths = [length for kind, _, _, length in client.log if kind == RESPONSE]
        assert max(lengths) == PIECE

    with_client(test)


async def is_there(client: Client, name: str) -> bool:
    try:
        found = await client.ask("actor.find", {"name": name, "namespace": None})
    except Failure as failure:
        if failure.error.code != "ACTOR_NOT_FOUND":
            raise
        return False
    client.release((found["number"], 1))
    return True
