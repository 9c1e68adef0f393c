"""Actors in TypeScript as Python sees them, with a stand-in for their Node child."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from klaw_agent.errors import ActorDiedError, KlawError, RayTaskError
from klaw_agent.javascript_error import JavaScriptError
from tests.gateway.client import Failure, Handle
from tests.host.actors import METHODS, Host, run


async def failure_of(awaitable: Any) -> Any:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        await awaitable
    return caught.value.error if isinstance(caught.value, Failure) else caught.value


def test_an_actor_gets_its_arguments_and_says_where_it_is(cluster: Any):
    async def test(host: Host) -> None:
        value, stored = host.client.put({"large": [1, 2, 3]})
        await stored
        other, stored = host.client.put("inside")
        await stored
        number = await host.create(
            1, None, "x", resolved=[Handle(1, value)], handles=[Handle(1, other)], limits={"maxConcurrency": 7}
        )
        located = await host.client.ask("typescript.locate", number)
        assert located["description"] == {
            "language": "typescript",
            "module": "/app/shapes.ts",
            "name": "Counter",
            "methods": METHODS,
            "asynchronous": True,
        }
        assert (located["maxTaskRetries"], located["maxPendingCalls"], located["tls"]) == (0, -1, False)
        assert len(located["instance"]) == 32
        await host.client.ask("actor.ready", number)
        created = await host.handle(number).created.remote()
        assert created["args"] == [1, {"large": [1, 2, 3]}, "x"]
        assert created["maxConcurrency"] == 7
        assert created["id"] == host.handle(number)._actor_id.hex()
        assert created["path"].endswith("/module.mjs")

    run(test)


def test_python_calls_its_methods(cluster: Any):
    async def test(host: Host) -> None:
        actor = host.handle(await host.create())
        assert await actor.echo.remote(1, {"a": [b"2", None]}, "ä" * 2_000_000) == [
            1,
            {"a": [b"2", None]},
            "ä" * 2_000_000,
        ]
        # Ray does not promise an order among calls of an async actor.
        counted = await asyncio.gather(*[actor.next.remote() for _ in range(50)])
        assert sorted(counted) == list(range(1, 51))
        assert [await ref async for ref in actor.count.remote(3)] == [0, 1, 2]
        with pytest.raises(TypeError, match="keyword"):
            actor.echo.remote(a=1)

    run(test)


def test_what_it_throws_arrives(cluster: Any):
    import ray

    async def test(host: Host) -> None:
        actor = host.handle(await host.create())
        thrown = await failure_of(actor.throw.remote())
        assert isinstance(thrown, ray.exceptions.RayTaskError)
        assert isinstance(thrown, JavaScriptError)
        assert isinstance(thrown.cause, JavaScriptError)
        assert (thrown.cause.name, thrown.cause.message) == ("MyError", "boom")
        assert thrown.cause.properties == {"status": 404}
        assert "MyError: boom" in str(thrown)
        assert "child_session" not in str(thrown)
        refs = [ref async for ref in actor.count.remote(20)]
        assert [await ref for ref in refs[:13]] == list(range(13))
        assert str((await failure_of(refs[13])).cause) == "RangeError: thirteen"
        assert len(refs) == 14
        assert await actor.echo.remote(1) == [1]

    run(test)


PLAIN_DRIVER = """
import sys, ray
try:
    import klaw_agent
    sys.exit("klaw_agent is here")
except ImportError:
    pass
ray.init(sys.argv[1], namespace="tests", log_to_driver=False, configure_logging=False)
actor = ray.get_actor("plain")
print(ray.get(actor.echo.remote(1, "x")))
print([ray.get(ref) for ref in actor.count.remote(2)])
try:
    ray.get(actor.throw.remote())
except Exception as error:
    print(type(error.cause).__name__, error.cause, error.cause.properties)
