from __future__ import annotations

import asyncio
from typing import Any

import pytest
from client import Client, Failure, Handle, Run


def open_stream(client: Client, **argument: Any) -> int:
    number = client.number()
    client.ask("stream.open", {"number": number, **argument})
    return number


async def drained(client: Client, stream: int) -> list[Any]:
    values = []
    while not (step := await client.ask("stream.next", stream))["done"]:
        values.append(step["value"])
    return values


@pytest.mark.parametrize("kind", ["Counter", "Slow"])
def test_generators_of_actors(with_client: Run, kind: str):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", kind)
        stream = open_stream(client, actor=actor, method="count_to", args=[5])
        assert await drained(client, stream) == [0, 1, 2, 3, 4]
        assert await client.ask("stream.next", stream) == {"done": True}

    with_client(test)


def test_a_generator_that_raises(with_client: Run):
    async def test(client: Client) -> None:
        actor, _ = client.start("shapes", "Counter")
        stream = open_stream(client, actor=actor, method="count_and_fail", args=[2])
        assert (await client.ask("stream.next", stream))["value"] == 0
        assert (await client.ask("stream.next", stream))["value"] == 1
        with pytest.raises(Failure) as failure:
            await client.ask("stream.next", stream)
        assert failure.value.error.code == "RAY_TASK"
        assert failure.value.error.cause.message == "enough"
        assert await client.ask("stream.next", stream) == {"done": True}

    with_client(test)


def test_a_next_that_is_given_up_loses_nothing(with_client: Run):
    async def test(client: Client) -> None:
        stream = open_stream(client, module="shapes", name="slow_numbers", args=[3], options={"num_cpus": 0})
        given_up = client.ask("stream.next", stream)
        client.abort(given_up)
        with pytest.raises(Failure):
            await given_up
        assert await drained(client, stream) == [0, 1, 2]

    with_client(test)


def test_closing_ends_who_waits(with_client: Run):
    async def test(client: Client) -> None:
        stream = open_stream(client, module="shapes", name="slow_numbers", args=[1000], options={})
        assert (await client.ask("stream.next", stream))["value"] == 0
        waiting = [client.ask("stream.next", stream) for _ in range(3)]
        await client.ask("stream.close", stream)
        answers = await asyncio.gather(*waiting)
        assert answers[-1] == {"done": True}
        assert await client.ask("stream.next", stream) == {"done": True}

    with_client(test)


def test_what_is_no_generator(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        for stream in (
            open_stream(client, actor=actor, method="add", args=[]),
            open_stream(client, module="shapes", name="double", args=[1], options={}),
        ):
            with pytest.raises(Failure, match="is not a generator"):
                await client.ask("stream.next", stream)
        with pytest.raises(Failure, match="has no method 'nothing'"):
            await client.ask("stream.next", open_stream(client, actor=actor, method="nothing", args=[]))

    with_client(test)


def test_tasks(with_client: Run):
    async def test(client: Client) -> None:
        first = client.task("shapes", "double", 21)
        second = client.task("shapes", "double", Handle(1, first), num_cpus=0.5)
        client.release((first, 1))
        assert await client.get(second) == 84
        remote = client.task("shapes", "remote_double", 4)
        assert await client.get(remote) == 8
        with pytest.raises(Failure) as failure:
            await client.get(client.task("shapes", "broken"))
        assert failure.value.error.cause.message == "broken"
        for name, text in [("missing", "has no 'missing'"), ("Counter", "is a class"), ("numbers", "is a generator")]:
            with pytest.raises(Failure, match=text):
                await client.get(client.task("shapes", name))
        with pytest.raises(Failure, match="nonsense"):
            await client.get(client.task("shapes", "double", 1, nonsense=True))

    with_client(test)


def test_tasks_are_cancelled(with_client: Run):
    async def test(client: Client) -> None:
        running = client.task("shapes", "sleep", 100)
        # Never: there are not so many.
        queued = client.task("shapes", "sleep", 0, num_cpus=100)
        assert await client.settled(queued, attempt=True) == 0
        for force, number in ((True, running), (False, queued)):
            await client.ask("object.cancel", {"number": number, "force": force, "recursive": True})
            with pytest.raises(Failure) as failure:
                await client.get(number)
            assert failure.value.error.code in ("TASK_CANCELLED", "WORKER_CRASHED")

    with_client(test)
