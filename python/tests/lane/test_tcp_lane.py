"""Connections over TCP that breaks, against the listener."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from klaw_agent.codec import encode
from klaw_agent.lane import hello
from klaw_agent.wire.control_frames import GOODBYE_FRAME, PING_FRAME, PONG_FRAME, received_frame
from klaw_agent.wire.frame import write_header
from klaw_agent.wire.outgoing import MOST_UNCONFIRMED
from tests.lane.client import Echoes, TcpClient
from tests.lane.cutting_proxy import cutting
from tests.peer import HOST, Peer, listening, new_hello, until

MIB = 1024 * 1024


def run(test: Callable[[], Awaitable[None]], seconds: float = 60) -> None:
    asyncio.run(asyncio.wait_for(test(), seconds))


async def all_came_back(client: TcpClient) -> None:
    """Whenever the lane is lost another one is opened, until every frame has come back."""
    while len(client.heard) < len(client.said):
        lost = asyncio.ensure_future(client.is_lost.wait())
        done = asyncio.ensure_future(until(lambda: len(client.heard) >= len(client.said), 30))
        await asyncio.wait([lost, done], return_when=asyncio.FIRST_COMPLETED)
        for each in (lost, done):
            each.cancel()
        if client.is_lost.is_set():
            await client.connect_until_welcome()
    assert client.heard == client.said


@pytest.mark.parametrize("seed", range(12))
def test_cut_at_any_moment_everything_comes_back_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    sizes = [chance.choice([0, 5, 300, 70_000, 300_000]) + chance.randrange(50) for _ in range(40)]
    budgets = [chance.randrange(1, 2 * sum(sizes) // 8) for _ in range(20)]

    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port), cutting(port, budgets) as proxy:
            client = TcpClient(proxy)
            for size in sizes:
                client.say(chance.randbytes(size))
            await client.connect_until_welcome()
            await all_came_back(client)
            await client.cut()
        assert [(number, len(body)) for number, body in client.said] == echoes.all[-1].heard

    run(test)


def test_a_large_frame_survives_a_cut_in_memory_of_its_own() -> None:
    body = random.Random(1).randbytes(15 * MIB)

    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port), cutting(port, [7 * MIB, 8 * MIB + 11, 14 * MIB]) as proxy:
            client = TcpClient(proxy)
            client.say(body)
            await client.connect_until_welcome()
            await all_came_back(client)
            await client.cut()
        assert echoes.all[-1].own == [True]

    run(test)


def test_a_connection_without_a_lane_is_lost_for_good_after_a_while() -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve, grace=0.05) as (_, port):
            client = TcpClient(port)
            assert await client.connect() == hello.WELCOME
            client.say(b"x")
            client.flush()
            await all_came_back(client)
            await client.cut()
            [echo] = echoes.all
            await until(lambda: echo.lost != [])
            assert echo.lost == ["the connection was lost and not resumed within 0.05 seconds"]
            await echo.transport.drain()
            assert await client.connect() == hello.UNKNOWN_CONNECTION

    run(test)


def test_a_connection_is_kept_for_as_long_as_its_first_hello_says() -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve, grace=0.05) as (_, port):
            peers = [await Peer.connect(port) for _ in range(3)]
            hellos = [new_hello()._replace(grace=grace) for grace in (0, 1, 60)]
            for peer, said in zip(peers, hellos, strict=True):
                assert (await peer.say(said)).status == hello.WELCOME
                await peer.close()
            usual, short, long = echoes.all
            await until(lambda: usual.lost != [])
            assert short.lost == []
            await until(lambda: short.lost != [])
            assert short.lost == ["the connection was lost and not resumed within 1 seconds"]
            assert long.lost == []
            # A later hello changes nothing.
            back = await Peer.connect(port)
            assert (await back.say(hellos[2]._replace(resume=True, grace=1))).status == hello.WELCOME
            long.transport.close()
            assert await back.reader.read() == GOODBYE_FRAME
            await back.close()

    run(test)


def test_a_resume_takes_the_place_of_a_lane_that_seems_alive() -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve, grace=0.05) as (_, port):
            first = await Peer.connect(port)
            said = new_hello()
            assert (await first.say(said)).status == hello.WELCOME
            second = await Peer.connect(port)
            answer = await second.say(said._replace(resume=True), then=PING_FRAME)
            assert answer == (hello.VERSION, hello.WELCOME, 0)
            assert await second.reader.readexactly(len(PONG_FRAME)) == PONG_FRAME
            assert await first.at_end()
            # Longer than a connection lives without a lane.
            await asyncio.sleep(0.1)
            assert echoes.all[0].lost == []
            for peer in (first, second):
                await peer.close()
            await until(lambda: echoes.all[0].lost != [])

    run(test)


def test_who_has_not_heard_the_welcome_says_hello_once_more() -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port):
            said = new_hello()
            first, second, third = [await Peer.connect(port) for _ in range(3)]
            assert (await first.say(said)).status == hello.WELCOME
            assert (await second.say(said, then=PING_FRAME)).status == hello.WELCOME
            assert len(echoes.all) == 1
            await second.reader.readexactly(len(PONG_FRAME))
            # It has been welcomed: this can not be the same client.
            assert (await third.say(said)).status == hello.UNKNOWN_CONNECTION
            for peer in (first, second, third):
                await peer.close()

    run(test)


def test_goodbye_is_for_good() -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port):
            peer = await Peer.connect(port)
            said = new_hello()
            assert (await peer.say(said, then=GOODBYE_FRAME)).status == hello.WELCOME
            assert await peer.at_end()
            assert echoes.all[0].lost == ["the connection was closed by its peer"]
            again = await Peer.connect(port)
            assert (await again.say(said._replace(resume=True))).status == hello.UNKNOWN_CONNECTION
            for each in (peer, again):
                await each.close()

    run(test)


def test_closing_says_goodbye_after_everything_else() -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port):
            client = TcpClient(port)
            assert await client.connect() == hello.WELCOME
            body = write_header(0x13, 0, 7, 3 * MIB) + bytes(3 * MIB)
            echoes.all[0].transport.write([body])
            echoes.all[0].transport.close()
            await client.is_lost.wait()
            assert client.stream.is_over
            assert [number for number, _ in client.heard] == [7]
            assert await client.connect() == hello.UNKNOWN_CONNECTION
            assert echoes.all[0].lost == []

    run(test)


@pytest.mark.parametrize(
    "data",
    [
        received_frame(1),
        received_frame(2**63),
        write_header(0x01, 0, 0, 3) + b"123",
        b"\x00\x00\x00\x01" + bytes(100),
        b"\x07\x00\x00\x00" + bytes(100),
    ],
)
def test_what_can_not_be_ends_the_connection(data: bytes) -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port):
            peer = await Peer.connect(port)
            assert (await peer.say(new_hello(), then=data)).status == hello.WELCOME
            assert await peer.at_end()
            assert echoes.all[0].failure is not None
            await peer.close()

    run(test)


def test_a_client_that_does_not_confirm_does_not_get_more() -> None:
    piece = bytes(MIB)
    pieces = MOST_UNCONFIRMED // MIB + 8

    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port):
            peer = await Peer.connect(port)
            assert (await peer.say(new_hello())).status == hello.WELCOME
            transport = echoes.all[0].transport
            sent = 0

            async def send() -> None:
                nonlocal sent
                for number in range(pieces):
                    transport.write([write_header(0x13, 0, number, len(piece)), piece])
                    await transport.drain()
                    sent += 1

            sending = asyncio.create_task(send())
            received = 0
            while received <= MOST_UNCONFIRMED:
                received += len(await peer.reader.read(MIB))
            # Of the frame that went beyond the limit the rest comes too; then nothing, though the socket is read.
            received += len(await peer.reader.readexactly(-received % (len(piece) + 12)))
            assert not sending.done()
            peer.writer.write(PING_FRAME)
            assert await peer.reader.readexactly(len(PONG_FRAME)) == PONG_FRAME
            received += len(PONG_FRAME)
            assert sent < pieces
            peer.writer.write(received_frame(received))
            left = pieces * (len(piece) + 12) + len(PONG_FRAME) - received
            await peer.reader.readexactly(left)
            await sending
            await peer.close()

    run(test)


def test_who_asks_and_does_not_read_is_not_read_from() -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port):
            # A stream reads ahead by twice its limit, asked or not.
            peer = Peer(*await asyncio.open_connection(HOST, port))
            assert (await peer.say(new_hello())).status == hello.WELCOME
            value = encode(bytes(MIB))
            frame = write_header(0x10, 0, 1, len(value)) + value
            count = 150

            async def ask() -> None:
                for _ in range(count):
                    peer.writer.write(frame)
                    await peer.writer.drain()

            asking = asyncio.create_task(ask())
            [echo] = echoes.all
            await until(lambda: len(echo.heard) > 60)
            before = -1
            while before != len(echo.heard):
                before = len(echo.heard)
                await asyncio.sleep(0.1)
            assert before < count
            for _ in range(count):
                assert (await peer.receive())[0] == 0x11
            await asking
            assert len(echo.heard) == count
            await peer.close()

    run(test)


def test_nothing_happens_while_nobody_says_anything() -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve) as (_, port):
            client = TcpClient(port)
            assert await client.connect() == hello.WELCOME
            client.say(b"x")
            client.flush()
            await all_came_back(client)
            timers = [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
            # That of the whole test is the only one.
            assert len(timers) <= 1
            await client.cut()

    run(test)
