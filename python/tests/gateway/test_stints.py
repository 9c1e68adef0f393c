"""Calls that share tasks of Ray's give what calls give that are tasks of their own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: the gateway can not be tested")

from client import Failure, Handle, Run

from klaw_agent.gateway.stints.heat import Heat
from klaw_agent.gateway.stints.line import Line

SHAPES = "stint_shapes"


def line_of(client: Any, actor: int) -> Line:
    entry = client.session.table.actor(actor)
    line = client.session._calls.stints.line_of(entry)
    assert line is not None
    return line


class Hot(Heat):
    """However slow the machine is."""

    def call(self) -> bool:
        return True


async def warm(client: Any, actor: int, method: str = "echo") -> Line:
    """From now on all calls share tasks that can. The actor's process is connected."""
    line = line_of(client, actor)
    line.heat = Hot()
    deadline = asyncio.get_running_loop().time() + 30
    while not line.is_connected:
        await asyncio.gather(*(client.get(client.invoke(actor, method, 0)) for _ in range(8)))
        assert asyncio.get_running_loop().time() < deadline
    return line


async def there(path: Path) -> None:
    """The file is."""
    while not path.exists():  # noqa: ASYNC110, ASYNC240 - nobody says so
        await asyncio.sleep(0.002)


async def outcome(client: Any, number: int) -> Any:
    try:
        return await client.get(number)
    except Failure as failure:
        return failure.error


