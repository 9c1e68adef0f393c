"""Tasks in TypeScript, with a stand-in for the Node child of Ray's workers."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from klaw_agent.errors import RayTaskError, TaskCancelledError, WorkerCrashedError
from klaw_agent.javascript_error import JavaScriptError
from tests.gateway.client import Handle
from tests.host.actors import Host, run
from tests.host.processes import parent_of, until_gone
from tests.host.test_actors import failure_of


def test_a_child_stays_for_the_next_task(cluster: Any):
    async def test(host: Host) -> None:
        value, stored = host.client.put([1, 2])
        await stored
        first = await host.client.get(host.submit("plain", None, 5, resolved=[Handle(1, value)]))
        assert first["args"] == [[1, 2], 5]
        second = await host.client.get(host.submit("plain", 6))
        assert (second["pid"], second["count"]) == (first["pid"], first["count"] + 1)

    run(test)


def test_what_it_throws_and_code_that_is_wrong(cluster: Any):
    async def test(host: Host) -> None:
        thrown = await failure_of(host.client.get(host.submit("Throws")))
        assert isinstance(thrown, RayTaskError)
        assert isinstance(thrown.cause, JavaScriptError)
        assert str(thrown.cause) == "TypeError: no such thing"
        host.module = "0" * 64
        missing = await failure_of(host.client.get(host.submit("plain")))
        assert "the cluster has no code under 000" in str(missing)

    run(test)


def test_a_child_that_dies_takes_the_worker_along_and_the_task_is_tried_again(cluster: Any, tmp_path: Path):
    async def test(host: Host) -> None:
        crashed = await failure_of(host.client.get(host.submit("Exits", max_retries=0)))
        assert isinstance(crashed, WorkerCrashedError)
        again = await host.client.get(host.submit("DiesOnce", str(tmp_path / "once"), max_retries=1))
        assert again["args"] == [str(tmp_path / "once")]

    run(test)


def test_a_task_that_is_cancelled_is_aborted(cluster: Any, tmp_path: Path):
    async def test(host: Host) -> None:
        before = await host.client.get(host.submit("plain"))
        for name, stays in (("sleeps", True), ("stubborn", False)):
            running = host.submit(name, str(tmp_path / name))
            await until_there(tmp_path / name)
            await host.client.ask("object.cancel", {"number": running, "force": False, "recursive": True})
            assert isinstance(await failure_of(host.client.get(running)), TaskCancelledError)
            after = await host.client.get(host.submit("plain"))
            assert (after["pid"] == before["pid"]) is stays
            assert after["aborted"] == (before["aborted"] + 1 if stays else 0)
        until_gone(before["pid"])

    run(test)


def test_a_worker_that_is_killed_takes_its_child_along(cluster: Any, tmp_path: Path):
    async def test(host: Host) -> None:
        child = (await host.client.get(host.submit("plain")))["pid"]
        running = host.submit("sleeps", str(tmp_path / "sleeps"), max_retries=0)
        await until_there(tmp_path / "sleeps")
        os.kill(parent_of(child), signal.SIGKILL)
        assert isinstance(await failure_of(host.client.get(running)), WorkerCrashedError)
        until_gone(child)

    run(test)


@pytest.mark.parametrize("name", ["waits", "idles"])
def test_a_task_that_waits_lends_its_cpu(cluster: Any, tmp_path: Path, name: str):
    import ray

    @ray.remote(num_cpus=1)
    def inner(said: str) -> str:
        return said

    class Gate:
        """Opens once."""

        def __init__(self) -> None:
            self._opened: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def wait(self) -> str:
            return await self._opened

        async def open(self, said: str) -> None:
            self._opened.set_result(said)

    async def test(host: Host) -> None:
        # The only CPU is the task's, and what it waits for needs it.
        gate = ray.remote(Gate).options(num_cpus=0).remote()
        needed = inner.remote(gate.wait.remote())
        started = tmp_path / name
        waiting = host.submit(name, str(started), handles=[host.adopt(needed)])
        await until_there(started)
        await gate.open.remote("open")
        assert await needed == "open"
        if name == "idles":
            # It waits for something that Ray does not know of.
            started.unlink()
        assert (await host.client.get(waiting))["result"] == "settled"

    run(test)


async def until_there(path: Path) -> None:
    """What the path stands for has been begun by another process."""
    while not path.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.01)