"""


def test_a_plain_python_program_can_read_all_that(cluster: Any, tmp_path: Any):
    async def test(host: Host) -> None:
        named = await host.create(ray_name="plain")
        await host.client.ask("actor.ready", named)
        address = cluster.get_runtime_context().gcs_address
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", PLAIN_DRIVER, address],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [
            "[1, 'x']",
            "[0, 1]",
            "JavaScriptError MyError: boom {'status': 404}",
        ]

    run(test)


def test_questions_do_not_exceed_the_limit_of_pending_calls(cluster: Any):
    async def test(host: Host) -> None:
        number = await host.create(limits={"maxPendingCalls": 1})
        client = host.client
        questions = [client.ask(name, number) for name in ("typescript.locate", "actor.ready") for _ in range(10)]
        client.abort(questions[0])
        answers = await asyncio.gather(*questions, return_exceptions=True)
        assert isinstance(answers[0], Failure)
        assert {answer["maxPendingCalls"] for answer in answers[1:10]} == {1}
        assert answers[10:] == [None] * 10

    run(test)


def test_others_see_what_it_is(cluster: Any):
    async def test(host: Host) -> None:
        number, answer = host.start(name="Counter", limits={})
        description = (await answer)["description"]
        assert description["language"] == "typescript"
        assert description["asynchronous"] is True
        # In a value that comes from elsewhere too.
        ref, stored = host.client.put({"actor": Handle(2, number)})
        await stored
        shown = (await host.client.get(ref))["actor"]
        assert shown.body[2] == description

    run(test)


def test_a_cancelled_call_is_aborted(cluster: Any):
    import ray

    async def test(host: Host) -> None:
        actor = host.handle(await host.create())
        assert await actor.aborted.remote() == 0
        sleeping = actor.sleep.remote()
        assert await actor.aborted.remote() == 0
        ray.cancel(sleeping)
        assert isinstance(await failure_of(sleeping), ray.exceptions.TaskCancelledError | ray.exceptions.RayTaskError)
        while await actor.aborted.remote() == 0:
            pass

    run(test)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("Throws", JavaScriptError, "TypeError: no such thing"),
        ("Missing", KlawError, "shapes.ts exports no class Missing"),
        ("Exits", KlawError, "exit code 7"),
    ],
)
def test_a_constructor_that_fails_is_what_the_actor_has_died_of(
    cluster: Any, name: str, kind: type[BaseException], message: str
):
    async def test(host: Host) -> None:
        number = await host.create(name=name)
        for operation in ("typescript.locate", "actor.ready"):
            died = await failure_of(host.client.ask(operation, number))
            assert isinstance(died, ActorDiedError)
            assert message in str(died)
            assert isinstance(died.cause, kind)
            assert message in str(died.cause)

    run(test)


def test_a_node_without_node_says_so(cluster: Any):
    async def test(host: Host) -> None:
        number = await host.create(runtime_env={"env_vars": {"KLAW_NODE": "/nowhere/node"}})
        died = await failure_of(host.client.ask("typescript.locate", number))
        assert isinstance(died, ActorDiedError)
        assert "which the cluster's node 127." in str(died)
        assert "KLAW_NODE (/nowhere/node): none" in str(died)

    run(test)


def test_code_that_comes_late_and_code_that_is_wrong(cluster: Any):
    async def test(host: Host) -> None:
        client = host.client
        number = client.number()
        argument = {
            "number": number,
            "code": None,
            "args": [],
            "handles": [],
            "resolved": [],
            "options": {"num_cpus": 0},
            "maxConcurrency": None,
            "maxTaskRetries": 0,
            "maxPendingCalls": -1,
        }
        created = client.ask("typescript.create", argument)
        located = client.ask("typescript.locate", number)
        await asyncio.sleep(0.05)
        assert not created.done()
        client.ask("typescript.code", {"number": number, "code": host.code(methods=METHODS, asynchronous=False)})
        assert (await created)["description"]["asynchronous"] is False
        assert (await located)["port"] == 1
        number = client.number()
        created = client.ask("typescript.create", {**argument, "number": number})
        located = client.ask("typescript.locate", number)
        client.ask("typescript.code", {"number": number, "error": KlawError("shapes.ts:3:1: unexpected token")})
        for answer in (created, located):
            assert "unexpected token" in str(await failure_of(answer))
        number = client.number()
        odd = {**argument, "number": number, "code": host.code(methods={"__init__": "value"}, asynchronous=False)}
        assert "belong to Python" in str(await failure_of(client.ask("typescript.create", odd)))

    run(test)


def test_only_actors_in_typescript_can_be_located(cluster: Any):
    async def test(host: Host) -> None:
        number = await host.client.create("ray.util.queue", "_QueueActor", 0)
        assert "is no actor in TypeScript" in str(await failure_of(host.client.ask("typescript.locate", number)))
        assert not isinstance(await failure_of(host.client.ask("typescript.locate", 99999)), RayTaskError)

    run(test)
