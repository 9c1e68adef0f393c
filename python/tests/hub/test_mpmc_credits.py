from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import FrameError
from tests.hub.wires import RECEIVER, SENDER, Wire, World, run, texts, turn
from tests.peer import until


def granted(wire: Wire) -> int:
    return sum(wire.credited())


def test_credits_of_one_turn_come_in_one_frame() -> None:
    async def test() -> None:
        world = World(capacity=8)
        sender, receiver = world.sender(8), world.receiver(8)
        sender.send(SENDER, texts(*range(8)))
        sender.want(SENDER, 8)
        await turn()
        assert granted(sender) == 0
        assert world.stat("waitingSenders") == 1
        for _ in range(8):
            receiver.say(frames.TAKEN, RECEIVER, 1)
        await turn()
        assert sender.credited() == [8]
        assert world.stat("waitingSenders") == 0

    run(test)


def test_wants_are_served_in_order() -> None:
    async def test() -> None:
        world = World(capacity=3)
        receiver = world.receiver(9)
        first, second, third = world.sender(3), world.sender(), world.sender()
        first.send(SENDER, texts(1, 2, 3))
        await turn()
        second.want(SENDER, 2)
        third.want(SENDER, 1)
        receiver.say(frames.TAKEN, RECEIVER, 1)
        await turn()
        # Slot by slot in so small a channel, and nobody barges.
        first.say(frames.WANT, SENDER, 1, flags=frames.ATTEMPT)
        assert first.credited(frames.ATTEMPT) == [0]
        assert (granted(second), granted(third)) == (1, 0)
        receiver.say(frames.TAKEN, RECEIVER, 1)
        await turn()
        assert (granted(second), granted(third)) == (1, 0)
        receiver.say(frames.TAKEN, RECEIVER, 1)
        await turn()
        assert (granted(second), granted(third)) == (0, 1)

    run(test)


def test_what_is_under_way_is_not_granted_again() -> None:
    async def test() -> None:
        world = World(capacity=64)
        world.receiver()
        sender = world.sender()
        sender.want(SENDER, 5, received=0)
        await turn()
        # This one was written before those five came.
        sender.want(SENDER, 6, received=0)
        await turn()
        assert granted(sender) == 6
        sender.want(SENDER, 1, received=6)
        await turn()
        assert granted(sender) == 1

    run(test)


def test_an_end_is_filled_up_by_what_it_uses() -> None:
    async def test() -> None:
        world = World(capacity=64)
        receiver = world.receiver(1000)
        sender = world.sender()
        sender.want(SENDER, 1, target=100)
        await turn()
        assert granted(sender) == 16, "at most a quarter"
        sender.send(SENDER, texts(*range(7)))
        await turn()
        assert granted(sender) == 0, "not before half of it is used"
        sender.send(SENDER, texts(7))
        await turn()
        assert granted(sender) == 8
        await turn()
        receiver.say(frames.TAKEN, RECEIVER, 8)
        assert world.free() == 64 - 16

    run(test)


def test_the_chunk_of_a_large_channel() -> None:
    async def test() -> None:
        world = World(capacity=1024)
        receiver = world.receiver(5000)
        sender = world.sender(1024)
        sender.send(SENDER, texts(*range(1024)))
        await turn()
        waiting = world.sender()
        waiting.want(SENDER, 100)
        receiver.say(frames.TAKEN, RECEIVER, 63)
        await turn()
        assert granted(waiting) == 0
        receiver.say(frames.TAKEN, RECEIVER, 1)
        await turn()
        assert granted(waiting) == 64
        # Who has waited for a millisecond gets what there is.
        receiver.say(frames.TAKEN, RECEIVER, 3)
        await until(lambda: bool(waiting.written))
        assert granted(waiting) == 3

    run(test)


def test_attempts_get_all_or_nothing() -> None:
    async def test() -> None:
        world = World(capacity=4)
        world.receiver()
        sender, other = world.sender(3), world.sender()
        sender.send(SENDER, texts(1, 2, 3))
        for count, answer in ((2, 0), (5, 0), (1, 1), (1, 0)):
            other.say(frames.WANT, SENDER, count, flags=frames.ATTEMPT)
            assert other.credited(frames.ATTEMPT) == [answer]

    run(test)


