"""Actors and tasks in TypeScript with the Node child as it was built."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from klaw_agent.errors import ActorDiedError, OutOfMemoryError, RayTaskError
from klaw_agent.host.parcels import hash_of
from klaw_agent.javascript_error import JavaScriptError
from tests.gateway.client import Handle
from tests.host import actors
from tests.host.actors import Host
from tests.host.processes import parent_of, until_gone
from tests.host.test_actors import failure_of

ROOT = Path(__file__).parents[3]
#: For the fixture `cluster`: no stand-in.
NODE = None

pytestmark = [
    pytest.mark.skipif(not (ROOT / "dist/entry/ray-host.js").exists(), reason="dist/ has not been built"),
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js"),
]

MODULE = b"""import { actor, currentRuntime, task } from '@klaw/core'
export const Counter = actor(import.meta, class Counter {
  #value
  constructor(start) {
    if (start < 0) throw new RangeError(`can not start at ${start}`)
    this.#value = start
  }
  next() { return ++this.#value }
  echo(value) { return value }
  pid() { return process.pid }
  kind() { return currentRuntime().kind }
  throw() { throw Object.assign(new TypeError('boom'), { status: 404 }) }
  async sleep() {
    await new Promise((resolve) => setTimeout(resolve, 1e6))
  }
  *count(end) { for (let number = 0; number < end; number++) yield number }
  spin() { for (;;); }
  exit(code) { process.exit(code) }
  fail() { setTimeout(() => { throw new TypeError('uncaught') }, 1) }
  async through(size) {
    const [sender, receiver] = await currentRuntime().channel({ capacity: 2 })
    await sender.send(new Uint8Array(size).fill(7))
    const received = await receiver.recv()
    return [received.length, received[size - 1]]
  }
  full() { const kept = []; for (;;) kept.push(new Array(1e6).fill({})) }
})
export const double = task(import.meta, function double(value) { return [value * 2, process.pid] })
export const waits = task(import.meta, async function waits(refs) { return await refs[0] })
export const nests = task(import.meta, async function nests(depth) {
  return depth === 0 ? 1 : 1 + (await deeper(depth - 1))
})
// Inside of the function its name means itself.
const deeper = (depth) => currentRuntime().task(nests).remote(depth)
export const spins = task(import.meta, function spins() { for (;;); })
"""
METHODS = dict.fromkeys(
    ("next", "echo", "pid", "kind", "throw", "sleep", "spin", "exit", "fail", "full", "through"), "value"
) | {"count": "stream"}


def built() -> dict[str, bytes]:
    package = "node_modules/@klaw/core/"
    files = {f"{package}package.json": (ROOT / "package.json").read_bytes()}
    for path in (ROOT / "dist").rglob("*.js"):
        name = path.relative_to(ROOT / "dist").as_posix()
        if not name.startswith("cli/") and name != "cluster.js":
            files[f"{package}dist/{name}"] = path.read_bytes()
    return files


@pytest.fixture(autouse=True)
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "RUNTIME", built())
    monkeypatch.setattr(actors, "MODULE", {"module.mjs": MODULE})
    monkeypatch.setattr(actors, "METHODS", METHODS)


def run(test: Any) -> None:
    actors.run(test)


def test_python_calls_an_actor(cluster: Any):
    async def test(host: Host) -> None:
        assert host.module == hash_of([("module.mjs", MODULE)])
        number = await host.create(5)
        located = await host.client.ask("typescript.locate", number)
        assert located["port"] > 0
        assert len(bytes.fromhex(located["token"])) == 32
        actor = host.handle(number)
        assert [await actor.next.remote() for _ in range(3)] == [6, 7, 8]
        assert await actor.kind.remote() == "ray"
        value = {"a": [1, None, "ä", b"x" * 3_000_000]}
        assert await actor.echo.remote(value) == value
        assert [await ref async for ref in actor.count.remote(3)] == [0, 1, 2]
        thrown = (await failure_of(actor.throw.remote())).cause
        assert isinstance(thrown, JavaScriptError)
        assert (thrown.name, thrown.message, thrown.properties) == ("TypeError", "boom", {"status": 404})
        assert "module.mjs:12" in (thrown.stack or "")
        ref = cluster.put("of Python")
        [same] = await actor.echo.remote([ref])
        assert same == ref
        assert await actor.echo.remote(ref) == "of Python"

    run(test)


def test_tasks_that_wait_for_tasks_do_not_stand_still(cluster: Any):
    async def test(host: Host) -> None:
        # There is one CPU.
        assert await host.client.get(host.submit("nests", 3)) == 4

    run(test)


def test_an_actor_hands_large_messages_to_the_hub(cluster: Any):
    async def test(host: Host) -> None:
        actor = host.handle(await host.create(0))
        assert await actor.through.remote(5_000_000) == [5_000_000, 7]

    run(test)


def test_a_constructor_that_throws(cluster: Any):
    async def test(host: Host) -> None:
        died = await failure_of(host.client.ask("typescript.locate", await host.create(-1)))
        assert isinstance(died, ActorDiedError)
        assert "RangeError: can not start at -1" in str(died)
        assert isinstance(died.cause, JavaScriptError)
        missing = await failure_of(host.client.ask("typescript.locate", await host.create(1, name="Nobody")))
        assert "/app/shapes.ts" in str(missing)
        assert "Nobody" in str(missing)

    run(test)


@pytest.mark.parametrize(
    ("method", "message"),
    [("exit", "ended with exit code 5"), ("fail", "uncaught error: TypeError: uncaught"), ("full", "out of memory")],
)
def test_a_child_that_ends_by_itself(cluster: Any, method: str, message: str):
    async def test(host: Host) -> None:
        # A small heap is full soon.
        environment = {"env_vars": {"NODE_OPTIONS": "--max-old-space-size=40"}} if method == "full" else {}
        number = await host.create(0, runtime_env=environment)
        actor = host.handle(number)
        child = await actor.pid.remote()
        waiting = actor.sleep.remote()
        getattr(actor, method).remote(*([5] if method == "exit" else []))
        await failure_of(waiting)
        died = await failure_of(host.client.ask("typescript.locate", number))
        assert isinstance(died, ActorDiedError)
        assert message in str(died)
        assert isinstance(died.cause, OutOfMemoryError) is (method == "full")
        until_gone(child)

    run(test)


@pytest.mark.parametrize("end", ["kill", "worker", "scope"])
@pytest.mark.parametrize("is_busy", [False, True])
def test_nothing_is_left_of_an_actor_that_ends(cluster: Any, end: str, is_busy: bool):
    async def test(host: Host) -> None:
        number = await host.create(0)
        actor = host.handle(number)
        child = await actor.pid.remote()
        worker = parent_of(child)
        # A thread that never comes back to its events.
        spinning = actor.spin.remote() if is_busy else None
        if end == "worker":
            os.kill(worker, signal.SIGKILL)
        elif end == "kill" or is_busy:
            await host.client.ask("actor.kill", {"number": number, "noRestart": True})
        else:
            del actor
            host.client.release((number, 1))
        until_gone(child)
        until_gone(worker)
        if spinning is not None:
            await failure_of(spinning)

    run(test)


def test_tasks(cluster: Any):
    import ray

    @ray.remote(num_cpus=1)
    def inner() -> str:
        return "inner"

    async def test(host: Host) -> None:
        first, child = await host.client.get(host.submit("double", 21))
        second = await host.client.get(host.submit("double", 4))
        assert (first, second) == (42, [8, child])
        spinning = host.submit("spins")
        await host.client.ask("object.cancel", {"number": spinning, "force": True, "recursive": True})
        assert isinstance(await failure_of(host.client.get(spinning)), Exception)
        # The ref is the task's only argument's only element; what it stands for needs the only CPU, which is the task's.
        gate = host.submit("double", 1)
        waiting = host.submit("waits", [Handle(1, 0)], handles=[Handle(1, gate)])
        assert (await host.client.get(waiting))[0] == 2
        wrong = await failure_of(host.client.get(host.submit("nobody")))
        assert isinstance(wrong, RayTaskError)
        assert await inner.remote() == "inner"

    run(test)
