from __future__ import annotations

import asyncio
from typing import Any

import pytest
from client import Client, Failure, Handle, Run
from ray._private import state as ray_state


async def make(client: Client, maxsize: int = 0, **options: Any) -> int:
    number = client.number()
    made = await client.ask("queue.create", {"number": number, "maxsize": maxsize, "options": options})
    assert made["maxsize"] == maxsize
    return number


def put(client: Client, queue: int, item: Any, timeout: float | None = None) -> asyncio.Future[Any]:
    return client.ask("queue.put", {"queue": queue, "item": [item], "timeout": timeout})


def get(client: Client, queue: int, timeout: float | None = None) -> asyncio.Future[Any]:
    return client.ask("queue.get", {"queue": queue, "timeout": timeout})


async def asked(client: Client, queue: int) -> None:
    """Until the queue's actor has got what was asked before."""
    await client.ask("queue.size", queue)


def test_items_go_through_and_refusals_are_no_errors(with_client: Run):
    async def test(client: Client) -> None:
        queue = await make(client, 2)
        assert await put(client, queue, {"a": None}) is True
        assert await put(client, queue, 2, 0) is True
        assert await put(client, queue, 3, 0) is False
        assert await put(client, queue, 3, 50) is False
        assert await client.ask("queue.full", queue) is True
        assert await client.ask("queue.size", queue) == 2
        assert await get(client, queue) == [{"a": None}]
        assert await get(client, queue, 0) == [2]
        assert await get(client, queue, 0) is None
        assert await get(client, queue, 50) is None

    with_client(test)


def test_refs_are_resolved_at_the_top_and_stay_refs_inside(with_client: Run):
    async def test(client: Client) -> None:
        queue = await make(client)
        number, _ = client.put("stored")
        await put(client, queue, Handle(1, number))
        await put(client, queue, [Handle(1, number)])
        assert await get(client, queue) == ["stored"]
        [[ref]] = await get(client, queue)
        assert ref.number == number

    with_client(test)


def test_batches(with_client: Run):
    async def test(client: Client) -> None:
        queue = await make(client, 3)
        assert await client.ask("queue.putAll", {"queue": queue, "items": [1, 2]}) is None
        assert await client.ask("queue.putAll", {"queue": queue, "items": [3, 4]}) == {"size": 2, "maxsize": 3}
        assert await client.ask("queue.getMany", {"queue": queue, "count": 3}) == {"size": 2, "maxsize": 3}
        assert await client.ask("queue.getMany", {"queue": queue, "count": 2}) == {"items": [1, 2]}
        assert await client.ask("queue.getMany", {"queue": queue, "count": 0}) == {"items": []}

    with_client(test)


def test_a_get_that_is_given_up_loses_nothing(with_client: Run):
    async def test(client: Client) -> None:
        queue = await make(client)
        for turn in range(10):
            given_up = get(client, queue)
            await asked(client, queue)
            client.abort(given_up)
            await put(client, queue, turn)
            assert await get(client, queue, 5000) == [turn]
        assert await client.ask("queue.size", queue) == 0

    with_client(test)


def test_a_put_that_is_given_up_does_not_deliver(with_client: Run):
    async def test(client: Client) -> None:
        queue = await make(client, 1)
        await put(client, queue, "first")
        given_up = put(client, queue, "second")
        await asked(client, queue)
        client.abort(given_up)
        with pytest.raises(Failure):
            await given_up
        await asked(client, queue)
        assert await get(client, queue) == ["first"]
        assert await get(client, queue, 100) is None

    with_client(test)


def test_many_blocked_gets_do_not_block_puts(with_client: Run):
    async def test(client: Client) -> None:
        queue = await make(client)
        gets = [get(client, queue) for _ in range(1200)]
        short = get(client, queue, 50)
        assert await short is None
        for item in range(1200):
            await put(client, queue, item)
        assert sorted(item for [item] in await asyncio.gather(*gets)) == list(range(1200))

    with_client(test)


def test_the_end_of_a_session_gives_back_what_nobody_got(with_client: Run):
    async def test(client: Client) -> None:
        queue = await make(client, name="given-back")
        blocked = [get(client, queue) for _ in range(3)]
        await asked(client, queue)
        other = Client()
        found = await other.ask("actor.find", {"name": "given-back", "namespace": None})
        assert found["maxsize"] == 0
        theirs = found["number"]
        gone = get(other, theirs)
        await asked(other, theirs)
        for item in range(3):
            await put(client, queue, item)
        assert sorted(item for [item] in await asyncio.gather(*blocked)) == [0, 1, 2]
        await other.session.close()
        with pytest.raises(Failure):
            await gone
        await put(client, queue, "after")
        assert await get(client, queue, 5000) == ["after"]

    with_client(test)


def test_after_shutdown_everything_fails(with_client: Run):
    async def test(client: Client) -> None:
        for force in (True, False):
            queue = await make(client, 1)
            full = await make(client, 1)
            await put(client, full, 1)
            blocked = [get(client, queue), put(client, full, 2)]
            await asked(client, queue)
            await asked(client, full)
            for one in (queue, full, queue):
                await client.ask("queue.shutdown", {"queue": one, "force": force, "grace": 5000})
            for call in [*blocked, get(client, queue), put(client, queue, 1), client.ask("queue.size", queue)]:
                with pytest.raises(Failure) as failure:
                    await call
                assert failure.value.error.code == "ACTOR_DIED"

    with_client(test)


def test_queues_go_to_python_and_come_back(with_client: Run):
    async def test(client: Client) -> None:
        queue = await make(client, 5)
        actor = await client.create("shapes", "Counter")
        assert await client.get(client.invoke(actor, "fill", Handle(11, queue), [1, 2])) == 2
        assert [await get(client, queue), await get(client, queue)] == [[1], [2]]
        made = await client.get(client.invoke(actor, "make_queue", 7))
        assert made.kind == 11
        assert made.body[2] == 7
        assert await get(client, made.number) == ["from python"]
        [back] = await client.get(client.invoke(actor, "give_same", [Handle(11, queue)]))
        assert back.number == queue

    with_client(test)


def test_an_actor_that_is_no_queue(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        with pytest.raises(Failure, match="no queue"):
            await get(client, actor)

    with_client(test)


def test_a_queue_ends_with_its_last_handle(with_client: Run):
    async def test(client: Client) -> None:
        number = client.number()
        made = await client.ask("queue.create", {"number": number, "maxsize": 0, "options": {}})
        blocked = get(client, number)
        await asked(client, number)
        client.release((number, 1))
        client.abort(blocked)
        while ray_state.actors(made["id"])["State"] != "DEAD":  # noqa: ASYNC110 - Ray tells nobody
            await asyncio.sleep(0.05)

    with_client(test)
