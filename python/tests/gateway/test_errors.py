from __future__ import annotations

import asyncio
from typing import Any

import pytest
from client import Client, Failure, Run


def test_what_a_method_raises_is_the_cause(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        error = await failure_of(client, client.invoke(actor, "fail", "not here"))
        assert error.code == "RAY_TASK"
        assert "shapes.py" in error.stack
        assert error.cause.name == "NotFound"
        assert error.cause.message == "not here"
        assert error.cause.properties["status"] == 404
        assert error.cause.properties["pythonType"] == "shapes.NotFound"
        assert await client.get(client.invoke(actor, "add")) == 1

    with_client(test)


def test_exceptions_that_can_not_be_pickled_are_readable(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        error = await failure_of(client, client.invoke(actor, "fail_oddly"))
        assert "stays at home" in f"{error.message} {error.stack} {error.cause}"

    with_client(test)


def test_values_that_can_not_be_sent_say_so(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        held = len(client.session.table)
        function = client.invoke(actor, "function")
        opaque = await client.get(function)
        assert "function" in opaque.type_name
        client.release((function, 1))
        assert len(client.session.table) == held

    with_client(test)


def test_a_constructor_that_raises(with_client: Run):
    async def test(client: Client) -> None:
        number, created = client.start("shapes", "Counter", -1)
        call = client.invoke(number, "add")
        error = await failure_of(client, call)
        assert error.code == "ACTOR_DIED"
        assert error.message.endswith("could not be created: ValueError: can not start at -1")
        assert error.cause.name == "ValueError"
        await created
        with pytest.raises(Failure) as failure:
            await client.ask("actor.ready", number)
        assert failure.value.error.code == "ACTOR_DIED"

    with_client(test)


@pytest.mark.parametrize(
    ("module", "name", "text"),
    [
        ("no_such_module", "Counter", "no Python module 'no_such_module'"),
        ("shapes", "Missing", "'shapes' has no 'Missing'"),
        ("shapes", "constant", "shapes.constant is a int, not a class"),
        ("shapes", "double", "shapes.double is a function, not a class"),
        ("broken_module", "Any", "'broken_module' could not be imported: ZeroDivisionError"),
    ],
)
def test_classes_that_are_not_there(with_client: Run, module: str, name: str, text: str):
    async def test(client: Client) -> None:
        number, created = client.start(module, name)
        call = client.invoke(number, "add")
        with pytest.raises(Failure, match=text) as failure:
            await created
        assert failure.value.error.code == "RAY"
        with pytest.raises(Failure, match=text):
            await client.get(call)
        with pytest.raises(Failure, match=text):
            await client.ask("actor.ready", number)

    with_client(test)


def test_options_that_ray_refuses(with_client: Run):
    async def test(client: Client) -> None:
        _, created = client.start("shapes", "Counter", num_cpus="many")
        with pytest.raises(Failure, match="num_cpus"):
            await created
        _, created = client.start("shapes", "Counter", nonsense=1)
        with pytest.raises(Failure, match="nonsense"):
            await created

    with_client(test)


def test_killed_actors_and_those_that_die(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        sleeping = client.invoke(actor, "sleep", 60)
        await client.ask("actor.ready", await client.create("shapes", "Counter"))
        await client.ask("actor.kill", {"number": actor, "noRestart": True})
        for call in (sleeping, client.invoke(actor, "add")):
            error = await failure_of(client, call)
            assert error.code == "ACTOR_DIED"
            assert len(error.fields["actorId"]) == 32
        again = await client.create("shapes", "Counter", 7, max_restarts=1)
        assert await client.get(client.invoke(again, "add")) == 8
        error = await failure_of(client, client.invoke(again, "die"))
        assert error.code in ("ACTOR_UNAVAILABLE", "ACTOR_DIED")
        assert await client.get(client.call(again, "add", [], max_task_retries=-1)) == 8

    with_client(test)


def test_too_many_pending_calls(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Slow", max_pending_calls=2)
        await client.ask("actor.ready", actor)
        waiting = [client.invoke(actor, "wait") for _ in range(3)]
        error = await failure_of(client, waiting[2])
        assert error.code == "PENDING_CALLS_LIMIT_EXCEEDED"
        await client.ask("actor.kill", {"number": actor, "noRestart": True})
        assert [(await failure_of(client, call)).code for call in waiting[:2]] == ["ACTOR_DIED"] * 2

    with_client(test)


def test_unknown_operations_and_bad_arguments(with_client: Run):
    async def test(client: Client) -> None:
        with pytest.raises(Failure, match="no operation 'nonsense'"):
            await client.ask("nonsense")
        with pytest.raises(Failure, match=r"actor\.create: 'module' is int"):
            await client.ask("actor.create", {"number": 1, "module": 5})
        with pytest.raises(Failure, match="'number' is"):
            await client.ask("actor.kill", {"noRestart": True})

    with_client(test)


async def failure_of(client: Client, number: int) -> Any:
    with pytest.raises(Failure) as failure:
        await asyncio.wait_for(client.get(number), 30)
    return failure.value.error
