"""The cluster's hub, as sessions find it, hand it what messages refer to, and borrow that from it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from typing import Any

import pytest
from client import Client, Failure, Run

from klaw_agent.codec import decode, encode
from klaw_agent.errors import TaskCancelledError
from klaw_agent.gateway.frames import HAS_VALUE, OF_MESSAGE, PENDING, PUT, STORED, VALUE
from klaw_agent.hub_actor import NAME, NAMESPACE, actor_class
from klaw_agent.lane import hello
from klaw_agent.wire.control_frames import GOODBYE_FRAME
from klaw_agent.wire.frame import EVENT, REQUEST, RESPONSE, write_header
from tests.peer import Peer

OBJECT_REF, ACTOR, QUEUE = 1, 2, 11


class HubSession:
    """A session of the hub's, as far as tokens go."""

    def __init__(self, peer: Peer) -> None:
        self.origin = secrets.randbits(32)
        self._peer = peer
        self._number = 0

    @classmethod
    async def open(cls, at: dict[str, Any]) -> HubSession:
        session = cls(Peer(*await asyncio.open_connection(at["host"], at["port"])))
        assert await session._peer.greet(bytes.fromhex(at["token"])) == hello.WELCOME
        assert (await session.ask("session.open", {"origin": session.origin, "node": "test"}))["instance"]
        return session

    async def ask(self, operation: str, argument: object = None) -> Any:
        self._number += 1
        self._peer.send(REQUEST, 0, self._number, [operation, argument])
        return (await self._peer.receive())[3]

    async def told(self) -> Any:
        """The next event."""
        kind, _, _, value = await self._peer.receive()
        assert kind == EVENT
        return value

    async def export(self, kind: int) -> dict[str, int]:
        """A token for a reference of that kind, which the hub knows when this returns."""
        self._number += 1
        token = {"origin": self.origin, "number": self._number}
        self._peer.send(EVENT, 0, 0, ["lease.export", {"token": token, "kind": kind, "id": ""}])
        await self.ask("session.barrier")
        return token

    async def close(self) -> None:
        self._peer.writer.write(GOODBYE_FRAME)
        self._peer.writer.close()
        await self._peer.writer.wait_closed()


async def hub_of(client: Client) -> HubSession:
    return await HubSession.open(await client.ask("hub.find"))


def borrow(client: Client, token: dict[str, int], kind: int = OBJECT_REF) -> tuple[int, asyncio.Future[Any]]:
    number = client.number()
    return number, client.ask("hub.borrow", {"token": token, "kind": kind, "number": number})


def test_everybody_finds_the_same_hub(with_client: Run):
    async def test(client: Client) -> None:
        other = Client()
        first, second = await asyncio.gather(client.ask("hub.find"), other.ask("hub.find"))
        assert first == second
        assert first["host"].startswith("127.")
        assert len(first["token"]) == 64
        await other.session.close()

    with_client(test)


def test_an_object_is_lent_to_another_session(with_client: Run):
    async def test(client: Client) -> None:
        other = Client()
        hub = await hub_of(client)
        token = await hub.export(OBJECT_REF)
        # Asked for before it is there, and used before it has been lent.
        number, borrowed = borrow(other, token)
        value = asyncio.ensure_future(other.get(number))
        ours, stored = client.put({"what": "shared"})
        await client.ask("hub.adopt", {"token": token, "number": ours})
        await stored
        assert await value == {"what": "shared"}
        about = await borrowed
        assert about["kind"] == OBJECT_REF
        assert len(about["id"]) == 56
        await other.session.close()
        await hub.close()

    with_client(test)


def test_an_object_that_was_promised_is_lent_while_it_is_to_come(with_client: Run):
    async def test(client: Client) -> None:
        other = Client()
        hub = await hub_of(client)
        token = await hub.export(OBJECT_REF)
        ours = client.number()
        body = encode(["object.promise", [ours]])
        client.send(write_header(EVENT, 0, 0, len(body)), body)
        adopted = client.ask("hub.adopt", {"token": token, "number": ours})
        number, borrowed = borrow(other, token)
        # The hub knows of it by then, so that this is known for certain.
        assert await other.settled(number, attempt=True) == PENDING
        # Who does not want it any more reaches who makes it, and nothing has become of the object yet.
        await other.ask("object.cancel", {"number": number, "force": False, "recursive": True})
        assert await hub.told() == ["lease.cancel", token]
        assert await other.settled(number, attempt=True) == PENDING
        refused = encode(["object.refuse", {"number": ours, "error": TaskCancelledError("it was cancelled")}])
        client.send(write_header(EVENT, 0, 0, len(refused)), refused)
        with pytest.raises(Failure, match="it was cancelled"):
            await other.get(number)
        await asyncio.wait([adopted, borrowed])
        borrowed.exception()

        token = await hub.export(OBJECT_REF)
        ours, stored = client.put("there")
        await stored
        await client.ask("hub.adopt", {"token": token, "number": ours})
        number, _ = borrow(other, token)
        # It has not been lent yet, and is there all the same.
        assert await other.settled(number, attempt=True) == HAS_VALUE
        await other.session.close()
        await hub.close()

    with_client(test)


