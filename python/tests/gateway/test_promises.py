"""Objects that are used before they are put."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

from client import CONTEXT, Client, Handle, Run

from klaw_agent.codec import encode
from klaw_agent.errors import RayError, RayTaskError
from klaw_agent.gateway import frames
from klaw_agent.wire.frame import EVENT, write_header


def tell(client: Client, operation: str, argument: Any) -> None:
    body = encode([operation, argument], CONTEXT)
    client.send(write_header(EVENT, 0, 0, len(body)), body)


def put_under(client: Client, number: int, value: Any) -> None:
    data = encode(value, CONTEXT)
    body = struct.pack("<Q", len(data)) + data
    client.send(write_header(frames.PUT, 0, number, len(body)), body)


def test_what_names_a_promised_object_waits_until_it_is_put(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        number = client.number()
        tell(client, "object.promise", [number])
        seen = client.invoke(actor, "see", {"inside": [Handle(1, number)]})
        added = client.invoke(actor, "add", Handle(1, number))
        task = client.task("shapes", "double", Handle(1, number))
        nested, stored = client.put([Handle(1, number)])
        watching = asyncio.ensure_future(client.settled(number))
        got = asyncio.ensure_future(client.get(number))
        await asyncio.sleep(0.05)
        assert not stored.done()
        assert not watching.done()
        assert await client.settled(added, attempt=True) == frames.PENDING
        put_under(client, number, 21)
        assert await got == 21
        assert await watching == frames.HAS_VALUE
        await stored
        assert (await client.get(seen))["inside"][0].number == number
        assert await client.get(added) == 21
        assert await client.get(task) == 42
        [ref] = await client.get(nested)
        assert ref.number == number

    with_client(test)


def test_what_names_an_object_that_is_refused_fails_with_its_error(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        number = client.number()
        tell(client, "object.promise", [number])
        got = asyncio.ensure_future(client.get(number))
        added = client.invoke(actor, "add", Handle(1, number))
        tell(client, "object.refuse", {"number": number, "error": RayTaskError("add failed", cause=RayError("why"))})
        for failing in (got, client.get(added)):
            (outcome,) = await asyncio.gather(failing, return_exceptions=True)
            assert isinstance(outcome.error, RayTaskError)
            assert str(outcome.error) == "add failed"
            assert str(outcome.error.cause) == "why"
        assert await client.settled(number) == frames.HAS_FAILED

    with_client(test)


def test_a_promised_object_that_is_released_goes_to_who_has_named_it(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        number = client.number()
        tell(client, "object.promise", [number])
        added = client.invoke(actor, "add", Handle(1, number))
        client.release((number, 1))
        put_under(client, number, 5)
        assert await client.get(added) == 5
        assert len([entry for entry in client.session.table.entries() if entry.number == number]) == 0

    with_client(test)
