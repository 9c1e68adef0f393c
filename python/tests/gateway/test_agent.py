from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest

from klaw_agent.codec import decode, encode
from klaw_agent.lane import hello
from klaw_agent.wire.control_frames import GOODBYE_FRAME
from klaw_agent.wire.frame import REQUEST, RESPONSE, write_header


class AgentActor:
    """As the bootstrap makes one."""

    async def start(self) -> dict[str, Any]:
        from klaw_agent.agent import Agent

        self.agent = Agent({"namespace": "tests", "max_frame": 1024 * 1024})
        return await self.agent.start()

    async def exchange(self, number: int, data: bytes, wait: bool) -> bytes:
        return await self.agent.exchange(number, data, wait)


@pytest.fixture
def agent(cluster: None) -> Iterator[Any]:
    import ray

    handle = ray.remote(AgentActor).options(num_cpus=0, max_concurrency=1000).remote()
    yield handle
    ray.kill(handle)


def failure_of(ref: Any) -> Exception | None:
    import ray

    try:
        ray.get(ref, timeout=30)
    except ray.exceptions.RayError as error:
        return error
    return None


def open_session() -> bytes:
    body = encode(["session.open", {"imports": []}])
    return write_header(REQUEST, 0, 1, len(body)) + body


def test_a_client_that_says_goodbye_ends_the_agent(agent: Any):
    import ray

    at = ray.get(agent.start.remote())
    assert at["tls"] is False
    assert at["host"].startswith("127.")

    async def main() -> None:
        reader, writer = await asyncio.open_connection(at["host"], at["port"])
        asked = hello.Hello(os.urandom(16), False, 0)
        writer.write(hello.write_hello(bytes.fromhex(at["token"]), asked) + open_session())
        assert hello.read_answer(await reader.readexactly(hello.ANSWER_LENGTH)).status == hello.WELCOME
        length = int.from_bytes(await reader.readexactly(4), "little")
        frame = await reader.readexactly(length)
        assert frame[0] == RESPONSE
        assert decode(frame[8:])["namespace"] == "tests"
        writer.write(GOODBYE_FRAME)
        assert await reader.read() == b""
        writer.close()

    asyncio.run(asyncio.wait_for(main(), 30))
    # A call that comes before the agent has ended is answered.
    calls = [agent.exchange.remote(0, b"", True)]
    while not isinstance(failure_of(calls[-1]), ray.exceptions.ActorDiedError):
        calls.append(agent.exchange.remote(0, b"", False))


def test_the_tunnel_carries_the_same(agent: Any):
    import ray

    at = ray.get(agent.start.remote())
    asked = hello.write_hello(bytes.fromhex(at["token"]), hello.Hello(os.urandom(16), False, 0))
    answer = ray.get(agent.exchange.remote(0, asked + open_session(), False))
    number = 1
    while len(answer) <= hello.ANSWER_LENGTH:
        answer += ray.get(agent.exchange.remote(number, b"", True), timeout=30)
        number += 1
    assert hello.read_answer(answer[: hello.ANSWER_LENGTH]).status == hello.WELCOME
    assert decode(answer[hello.ANSWER_LENGTH + 12 :])["namespace"] == "tests"
