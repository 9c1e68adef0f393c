"""How actors in TypeScript end, and that nothing of them is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from klaw_agent.errors import ActorDiedError, OutOfMemoryError, RayError
from klaw_agent.host.last_words import read_last_words
from klaw_agent.javascript_error import JavaScriptError
from tests.host.actors import Host, run
from tests.host.processes import is_there, parent_of, until_gone
from tests.host.test_actors import failure_of


@pytest.mark.parametrize(
    ("method", "arguments", "message", "kind", "cause"),
    [
        ("exit", (3,), "its Node process ended with exit code 3", RayError, None),
        ("exit", (0,), "its Node process ended with exit code 0", RayError, None),
        ("signal", (signal.SIGKILL,), "its Node process ended by SIGKILL", RayError, None),
        ("signal", (signal.SIGABRT,), "its Node process ended by SIGABRT", RayError, None),
        ("fail", (), "uncaught error: TypeError: uncaught", RayError, JavaScriptError),
        ("full", (), "out of memory: its heap was full", OutOfMemoryError, None),
    ],
)
def test_a_child_that_ends_by_itself_takes_the_actor_along(
    cluster: Any, method: str, arguments: tuple[Any, ...], message: str, kind: type[Any], cause: type[Any] | None
):
    import ray

    async def test(host: Host) -> None:
        number = await host.create()
        actor = host.handle(number)
        child = await actor.pid.remote()
        worker = parent_of(child) if is_there(child) else 0
        idle = actor.sleep.remote()
        lost = getattr(actor, method).remote(*map(int, arguments))
        for ref in (idle, lost):
            assert isinstance(await failure_of(ref), ray.exceptions.ActorDiedError)
        died = await failure_of(host.client.ask("typescript.locate", number))
        assert isinstance(died, ActorDiedError)
        assert message in str(died)
        assert type(died.cause) is kind
        assert cause is None or isinstance(died.cause.cause, cause)
        assert message in str(await failure_of(host.client.ask("actor.ready", number)))
        until_gone(child)
        until_gone(worker)

    run(test)


def test_it_is_started_again_and_forgets_what_it_died_of(cluster: Any):
    import ray

    async def test(host: Host) -> None:
        number = await host.create("x", max_restarts=2, limits={"maxTaskRetries": 1})
        actor = host.handle(number)
        first = await host.client.ask("typescript.locate", number)
        child = await actor.pid.remote()
        os.kill(child, signal.SIGKILL)
        # What was asked of the first one is asked of the second.
        assert (await actor.created.remote())["args"] == ["x"]
        second = await host.client.ask("typescript.locate", number)
        assert first["instance"] != second["instance"]
        assert read_last_words(actor._actor_id.hex()) is None
        with pytest.raises(ray.exceptions.ActorDiedError):
            await actor.exit.remote(4)
        died = await failure_of(host.client.ask("typescript.locate", number))
        assert "exit code 4" in str(died)

    run(test)


def test_a_child_that_is_killed_in_its_constructor_is_started_again(cluster: Any, tmp_path: Path):
    async def test(host: Host) -> None:
        number = await host.create(str(tmp_path / "once"), name="DiesOnce", max_restarts=1)
        await host.client.ask("typescript.locate", number)
        number = await host.create(str(tmp_path / "again"), name="DiesOnce")
        died = await failure_of(host.client.ask("typescript.locate", number))
        assert isinstance(died, ActorDiedError)
        assert "ended by SIGKILL" in str(died)

    run(test)


@pytest.mark.parametrize("end", ["kill", "worker", "scope", "terminate"])
def test_nothing_is_left_of_an_actor_that_ends(cluster: Any, end: str):
    import ray

    async def test(host: Host) -> None:
        number = await host.create()
        actor = host.handle(number)
        child = await actor.pid.remote()
        worker = parent_of(child)
        busy = actor.sleep.remote() if end in ("kill", "worker") else None
        if end == "kill":
            await host.client.ask("actor.kill", {"number": number, "noRestart": True})
        elif end == "worker":
            os.kill(worker, signal.SIGKILL)
        elif end == "terminate":
            actor.__ray_terminate__.remote()
        else:
            del actor
            host.client.release((number, 1))
        until_gone(child)
        until_gone(worker)
        if busy is not None:
            assert isinstance(await failure_of(busy), ray.exceptions.RayError)

    run(test)


def test_the_end_of_a_session_ends_its_actors(cluster: Any):
    children: list[int] = []

    async def test(host: Host) -> None:
        actor = host.handle(await host.create())
        children.append(await actor.pid.remote())

    run(test)
    until_gone(children[0])
