"""The tunnel lane: bytes in calls that come in any order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from klaw_agent.lane import hello
from klaw_agent.lane.connections import Connections
from klaw_agent.lane.tunnel import TunnelClosed, Tunnels
from klaw_agent.wire.control_frames import GOODBYE_FRAME, PING_FRAME, PONG_FRAME
from klaw_agent.wire.frame import write_header
from tests.lane.client import Client, Echoes, TcpClient
from tests.peer import TOKEN, listening, until

MIB = 1024 * 1024
NEXT_TUNNEL = 2**32


def run(test: Callable[[], Awaitable[None]], seconds: float = 60) -> None:
    asyncio.run(asyncio.wait_for(test(), seconds))


def tunnels(echoes: Echoes, hold: float = 10, grace: float = 30) -> Tunnels:
    return Tunnels(Connections(TOKEN, echoes.serve, grace=grace), hold=hold)


class TunnelClient(Client):
    """Keeps a call waiting, sends what there is with others, and reads the answers in order."""

    def __init__(self, target: Tunnels, chance: random.Random) -> None:
        super().__init__()
        self._target = target
        self._chance = chance
        self._opened = -1
        self._answers: dict[int, bytes] = {}
        self._next_call = 0
        self._next_answer = 0
        self._first = b""
        self._calls: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self.most_under_way = 0
        #: Answers that bring nothing.
        self.empty = 0
        self.failure: BaseException | None = None

    def open(self) -> None:
        self._opened += 1
        self._next_call = self._next_answer = 0
        self._answers.clear()
        self._first = b""
        self.failure = None
        self.call(self.hello(), True)

    def leave(self) -> None:
        """Listens to what is under way no more."""
        self._opened += 1

    def call(self, data: bytes, wait: bool) -> None:
        number = self._opened * NEXT_TUNNEL + self._next_call
        self._next_call += 1
        task = asyncio.create_task(self._call(number, data, wait))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        self.most_under_way = max(self.most_under_way, len(self._calls))

    async def converse(self) -> None:
        """Until every frame has come back."""
        while len(self.heard) < len(self.said):
            if self.failure is not None:
                raise self.failure
            if self._next_answer > 0:
                while len(self._calls) < 8 and (piece := self.stream.next()) is not None:
                    self.call(bytes(piece), self._waiting < 4 and self._chance.random() < 0.5)
                if self._waiting == 0 and len(self._calls) < 8:
                    self.call(b"", True)
            await asyncio.sleep(0)
        assert self.heard == self.said

    async def close(self) -> None:
        for call in list(self._calls):
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls)

    async def _call(self, number: int, data: bytes, wait: bool) -> None:
        self._waiting += wait
        try:
            for _ in range(self._chance.randrange(4)):
                await asyncio.sleep(0)
            answer = await self._target.exchange(number, data, wait)
        except TunnelClosed as error:
            self.failure = error
            return
        finally:
            self._waiting -= wait
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)
        generation, index = divmod(number, NEXT_TUNNEL)
        if generation == self._opened:
            self._answers[index] = answer
            while (following := self._answers.pop(self._next_answer, None)) is not None:
                self._next_answer += 1
                self._read(following)

    def _read(self, data: bytes) -> None:
        if not data:
            self.empty += 1
            return
        if not self.welcomed or self._next_answer == 1:
            assert self.take_answer(data[: hello.ANSWER_LENGTH]).status == hello.WELCOME
            data = data[hello.ANSWER_LENGTH :]
        self.take(data)


@pytest.mark.parametrize("seed", range(10))
def test_calls_that_overtake_each_other_carry_bytes_in_order(seed: int) -> None:
    chance = random.Random(seed)

    async def test() -> None:
        echoes = Echoes()
        client = TunnelClient(tunnels(echoes), chance)
        for _ in range(60):
            client.say(chance.randbytes(chance.choice([0, 10, 1000, 300_000])))
        client.open()
        await client.converse()
        assert client.most_under_way > 2
        await client.close()
        assert echoes.all[0].heard == [(number, len(body)) for number, body in client.said]

    run(test)


@pytest.mark.parametrize("seed", range(10))
def test_a_tunnel_that_breaks_is_followed_by_another(seed: int) -> None:
    chance = random.Random(seed)

    async def test() -> None:
        echoes = Echoes()
        client = TunnelClient(tunnels(echoes), chance)
        for _ in range(5):
            for _ in range(12):
                client.say(chance.randbytes(chance.choice([0, 10, 1000, 300_000])))
            client.open()
            talking = asyncio.ensure_future(client.converse())
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            talking.cancel()
            await asyncio.wait([talking])
            await client.close()
        client.open()
        await client.converse()
        await client.close()
        assert echoes.all[0].heard == [(number, len(body)) for number, body in client.said]
        assert len(echoes.all) == 1

    run(test)


def test_lanes_of_both_kinds_carry_one_connection() -> None:
    chance = random.Random(1)

    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (listener, port):
            direct = TcpClient(port)
            tunneled = TunnelClient(Tunnels(listener.connections), chance)
            for name in ("id", "stream", "heard", "said"):
                setattr(tunneled, name, getattr(direct, name))
            for _ in range(3):
                direct.welcomed = tunneled.welcomed = len(direct.said) > 0
                for _ in range(10):
                    direct.say(chance.randbytes(100_000))
                assert await direct.connect() == hello.WELCOME
                await until(lambda: len(direct.heard) > len(direct.said) - 5)
                direct.say(b"more")
                # What a lane brings after the hello of the next one would come twice.
                await direct.cut()
                tunneled.welcomed = True
                tunneled.open()
                await tunneled.converse()
                # It holds calls; the next lane over TCP has them answered.
                tunneled.leave()
            await direct.connect()
            await direct.cut()
            await tunneled.close()
            assert len(echoes.all) == 1

    run(test)


def test_an_answer_is_held_until_there_is_something_to_say() -> None:
    async def test() -> None:
        echoes = Echoes()
        target = tunnels(echoes)
        client = Client()
        answer = await target.exchange(0, client.hello(), False)
        assert client.take_answer(answer).status == hello.WELCOME
        first = asyncio.ensure_future(target.exchange(1, b"", True))
        second = asyncio.ensure_future(target.exchange(2, b"", True))
        await asyncio.sleep(0)
        # One that brings something and does not wait: the oldest that waits has the answer.
        assert await target.exchange(3, PING_FRAME, False) == b""
        assert await first == PONG_FRAME
        await asyncio.sleep(0.01)
        assert not second.done()
        echoes.all[0].transport.write([write_header(0x13, 0, 1, 0)])
        assert await second == write_header(0x13, 0, 1, 0)
        # Nobody waits: it is kept for the next call.
        echoes.all[0].transport.write([write_header(0x13, 0, 2, 0)])
        await asyncio.sleep(0.01)
        assert await target.exchange(4, b"", True) == write_header(0x13, 0, 2, 0)

    run(test)


def test_answers_are_no_larger_than_they_may_be() -> None:
    async def test() -> None:
        echoes = Echoes()
        target = tunnels(echoes)
        assert len(await target.exchange(0, Client().hello(), False)) == hello.ANSWER_LENGTH
        frame = write_header(0x13, 0, 1, 10 * MIB) + bytes(10 * MIB)
        echoes.all[0].transport.write([frame])
        waiting = [asyncio.ensure_future(target.exchange(number, b"", True)) for number in range(1, 5)]
        answers = await asyncio.gather(*waiting[:3])
        assert all(len(answer) <= 4 * MIB + 256 * 1024 for answer in answers)
        assert b"".join(answers) == frame
        assert not waiting[3].done()
        waiting[3].cancel()

    run(test)


def test_nothing_is_held_for_longer_than_it_may_be() -> None:
    async def test() -> None:
        echoes = Echoes()
        target = tunnels(echoes, hold=0.05)
        await target.exchange(0, Client().hello(), True)
        assert await asyncio.gather(*(target.exchange(number, b"", True) for number in (1, 2))) == [b"", b""]
        # The one before it never comes.
        with pytest.raises(TunnelClosed, match="the call before number 4 is missing"):
            await target.exchange(4, b"", False)
        with pytest.raises(TunnelClosed):
            await target.exchange(5, b"", False)

    run(test)


def test_a_client_that_does_not_call_any_more_is_lost_after_a_while() -> None:
    async def test() -> None:
        echoes = Echoes()
        target = tunnels(echoes, hold=0.1, grace=0.05)
        client = Client()
        client.take_answer(await target.exchange(0, client.hello(), False))
        # Longer than a connection lives without a lane, but a call is under way.
        assert await target.exchange(1, b"", True) == b""
        assert echoes.all[0].lost == []
        await until(lambda: echoes.all[0].lost != [])
        with pytest.raises(TunnelClosed):
            await target.exchange(2, b"", True)
        refused = client.take_answer(await target.exchange(NEXT_TUNNEL, client.hello(), True))
        assert refused.status == hello.UNKNOWN_CONNECTION

    run(test)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (hello.write_hello(bytes(32), hello.Hello(bytes(16), False, 0)), hello.WRONG_TOKEN),
        (hello.write_hello(TOKEN, hello.Hello(bytes(16), True, 0)), hello.UNKNOWN_CONNECTION),
        (b"KLAW\x09" + bytes(59), hello.UNSUPPORTED_VERSION),
    ],
)
def test_refusals(data: bytes, status: int) -> None:
    async def test() -> None:
        echoes = Echoes()
        target = tunnels(echoes)
        rest = asyncio.ensure_future(target.exchange(1, data[10:], True))
        answers = [await target.exchange(0, data[:10], False), await rest]
        assert [len(answer) for answer in answers] == [0, hello.ANSWER_LENGTH]
        assert hello.read_answer(answers[1]).status == status
        with pytest.raises(TunnelClosed, match="refused"):
            await target.exchange(2, b"", True)
        assert echoes.all == []

    run(test)


@pytest.mark.parametrize(("number", "data"), [(0, b"GET / HTTP/1.1"), (65, b""), (-1, b"x"), (2**70, b"?")])
def test_garbage(number: int, data: bytes) -> None:
    async def test() -> None:
        echoes = Echoes()
        target = tunnels(echoes)
        waiting = TunnelClient(target, random.Random(1))
        waiting.say(b"x")
        waiting.open()
        await waiting.converse()
        if number < 0:
            assert await target.exchange(number, data, True) == b""
        else:
            with pytest.raises(TunnelClosed):
                await target.exchange(NEXT_TUNNEL + number, data, True)
        # The session is unharmed: it goes on in another tunnel.
        waiting._opened += 2 + (number >> 32 if number > 0 else 0)
        waiting.say(b"y")
        waiting.open()
        await waiting.converse()
        await waiting.close()
        assert len(echoes.all) == 1

    run(test)


def test_goodbyes() -> None:
    async def test() -> None:
        echoes = Echoes()
        target = tunnels(echoes)
        client = Client()
        client.take_answer(await target.exchange(0, client.hello(), True))
        waiting = asyncio.ensure_future(target.exchange(1, b"", True))
        assert await target.exchange(2, GOODBYE_FRAME, False) == b""
        assert await waiting == b""
        assert echoes.all[0].lost == ["the connection was closed by its peer"]
        client = Client()
        client.take_answer(await target.exchange(NEXT_TUNNEL, client.hello(), True))
        frame = write_header(0x13, 0, 1, 6 * MIB) + bytes(6 * MIB)
        echoes.all[1].transport.write([frame])
        echoes.all[1].transport.close()
        # What is left to be said takes more than one call.
        answers = [await target.exchange(NEXT_TUNNEL + number, b"", True) for number in (1, 2)]
        assert b"".join(answers) == frame + GOODBYE_FRAME
        with pytest.raises(TunnelClosed, match="over"):
            await target.exchange(NEXT_TUNNEL + 3, b"", True)

    run(test)
