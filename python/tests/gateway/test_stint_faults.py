"""Calls that share tasks, when the actor's process, or what connects it, fails: each call has one outcome, and none runs twice."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: the gateway can not be tested")

from client import Client, Run
from test_stints import SHAPES, line_of, outcome, there, warm

from klaw_agent.lane import hello


def name_of(result: Any) -> str:
    return type(result).__name__


async def ran(path: Path) -> list[int]:
    """What has run, by the file that the actor has written."""
    return [int(line) for line in (await asyncio.to_thread(path.read_text)).split() if line != "0x"]


@pytest.mark.parametrize("method", ["die", "exit", "quit"])
def test_an_actor_that_ends_itself(with_client: Run, tmp_path: Path, method: str) -> None:
    async def test(client: Any) -> None:
        path = tmp_path / "ledger"
        actor = await client.create(SHAPES, "Ledger", str(path))
        await warm(client, actor)
        before = [client.invoke(actor, "add", n) for n in range(10)]
        assert await asyncio.gather(*(client.get(number) for number in before)) == list(range(1, 11))
        last = [client.invoke(actor, "add", n) for n in range(10, 20)]
        ending = client.invoke(actor, method)
        behind = [client.invoke(actor, "add", n) for n in range(100, 300)]
        # They have run; what had not left the process when it ended is lost with it, as with tasks of Ray's.
        said = [await outcome(client, number) for number in last]
        answered = [one for one in said if isinstance(one, int)]
        assert said[: len(answered)] == list(range(11, 11 + len(answered)))
        assert {name_of(one) for one in said[len(answered) :]} <= {"ActorDiedError"}
        outcomes = await asyncio.gather(*(outcome(client, number) for number in [ending, *behind]))
        assert {name_of(one) for one in outcomes} == {"ActorDiedError"}
        assert await ran(path) == list(range(20))
        assert name_of(await outcome(client, client.invoke(actor, "add", 1))) == "ActorDiedError"

    with_client(test)


def test_a_process_that_is_killed(with_client: Run, tmp_path: Path) -> None:
    async def test(client: Any) -> None:
        path, gate = tmp_path / "ledger", tmp_path / "gate"
        actor = await client.create(SHAPES, "Ledger", str(path))
        await warm(client, actor)
        process = await client.get(client.invoke(actor, "process"))
        before = [client.invoke(actor, "add", n) for n in range(20)]
        stuck = client.invoke(actor, "wait_for", str(gate))
        behind = [client.invoke(actor, "add", n) for n in range(100, 300)]
        await there(tmp_path / "gate.begun")
        # Before the end: what had not left the process by then would be lost with it.
        assert await asyncio.gather(*(client.get(number) for number in before)) == list(range(1, 21))
        os.kill(process, signal.SIGKILL)
        outcomes = await asyncio.gather(*(outcome(client, number) for number in [stuck, *behind]))
        assert {name_of(one) for one in outcomes} == {"ActorDiedError"}
        assert await ran(path) == list(range(20))

    with_client(test)


def test_an_actor_that_is_started_again(with_client: Run, tmp_path: Path) -> None:
    async def test(client: Any) -> None:
        path, gate = tmp_path / "ledger", tmp_path / "gate"
        actor = await client.create(SHAPES, "Ledger", str(path), max_restarts=1)
        line = await warm(client, actor)
        process = await client.get(client.invoke(actor, "process"))
        stuck = client.invoke(actor, "wait_for", str(gate))
        behind = [client.invoke(actor, "add", n) for n in range(300)]
        await there(tmp_path / "gate.begun")
        os.kill(process, signal.SIGKILL)
        outcomes = await asyncio.gather(*(outcome(client, number) for number in [stuck, *behind]))
        # What the first process had been given is lost, as it is when these are tasks of their own; the others run.
        lost = [one for one in outcomes if not isinstance(one, int)]
        assert name_of(outcomes[0]) in ("ActorUnavailableError", "ActorDiedError")
        assert {name_of(one) for one in lost} <= {"ActorUnavailableError", "ActorDiedError"}
        assert outcomes[: len(lost)] == lost
        assert outcomes[len(lost) :] == list(range(1, len(behind) - len(lost) + 2))
        assert await ran(path) == list(range(len(lost) - 1, 300))
        assert await client.get(client.invoke(actor, "process")) != process
        # Calls of the new process share tasks too.
        await warm(client, actor)
        shared = line.shared
        assert len(await asyncio.gather(*(client.get(client.invoke(actor, "add", n)) for n in range(50)))) == 50
        assert line.shared - shared == 50
        assert line._peer is not None
        line._peer.break_off(ConnectionResetError("cut"))
        numbers = [client.invoke(actor, "add", n) for n in range(200)]
        assert len(await asyncio.gather(*(client.get(number) for number in numbers))) == 200
        assert line.shared - shared == 250

    with_client(test)


def test_killed_by_the_client(with_client: Run, tmp_path: Path) -> None:
    async def test(client: Any) -> None:
        gate = tmp_path / "gate"
        actor = await client.create(SHAPES, "Ledger")
        await warm(client, actor)
        numbers = [client.invoke(actor, "wait_for", str(gate)), *(client.invoke(actor, "add", n) for n in range(200))]
        await there(tmp_path / "gate.begun")
        await client.ask("actor.kill", {"number": actor, "noRestart": True})
        outcomes = await asyncio.gather(*(outcome(client, number) for number in numbers))
        assert {name_of(one) for one in outcomes} == {"ActorDiedError"}

    with_client(test)


@pytest.mark.parametrize("moment", range(6))
def test_a_connection_that_breaks(with_client: Run, tmp_path: Path, moment: int) -> None:
    """Again and again, while calls are under way, whatever they return: all of them run once."""

    async def test(client: Any) -> None:
        path = tmp_path / "ledger"
        actor = await client.create(SHAPES, "Ledger", str(path))
        line = await warm(client, actor)
        broken = 0

        def wrecked(peer: Any) -> None:
            nonlocal broken
            broken += 1
            peer.break_off(ConnectionResetError("cut"))

        results: list[Any] = []
        for start in range(0, 600, 100):
            numbers = [client.invoke(actor, "add", n) for n in range(start, start + 100)]
            odd = [client.invoke(actor, "pair") for _ in range(moment % 2)]
            for _ in range(moment):
                await asyncio.sleep(0)
            if line._peer is not None:
                wrecked(line._peer)
            results += await asyncio.gather(*(client.get(number) for number in numbers))
            assert await asyncio.gather(*(client.get(number) for number in odd)) == [[1, 2]] * len(odd)
        assert results == list(range(1, 601))
        assert await ran(path) == list(range(600))
        assert broken > 0

    with_client(test)


def test_outcomes_that_were_lost_are_said_again(with_client: Run, tmp_path: Path) -> None:
    """What the process has sent when the connection breaks does not arrive."""

    async def test(client: Any) -> None:
        path, gate = tmp_path / "ledger", tmp_path / "gate"
        actor = await client.create(SHAPES, "Ledger", str(path))
        line = await warm(client, actor)
        numbers = [client.invoke(actor, "wait_for", str(gate)), *(client.invoke(actor, "add", n) for n in range(300))]
        await there(tmp_path / "gate.begun")
        peer = line._peer
        assert peer is not None
        peer.feed = lambda _data: None  # type: ignore[method-assign]
        gate.touch()
        # The first 64 have run by then, and the agent knows nothing of it.
        while len(await ran(path)) < 63 if path.exists() else True:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        assert line.is_busy
        peer.break_off(ConnectionResetError("cut"))
        results = await asyncio.gather(*(client.get(number) for number in numbers))
        assert results == [str(gate), *range(1, 301)]
        assert await ran(path) == list(range(300))

    with_client(test)


@pytest.mark.parametrize("method", ["pair", "fail"])
def test_a_result_of_the_task_whose_mark_was_lost(with_client: Run, tmp_path: Path, method: str) -> None:
    async def test(client: Any) -> None:
        path, gate = tmp_path / "ledger", tmp_path / "gate"
        actor = await client.create(SHAPES, "Ledger", str(path))
        line = await warm(client, actor)
        numbers = [client.invoke(actor, "wait_for", str(gate)), client.invoke(actor, "add", 0)]
        odd = client.invoke(actor, method, *(["x"] if method == "fail" else []))
        numbers += [client.invoke(actor, "add", n) for n in range(1, 100)]
        await there(tmp_path / "gate.begun")
        peer = line._peer
        assert peer is not None
        peer.feed = lambda _data: None  # type: ignore[method-assign]
        gate.touch()
        while line.is_busy and line._peer is peer:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        results = await asyncio.gather(*(client.get(number) for number in numbers))
        assert await ran(path) == list(range(100))
        assert results[0] == str(gate)
        odd_result = await outcome(client, odd)
        assert odd_result == [1, 2] if method == "pair" else "odd x" in odd_result.message
        assert results[1:] == sorted(results[1:])

    with_client(test)


def test_nonsense_from_the_actors_process(with_client: Run, caplog: Any) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        line = await warm(client, actor)
        for data in (b"\xc1", b"\xa1x", b"\xd4\x01\x00", b"\x93\x01\x02\x03", b"\xcd\xff\xff"):
            await warm(client, actor)
            assert line._peer is not None
            line._peer.feed(data)
            results = await asyncio.gather(*(client.get(client.invoke(actor, "echo", n)) for n in range(50)))
            assert results == list(range(50))

    with_client(test)
    assert len([one for one in caplog.records if "can not be understood" in one.message]) == 1


def test_strangers_at_the_port(with_client: Run, caplog: Any) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        await warm(client, actor)
        stints = client.session._calls.stints
        _, host, port, _ = stints._ready
        right = stints._token
        said: list[Callable[[], bytes]] = [
            lambda: b"GET / HTTP/1.1\r\n\r\n",
            lambda: hello.write_hello(bytes(32), hello.Hello(bytes(16), False, 0)),
            lambda: hello.write_hello(right, hello.Hello(bytes(16), False, 0)),
            lambda: b"KLAW",
        ]

        def speak(data: bytes) -> bytes:
            with socket.create_connection((host, port), 5) as connected:
                connected.sendall(data)
                connected.shutdown(socket.SHUT_WR)
                return connected.recv(64)

        for make in said * 3:
            answer = await asyncio.to_thread(speak, make())
            assert answer == b"" or hello.read_answer(answer).status != hello.WELCOME
        results = await asyncio.gather(*(client.get(client.invoke(actor, "echo", n)) for n in range(50)))
        assert results == list(range(50))

    with_client(test)
    assert 1 <= len([one for one in caplog.records if "refused" in one.message]) <= 2


def test_a_port_that_can_not_be_reached(with_client: Run) -> None:
    async def test(client: Any) -> None:
        actor = await client.create(SHAPES, "Ledger")
        line = await warm(client, actor)
        other = await client.create(SHAPES, "Ledger")
        stints = client.session._calls.stints
        with socket.socket() as nobody:
            # Bound, and nobody listens.
            nobody.bind(("127.0.0.1", 0))
            stints._ready = (stints._ready[0], *nobody.getsockname(), False)
            line_of(client, other).heat = line.heat
            numbers = [client.invoke(other, "add", n) for n in range(100)]
            assert await asyncio.gather(*(client.get(number) for number in numbers)) == list(range(1, 101))
            assert line_of(client, other).shared == 0
            numbers = [client.invoke(other, "add", n) for n in range(100)]
            assert await asyncio.gather(*(client.get(number) for number in numbers)) == list(range(101, 201))
            assert line_of(client, other).stints == 1

    with_client(test)


def test_a_session_that_ends_meanwhile(cluster: None, tmp_path: Path) -> None:
    """Its calls that have begun run on, and the actor serves others."""

    async def test() -> None:
        gate = tmp_path / "gate"
        first, second = Client(), Client()
        try:
            name = f"left-{os.getpid()}"
            actor = await first.create(SHAPES, "Ledger", name=name, namespace="tests", lifetime="detached")
            await warm(first, actor)
            first.invoke(actor, "wait_for", str(gate))
            waiting = [asyncio.ensure_future(outcome(first, first.invoke(actor, "add", n))) for n in range(200)]
            await there(tmp_path / "gate.begun")
            await first.session.close()
            found = (await second.ask("actor.find", {"name": name, "namespace": "tests"}))["number"]
            number = second.invoke(found, "echo", 1)
            gate.touch()
            assert await second.get(number) == 1
            await warm(second, found)
            assert len(await second.get(second.invoke(found, "all"))) <= 64
            for one in waiting:
                one.cancel()
            await second.ask("actor.kill", {"number": found, "noRestart": True})
        finally:
            await first.session.close()
            await second.session.close()

    asyncio.run(asyncio.wait_for(test(), 60))
