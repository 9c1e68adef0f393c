from __future__ import annotations

import asyncio
from typing import Any

import pytest
from client import Client, Failure, Run

from klaw_agent.gateway import fetches


@pytest.fixture
def stays(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the loop got what it stayed for, each time."""
    seen: list[bool] = []
    get_objects = fetches.global_worker.get_objects

    def counted(*arguments: Any, **options: Any) -> Any:
        seen.append(False)
        found = get_objects(*arguments, **options)
        seen[-1] = True
        return found

    monkeypatch.setattr(fetches.global_worker, "get_objects", counted)
    # However slow the machine is.
    monkeypatch.setattr(fetches, "_MOMENT", 1.0)
    return seen


def test_the_loop_stays_with_calls_that_come_one_at_a_time(with_client: Run, stays: list[bool]):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        for total in range(1, 60):
            assert await client.get(client.invoke(actor, "add", 1)) == total
        assert stays.count(True) > 30
        with pytest.raises(Failure, match="NotFound"):
            await client.get(client.invoke(actor, "fail"))
        assert await client.get(client.invoke(actor, "add", 1)) == 60

    with_client(test)


def test_the_loop_does_not_stay_for_long(with_client: Run, stays: list[bool], monkeypatch: pytest.MonkeyPatch):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        for _ in range(30):
            await client.get(client.invoke(actor, "add", 1))
        monkeypatch.setattr(fetches, "_MOMENT", 0.002)
        for _ in range(5):
            assert await client.get(client.invoke(actor, "sleep", 0.05)) == 0.05
        # The first of them was a surprise.
        assert stays.count(False) <= 1

    with_client(test)


def test_the_loop_does_not_stay_for_a_client_that_does_several_things(with_client: Run, stays: list[bool]):
    async def test(client: Client) -> None:
        slow = await client.create("shapes", "Slow")
        quick = await client.create("shapes", "Counter")
        for _ in range(30):
            await client.get(client.invoke(quick, "add", 0))
        assert len(stays) > 0
        waiting = asyncio.ensure_future(client.get(client.invoke(slow, "wait")))
        await asyncio.sleep(0)
        before = len(stays)
        for total in range(1, 60):
            assert await client.get(client.invoke(quick, "add", 1)) == total
        assert len(stays) <= before + 1
        client.invoke(slow, "open")
        assert await waiting == "open"

        # Together they come in one turn of the loop.
        numbers = [client.invoke(quick, "add", 1) for _ in range(20)]
        answers = await asyncio.gather(*map(client.get, numbers))
        assert answers == list(range(60, 80))

    with_client(test)


def test_calls_that_overlap_are_found_out(with_client: Run, stays: list[bool]):
    async def test(client: Client) -> None:
        actors = [await client.create("shapes", "Counter") for _ in range(2)]
        for _ in range(30):
            await client.get(client.invoke(actors[0], "add", 0))

        async def calls(actor: int) -> None:
            for total in range(1, 100):
                assert await client.get(client.invoke(actor, "add", 1)) == total

        before = len(stays)
        await asyncio.gather(*map(calls, actors))
        # How soon is a matter of luck: one in sixteen is a probe.
        assert len(stays) < before + 150

    with_client(test)