def test_calls_in_flight_run_once_and_in_order(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        line = await warm(client, actor)
        count = 1000
        results = await asyncio.gather(*(client.get(client.invoke(actor, "add", n)) for n in range(count)))
        assert results == list(range(1, count + 1))
        assert line.stints > 0
        assert line.shared >= count
        assert await client.get(client.invoke(actor, "all")) == list(range(count))

    with_client(test)


def test_calls_one_at_a_time_share_a_task(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        line = await warm(client, actor)
        before, stints = line.shared, line.stints
        for n in range(300):
            assert await client.get(client.invoke(actor, "add", n)) == n + 1
        assert line.shared - before > 100
        assert line.stints - stints < line.shared - before

    with_client(test)


def test_lone_calls_are_tasks_of_their_own(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        for n in range(3):
            assert await client.get(client.invoke(actor, "add", n)) == n + 1
        assert line_of(client, actor).shared == 0

    with_client(test)


PLAIN: list[Any] = [None, True, 0, -1, 2**63, -(2**63), 1.5, float("inf"), "", "text", b"bytes", [], {}, [1, [2]]]
PLAIN += [{"a": [None, {"b": b""}]}]


def test_plain_values_go_there_and_back(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        line = await warm(client, actor)
        for value in PLAIN:
            before = line.shared
            results = await asyncio.gather(*(client.get(client.invoke(actor, "echo", value)) for _ in range(8)))
            assert results == [value] * 8
            assert {type(result) for result in results} == {type(value)}
            assert line.shared == before + 8

    with_client(test)


def test_results_that_are_not_plain_are_rays(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor, other = await client.create(SHAPES, "Ledger"), await client.create("shapes", "Counter")
        line = await warm(client, actor)
        numbers = []
        for _ in range(3):
            numbers.append(client.invoke(actor, "add", "x"))
            numbers += [client.invoke(actor, method) for method in ("pair", "opaque", "twice")]
            numbers.append(client.invoke(actor, "large", 200_000))
        results = await asyncio.gather(*(client.get(number) for number in numbers))
        assert results[0::5] == [1, 2, 3]
        assert results[1::5] == [[1, 2]] * 3
        assert [result.type_name for result in results[2::5]] == ["stint_shapes.Opaque"] * 3
        assert results[3::5] == [[[1], [1]]] * 3
        assert results[4::5] == [bytes(200_000)] * 3
        # As Ray has it: a tuple is one, where it goes on to.
        for number in numbers[1::5]:
            assert await client.get(client.invoke(other, "kind_of", Handle(1, number))) == "builtins.tuple"
        assert line.shared > 0
        # Some of the methods do it no more.
        assert line.fitness.ends_too_often("pair")
        assert not line.fitness.ends_too_often("add")

    with_client(test)


def test_errors_are_those_of_tasks(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        cold = await outcome(client, client.invoke(actor, "fail", 1))
        line = await warm(client, actor)
        before = line.shared
        numbers = [client.invoke(actor, "echo", 0), client.invoke(actor, "fail", 1), client.invoke(actor, "add", 2)]
        assert await client.get(numbers[0]) == 0
        hot = await outcome(client, numbers[1])
        assert await client.get(numbers[2]) == 3
        assert line.shared - before == 3
        assert (type(hot), hot.message, hot.name) == (type(cold), cold.message, cold.name)
        assert hot.fields == cold.fields
        assert (type(hot.cause), hot.cause.message) == (type(cold.cause), cold.cause.message)
        assert hot.cause.properties == cold.cause.properties
        assert hot.cause.hidden.keys() == cold.cause.hidden.keys()
        assert "in fail" in hot.stack
        assert "klaw_agent" not in hot.stack
        # Passed on, it fails what gets it.
        passed = await outcome(client, client.invoke(actor, "echo", Handle(1, numbers[1])))
        assert "odd 1" in str(passed.message) + str(passed.cause)

    with_client(test)


def test_errors_that_can_not_be_pickled(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        cold = await outcome(client, client.invoke(actor, "fail_unpicklably"))
        await warm(client, actor)
        number = client.invoke(actor, "fail_unpicklably")
        after = client.invoke(actor, "add", 1)
        hot = await outcome(client, number)
        assert await client.get(after) == 1
        assert type(hot) is type(cold)
        assert "Unpicklable" in hot.message
        assert "Unpicklable" in cold.message

    with_client(test)


def test_what_can_not_share_keeps_its_place(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        line = await warm(client, actor)
        before = line.shared
        kept, stored = client.put("kept")
        await stored
        numbers = []
        for n in range(20):
            numbers.append(client.invoke(actor, "add", n))
            numbers.append(client.invoke(actor, "add", Handle(1, kept)))
            numbers.append(client.call(actor, "add", [n], name="named"))
        results = await asyncio.gather(*(client.get(number) for number in numbers))
        assert results == list(range(1, 61))
        assert line.shared > before
        expected = [value for n in range(20) for value in (n, "kept", n)]
        assert await client.get(client.invoke(actor, "all")) == expected

    with_client(test)


def test_what_goes_another_way_is_not_overtaken(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        line = await warm(client, actor)
        before = line.shared
        kept, stored = client.put("kept")
        await stored
        for start in range(0, 200, 4):
            # The stint waits for the next call.
            assert await client.get(client.invoke(actor, "add", 0)) == start + 1
            other_way = (
                client.call(actor, "add", [0], name="named")
                if start % 8
                else client.invoke(actor, "add", Handle(1, kept))
            )
            numbers = [other_way, client.invoke(actor, "add", 0), client.invoke(actor, "add", 0)]
            assert [await client.get(number) for number in numbers] == [start + 2, start + 3, start + 4]
        assert line.shared - before == 150

    with_client(test)


def test_results_to_come_are_arguments(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor, other = await client.create(SHAPES, "Ledger"), await client.create("shapes", "Counter")
        await warm(client, actor)
        pending = [client.invoke(actor, "add", n) for n in range(5)]
        seen = [client.invoke(other, "see", Handle(1, number)) for number in pending]
        inside = client.invoke(other, "keep", [Handle(1, number) for number in pending])
        same = client.invoke(actor, "echo", Handle(1, pending[0]))
        assert await asyncio.gather(*(client.get(number) for number in seen)) == [1, 2, 3, 4, 5]
        assert await client.get(inside) == 5
        assert await client.get(client.invoke(other, "get_kept")) == [1, 2, 3, 4, 5]
        assert await client.get(same) == 1
        assert await asyncio.gather(*(client.get(number) for number in pending)) == [1, 2, 3, 4, 5]

    with_client(test)


def test_pending_calls_are_watched(with_client: Run, tmp_path: Path) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        await warm(client, actor)
        gate = tmp_path / "gate"
        first = client.invoke(actor, "wait_for", str(gate))
        second = client.invoke(actor, "echo", 1)
        assert await client.settled(second, attempt=True) == 0
        watched = asyncio.ensure_future(client.settled(second))
        gate.touch()
        assert await watched == 1
        assert await client.settled(first) == 1

    with_client(test)


def test_a_result_does_not_wait_for_the_next_call(with_client: Run, tmp_path: Path) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        await warm(client, actor)
        gate = tmp_path / "gate"
        first, second = client.invoke(actor, "echo", 1), client.invoke(actor, "wait_for", str(gate))
        assert await client.get(first) == 1
        gate.touch()
        assert await client.get(second) == str(gate)

    with_client(test)


def test_wrong_calls_are_refused_as_ever(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        calls = [("nothing", ()), ("two", ()), ("two", (1, 2, 3)), ("numbers", (2,)), ("__init__", ())]
        cold = [await outcome(client, client.invoke(actor, name, *args)) for name, args in calls]
        await warm(client, actor)
        hot = [await outcome(client, client.invoke(actor, name, *args)) for name, args in calls]
        assert [(type(error), error.message) for error in hot] == [(type(error), error.message) for error in cold]
        assert await client.get(client.invoke(actor, "two", 1)) == [1, None]
        assert await client.get(client.invoke(actor, "shared", 1)) == 2

    with_client(test)


def test_what_a_method_knows_of_itself(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        line = await warm(client, actor)
        cold = await client.get(client.call(actor, "context", [], name="alone"))
        before = line.shared
        context = (await asyncio.gather(*(client.get(client.invoke(actor, "context")) for _ in range(8))))[-1]
        assert line.shared > before
        assert (context["actor"], context["node"]) == (cold["actor"], cold["node"])
        assert context["task"] == "Ledger (calls)"

    with_client(test)


def test_calls_are_cancelled_before_they_begin(with_client: Run, tmp_path: Path) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        await warm(client, actor)
        gate = tmp_path / "gate"
        blocked = client.invoke(actor, "wait_for", str(gate))
        await there(tmp_path / "gate.begun")
        calls = [client.invoke(actor, "add", n) for n in range(100)]
        dropped = {0, 5, 62, 63, 64, 90, 99}
        for n in sorted(dropped):
            await client.ask("object.cancel", {"number": calls[n], "force": False, "recursive": True})
        await client.ask("object.cancel", {"number": blocked, "force": False, "recursive": True})
        with pytest.raises(Failure, match="force"):
            await client.ask("object.cancel", {"number": calls[1], "force": True, "recursive": True})
        gate.touch()
        outcomes = await asyncio.gather(*(outcome(client, number) for number in calls))
        assert {n for n, one in enumerate(outcomes) if type(one).__name__ == "TaskCancelledError"} == dropped
        assert await client.get(blocked) == str(gate)
        assert await client.get(client.invoke(actor, "all")) == [n for n in range(100) if n not in dropped]

    with_client(test)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Ledger", {"max_concurrency": 4}),
        ("Ledger", {"max_pending_calls": 100_000}),
        ("Ledger", {"max_restarts": 1, "max_task_retries": 1}),
        ("Asynchronous", {}),
        ("GroupedActor", {}),
    ],
)
def test_actors_of_another_kind_have_tasks(with_client: Run, name: str, options: dict[str, Any]) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, name, **options)
        line = line_of(client, actor)
        for _ in range(20):
            results = await asyncio.gather(*(client.get(client.invoke(actor, "add", 1)) for _ in range(10)))
            assert len(results) == 10
        assert line.shared == 0
        assert not line.is_connected

    with_client(test)


def test_a_group_runs_beside_the_others(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "GroupedActor")
        for _ in range(20):
            await asyncio.gather(*(client.get(client.invoke(actor, "add", 1)) for _ in range(10)))
        waiting = client.invoke(actor, "wait")
        client.invoke(actor, "open")
        assert await client.get(waiting) is True

    with_client(test)


def test_an_actor_ends_with_its_last_handle_when_all_is_done(with_client: Run, tmp_path: Path) -> None:
    async def test(client: Any) -> None:
        path = tmp_path / "ledger"
        actor = await client.create(SHAPES, "Ledger", str(path))
        await warm(client, actor)
        process = await client.get(client.invoke(actor, "process"))
        numbers = [client.invoke(actor, "add", n) for n in range(300)]
        client.release((actor, 1))
        assert len(await asyncio.gather(*(client.get(number) for number in numbers))) == 300
        while os.path.exists(f"/proc/{process}"):  # noqa: ASYNC110, ASYNC240, PTH110 - nobody says so
            await asyncio.sleep(0.02)
        assert path.read_text().split() == [str(n) for n in range(300)]

    if not Path("/proc/self").exists():
        pytest.skip("processes are looked up in /proc")
    with_client(test)


def test_calls_whose_results_nobody_wants_run(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        await warm(client, actor)
        for n in range(300):
            client.release((client.invoke(actor, "add", n), 1))
        assert await client.get(client.invoke(actor, "all")) == list(range(300))

    with_client(test)


def test_sessions_take_turns(with_client: Run) -> None:
    async def test(client: Any) -> None:
        import client as clients

        name = f"ledger-{os.getpid()}"
        actor = await client.create(SHAPES, "Ledger", name=name, namespace="tests")
        others = clients.Client()
        try:
            found = (await others.ask("actor.find", {"name": name, "namespace": "tests"}))["number"]
            await asyncio.gather(warm(client, actor), warm(others, found))

            async def call(who: Any, number: int) -> list[int]:
                return await asyncio.gather(*(who.get(who.invoke(number, "add", 0)) for _ in range(1500)))

            one, two = await asyncio.gather(call(client, actor), call(others, found))
            assert one == sorted(one)
            assert two == sorted(two)
            assert sorted(one + two) == list(range(1, 3001))
        finally:
            await others.session.close()

    with_client(test)