def test_an_actor_and_a_queue_are_lent(with_client: Run):
    async def test(client: Client) -> None:
        other = Client()
        hub = await hub_of(client)
        actor = await client.create("shapes", "Counter", 5)
        token = await hub.export(ACTOR)
        await client.ask("hub.adopt", {"token": token, "number": actor})
        lent, borrowed = borrow(other, token, ACTOR)
        # Before it is known where it goes.
        assert await other.get(other.invoke(lent, "add")) == 6
        assert (await borrowed)["description"]["name"] == "Counter"

        queue = client.number()
        await client.ask("queue.create", {"number": queue, "maxsize": 3, "options": {"num_cpus": 0}})
        token = await hub.export(QUEUE)
        await client.ask("hub.adopt", {"token": token, "number": queue})
        lent, borrowed = borrow(other, token, QUEUE)
        assert (await borrowed)["maxsize"] == 3
        assert await other.ask("queue.put", {"queue": lent, "item": [1], "timeout": None}) is True
        assert await client.ask("queue.get", {"queue": queue, "timeout": None}) == [1]

        token = await hub.export(QUEUE)
        await client.ask("hub.adopt", {"token": token, "number": actor})
        _, borrowed = borrow(other, token, QUEUE)
        with pytest.raises(Failure, match="no queue"):
            await borrowed
        await other.session.close()
        await hub.close()

    with_client(test)


def test_what_failed_before_ray_knew_of_it_fails_for_the_borrower(with_client: Run):
    async def test(client: Client) -> None:
        hub = await hub_of(client)
        actor, created = client.start("shapes", "NotThere")
        token = await hub.export(ACTOR)
        await client.ask("hub.adopt", {"token": token, "number": actor})
        number, borrowed = borrow(client, token, ACTOR)
        for failing in (created, borrowed, client.get(client.invoke(number, "add"))):
            with pytest.raises(Failure, match="NotThere") as failure:
                await failing
            assert failure.value.error.code.startswith("RAY")
        await hub.close()

    with_client(test)


def test_a_token_that_is_gone_is_refused(with_client: Run):
    async def test(client: Client) -> None:
        hub = await hub_of(client)
        token = await hub.export(OBJECT_REF)
        number, borrowed = borrow(client, token)
        await hub.close()
        with pytest.raises(Failure) as failure:
            await borrowed
        assert failure.value.error.code == "CHANNEL_BACKEND"
        with pytest.raises(Failure, match="is gone"):
            await client.get(number)
        _, again = borrow(client, token)
        with pytest.raises(Failure, match="is gone"):
            await again

    with_client(test)


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_large_message_outlives_its_session(with_client: Run, size: int):
    async def test(client: Client) -> None:
        sender = Client()
        hub = await hub_of(sender)
        token = await hub.export(OBJECT_REF)
        message = {"large": os.urandom(size)}
        number, stored = sender.put(message, OF_MESSAGE)
        await sender.ask("hub.adopt", {"token": token, "number": number})
        await stored
        assert await sender.get(number) == message
        await sender.session.close()
        number, borrowed = borrow(client, token)
        await borrowed
        assert await client.get(number) == message
        flags = [flags for kind, flags, stream, _ in client.log if (kind, stream) == (VALUE, number)]
        assert flags[0] & OF_MESSAGE
        await hub.close()

    with_client(test)


def test_a_hub_that_was_killed_is_followed_by_another(with_client: Run):
    import ray

    async def test(client: Client) -> None:
        before = await client.ask("hub.find")
        hub = await HubSession.open(before)
        token = await hub.export(OBJECT_REF)
        number, borrowed = borrow(client, token)
        ray.kill(ray.get_actor(NAME, namespace=NAMESPACE), no_restart=False)
        with pytest.raises(Failure, match="is gone"):
            await borrowed
        after = await client.ask("hub.find")
        assert after["instance"] != before["instance"]
        assert after["token"] != before["token"]
        with pytest.raises(Failure, match="is gone"):
            await client.get(number)
        ray.kill(ray.get_actor(NAME, namespace=NAMESPACE))
        assert (await client.ask("hub.find"))["instance"] not in (before["instance"], after["instance"])
        await hub.close()

    with_client(test)


def test_what_is_encoded_wrongly_is_named(with_client: Run):
    async def test(client: Client) -> None:
        for argument in ({"number": 1}, {"token": {"origin": "x", "number": 1}, "number": 1}):
            with pytest.raises(Failure, match="token"):
                await client.ask("hub.adopt", argument)
        with pytest.raises(Failure, match="no references of kind 3"):
            await borrow(client, {"origin": 1, "number": 1}, 3)[1]

    with_client(test)


def test_the_hub_owns_large_messages_of_an_agent_that_is_gone(with_client: Run):
    import ray

    async def test(client: Client) -> None:
        agent = ray.remote(actor_class()).options(num_cpus=0, max_concurrency=10).remote({}, {"namespace": "tests"})
        at = json.loads((await agent.start.remote())[1:])
        peer = Peer(*await asyncio.open_connection(at["host"], at["port"]))
        assert await peer.greet(bytes.fromhex(at["token"])) == hello.WELCOME
        hub = await hub_of(client)
        token = await hub.export(OBJECT_REF)
        message = encode({"large": os.urandom(300_000)})
        body = len(message).to_bytes(8, "little") + message
        peer.writer.write(write_header(PUT, OF_MESSAGE, 1, len(body)) + body)
        assert (await peer.receive())[:3] == (STORED, 0, 1)
        peer.send(REQUEST, 0, 2, ["hub.adopt", {"token": token, "number": 1}])
        assert (await peer.receive())[:3] == (RESPONSE, 0, 2)
        await peer.close()
        # Asked for something that the agent does not have.
        with pytest.raises(ray.exceptions.RayTaskError, match="has ended"):
            await ray.get_actor(NAME, namespace=NAMESPACE).ask.remote("own", agent, 17)
        ray.kill(agent)
        number, borrowed = borrow(client, token)
        await borrowed
        assert await client.get(number) == decode(message)
        await hub.close()

    with_client(test)