def test_an_attempt_calls_idle_credits_back() -> None:
    async def test() -> None:
        world = World(capacity=4)
        world.receiver()
        idle, other = world.sender(4), world.sender()
        other.say(frames.WANT, SENDER, 2, flags=frames.ATTEMPT)
        assert other.take() == []
        (recall,) = idle.take()
        assert recall.type == frames.RECALL_CREDIT
        idle.say(frames.RETURN_CREDIT, SENDER, 4, flags=frames.ATTEMPT)
        assert other.credited(frames.ATTEMPT) == [2]
        # One that gives nothing back is an answer too, and so is one that goes away.
        other.say(frames.WANT, SENDER, 3, flags=frames.ATTEMPT)
        assert other.credited(frames.ATTEMPT) == [0], "nobody else holds anything"
        idle.say(frames.WANT, SENDER, 3, flags=frames.ATTEMPT)
        other.say(frames.RETURN_CREDIT, SENDER, 0, flags=frames.ATTEMPT)
        assert idle.credited(frames.ATTEMPT) == [0]
        idle.say(frames.WANT, SENDER, 3, flags=frames.ATTEMPT)
        other.say(frames.CLOSE_END, SENDER)
        assert idle.credited(frames.ATTEMPT) == [3]

    run(test)


def test_an_attempt_does_not_wait_for_who_computes() -> None:
    async def test() -> None:
        world = World(capacity=4)
        world.receiver()
        world.sender(4)
        other = world.sender()
        loop = asyncio.get_running_loop()
        start = loop.time()
        other.say(frames.WANT, SENDER, 2, flags=frames.ATTEMPT)
        await until(lambda: bool(other.written))
        assert other.credited(frames.ATTEMPT) == [0]
        assert loop.time() - start >= 0.02

    run(test)


def test_idle_credits_are_called_back_when_somebody_waits() -> None:
    async def test() -> None:
        world = World(capacity=4)
        world.receiver()
        idle, waiting = world.sender(3), world.sender()
        waiting.want(SENDER, 2)
        await turn()
        assert granted(waiting) == 1
        await until(lambda: bool(idle.written))
        (recall,) = idle.take()
        assert recall.type == frames.RECALL_CREDIT
        idle.say(frames.RETURN_CREDIT, SENDER, 3, flags=frames.ATTEMPT)
        await turn()
        assert granted(waiting) == 1
        assert world.free() == 2

    run(test)


def test_many_credits_are_left_to_who_has_just_used_some() -> None:
    async def test() -> None:
        world = World(capacity=256)
        world.receiver()
        busy, waiting = world.sender(200), world.sender()
        await turn()
        busy.take()
        busy.send(SENDER, [b"x"] * 10)
        loop = asyncio.get_running_loop()
        start = loop.time()
        waiting.want(SENDER, 100)
        await until(lambda: any(frame.type == frames.RECALL_CREDIT for frame in busy.take()))
        # Two senders have a turn each.
        assert loop.time() - start >= 0.009

    run(test)


def test_credits_that_were_granted_are_there_before_the_recall() -> None:
    async def test() -> None:
        world = World(capacity=64)
        world.receiver()
        first, second = world.sender(), world.sender()
        first.want(SENDER, 1, target=64)
        second.say(frames.WANT, SENDER, 60, flags=frames.ATTEMPT)
        assert [frame.type for frame in first.take()] == [frames.CREDIT, frames.RECALL_CREDIT]

    run(test)


def test_who_leaves_gives_its_credits_back() -> None:
    async def test() -> None:
        world = World(capacity=4)
        world.receiver()
        leaving, lost, waiting = world.sender(1), world.sender(3), world.sender()
        waiting.want(SENDER, 4)
        leaving.say(frames.CLOSE_END, SENDER)
        lost.lose()
        await turn()
        assert granted(waiting) == 4
        assert world.stat("senders") == 1

    run(test)


def test_who_waits_and_leaves_makes_way() -> None:
    async def test() -> None:
        world = World(capacity=2)
        receiver = world.receiver(9)
        sender, first, second = world.sender(2), world.sender(), world.sender()
        sender.send(SENDER, texts(1, 2))
        await turn()
        first.want(SENDER, 2)
        second.want(SENDER, 1)
        first.want(SENDER, 0, operations=0)
        receiver.say(frames.TAKEN, RECEIVER, 1)
        await turn()
        assert (granted(first), granted(second)) == (0, 1)

    run(test)


@pytest.mark.parametrize(
    "overdraw",
    [
        lambda wire: wire.send(SENDER, texts(1, 2, 3)),
        lambda wire: wire.say(frames.RETURN_CREDIT, SENDER, 3),
    ],
)
def test_more_than_it_holds(overdraw: Callable[[Wire], None]) -> None:
    async def test() -> None:
        world = World()
        world.receiver()
        sender = world.sender(2)
        with pytest.raises(FrameError, match="2"):
            overdraw(sender)
        assert world.stat("sent") == 0
        sender.lose()
        assert world.free() == 16

    run(test)


def test_a_frame_without_items() -> None:
    async def test() -> None:
        world = World()
        sender = world.sender(2)
        with pytest.raises(FrameError, match="announces 0 items"):
            sender.send(SENDER, [])

    run(test)
