from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from client import Client, Failure, Run

from klaw_agent.gateway import fetches

#: Options of an actor whose calls do not share tasks.
_OF_THEIR_OWN = {"max_pending_calls": 1_000_000}


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
        actor = await client.create("shapes", "Counter", **_OF_THEIR_OWN)
        for total in range(1, 60):
            assert await client.get(client.invoke(actor, "add", 1)) == total
        assert stays.count(True) > 30
        with pytest.raises(Failure, match="NotFound"):
            await client.get(client.invoke(actor, "fail"))
        assert await client.get(client.invoke(actor, "add", 1)) == 60

    with_client(test)


def test_the_loop_does_not_stay_for_long(with_client: Run, stays: list[bool], monkeypatch: pytest.MonkeyPatch):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter", **_OF_THEIR_OWN)
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
        quick = await client.create("shapes", "Counter", **_OF_THEIR_OWN)
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
        actors = [await client.create("shapes", "Counter", **_OF_THEIR_OWN) for _ in range(2)]
        for _ in range(30):
            await client.get(client.invoke(actors[0], "add", 0))
        assert len(stays) > 0

        async def calls(actor: int, since: int) -> None:
            for total in range(since + 1, since + 21):
                assert await client.get(client.invoke(actor, "add", 1)) == total

        # Which turn of the loop they meet in is a matter of luck; once they have, the loop stays with nobody.
        for since in range(0, 2_000, 20):
            before = len(stays)
            await asyncio.gather(*(calls(actor, since) for actor in actors))
            if len(stays) == before:
                return
        pytest.fail("the loop went on to stay with calls that overlap")

    with_client(test)


def test_one_of_many_is_a_probe_and_ends_it_when_another_comes_meanwhile(monkeypatch: pytest.MonkeyPatch):
    stayed: list[object] = []

    class Ref:
        """Is there as soon as it is asked for, or when the test says so."""

        def _on_completed(self, callback: Any) -> None:
            self.complete = callback

    class Completions:
        def post(self, callback: Any, *arguments: Any) -> None:
            callback(*arguments)

    def get_objects(refs: list[object], **_options: Any) -> tuple[list[object], None]:
        stayed.append(refs[0])
        return ["at once"], None

    monkeypatch.setattr(fetches.global_worker, "get_objects", get_objects)
    monkeypatch.setattr(fetches, "_MOMENT", 1_000.0)

    async def test() -> None:
        seen: list[object] = []
        under_test = fetches.Fetches(cast(Any, Completions()), lambda: False, lambda: None)

        async def fetch() -> Ref:
            ref = Ref()
            under_test.fetch(ref, seen.append)
            await asyncio.sleep(0)
            return ref

        for _ in range(8):
            (await fetch()).complete("later")
        for _ in range(15):
            await fetch()
        assert (len(stayed), seen.count("later"), seen.count("at once")) == (15, 8, 15)
        probe = await fetch()
        other = await fetch()
        assert len(stayed) == 15
        probe.complete("later")
        other.complete("later")
        # Both had come together: it takes as many again that are alone.
        for count in range(7):
            (await fetch()).complete("later")
            assert len(stayed) == 15, count
        assert seen.count("later") == 17

    asyncio.run(test())
