"""The agent as a guest in a process of Ray's: here it is this one, a driver as well."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from klaw_agent import guest as guests
from klaw_agent.codec import decode, encode
from klaw_agent.lane import hello
from klaw_agent.wire.control_frames import GOODBYE_FRAME
from klaw_agent.wire.frame import REQUEST, write_header


@pytest.fixture
def guest(cluster: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[guests.Guest]:
    import ray

    from klaw_agent.agent import Agent

    monkeypatch.setattr(ray, "shutdown", ray.shutdown)
    made = guests.Guest(lambda over: Agent({"namespace": "tests"}, over))
    yield made
    made.end()


async def greet(at: dict[str, Any], connection: bytes) -> tuple[Any, Any, hello.Answer]:
    reader, writer = await asyncio.open_connection(at["host"], at["port"])
    asked = hello.Hello(connection, False, 0)
    writer.write(hello.write_hello(bytes.fromhex(at["token"]), asked))
    return reader, writer, hello.read_answer(await reader.readexactly(hello.ANSWER_LENGTH))


def within(test: Any) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("klaw-")]


def test_it_serves_its_client_and_refuses_whoever_comes_after_that(guest: guests.Guest):
    at = guest.start()
    assert at["host"].startswith("127.")

    async def main() -> None:
        reader, writer, answer = await greet(at, os.urandom(16))
        assert answer.status == hello.WELCOME
        body = encode(["session.open", {"imports": []}])
        writer.write(write_header(REQUEST, 0, 1, len(body)) + body)
        length = int.from_bytes(await reader.readexactly(4), "little")
        about = decode((await reader.readexactly(length))[8:])
        assert about["namespace"] == "tests"
        writer.write(GOODBYE_FRAME)
        assert await reader.read() == b""
        writer.close()
        _, writer, answer = await greet(at, os.urandom(16))
        assert answer.status == hello.ENDING
        writer.close()

    within(main())


def test_it_lets_go_before_ray_ends_and_leaves_no_thread(guest: guests.Guest, monkeypatch: pytest.MonkeyPatch):
    import ray

    ended: list[Any] = []
    monkeypatch.setattr(ray, "shutdown", lambda *arguments: ended.append((arguments, threads())))
    monkeypatch.setattr(guests, "_leave", lambda: ended.append("left"))
    at = guest.start()
    assert threads() == ["klaw-agent"]

    async def main() -> None:
        reader, writer, answer = await greet(at, os.urandom(16))
        assert answer.status == hello.WELCOME
        # As a thread of Ray's does it, with a client that has not gone.
        await asyncio.get_running_loop().run_in_executor(None, ray.shutdown, True)
        await reader.read()
        writer.close()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(at["host"], at["port"])

    within(main())
    assert ended == [((True,), []), "left"]
    ray.shutdown()
    assert len(ended) == 3


def test_what_does_not_start_leaves_nothing(cluster: None):
    import ray

    class Broken:
        async def start(self) -> None:
            raise LookupError("not here")

    shutdown = ray.shutdown
    with pytest.raises(LookupError, match="not here"):
        guests.Guest(lambda over: Broken()).start()
    assert threads() == []
    assert ray.shutdown is shutdown
