from __future__ import annotations

import asyncio

from klaw_agent.wire import frame as frames
from tests.hub.wires import RECEIVER, SENDER, Wire, World, run, texts, turn
from tests.peer import until


def counted(wire: Wire) -> list[tuple[bytes, int]]:
    """Items with the number of their deliveries."""
    pairs: list[tuple[bytes, int]] = []
    for items in wire.delivered():
        assert items.delivery_counts is not None
        pairs += zip(map(bytes, items.payloads), items.delivery_counts, strict=True)
    return pairs


def test_an_item_keeps_its_slot_until_it_is_acknowledged() -> None:
    async def test() -> None:
        world = World(capacity=4, ack=True)
        sender, receiver = world.sender(4), world.receiver(9)
        sender.send(SENDER, texts(1, 2, 3, 4))
        await turn()
        assert counted(receiver) == [(b"1", 1), (b"2", 1), (b"3", 1), (b"4", 1)]
        receiver.say(frames.TAKEN, RECEIVER, 3)
        assert (world.stat("length"), world.stat("unacknowledged"), world.stat("received")) == (1, 3, 3)
        assert world.free() == 0
        for number in (2, 0, 1, 1, 77):
            receiver.say(frames.ACKNOWLEDGE, RECEIVER, number)
        assert (world.free(), world.stat("unacknowledged")) == (3, 0)

    run(test)


def test_a_refused_item_comes_again_before_all_others() -> None:
    async def test() -> None:
        world = World(ack=True)
        sender, receiver = world.sender(9), world.receiver(2)
        sender.send(SENDER, texts(*range(5)))
        await turn()
        receiver.take()
        receiver.say(frames.TAKEN, RECEIVER, 2)
        receiver.say(frames.ACKNOWLEDGE, RECEIVER, 1, flags=frames.ERROR)
        receiver.say(frames.ACKNOWLEDGE, RECEIVER, 0, flags=frames.ERROR)
        assert (world.stat("redelivered"), world.stat("length")) == (2, 5)
        receiver.demand(RECEIVER, 9)
        await turn()
        assert counted(receiver) == [(b"0", 2), (b"1", 2), (b"2", 1), (b"3", 1), (b"4", 1)]
        assert world.stat("unacknowledged") == 0

    run(test)


def test_who_waits_gets_a_refused_item_at_once() -> None:
    async def test() -> None:
        world = World(ack=True)
        sender, first, second = world.sender(2), world.receiver(1), world.receiver(1, 1)
        sender.send(SENDER, texts("a"))
        await turn()
        first.say(frames.TAKEN, RECEIVER, 1)
        first.say(frames.ACKNOWLEDGE, RECEIVER, 0, flags=frames.ERROR)
        await turn()
        assert counted(second) == [(b"a", 2)]

    run(test)


def test_an_item_that_was_given_back_untaken_was_not_delivered() -> None:
    async def test() -> None:
        world = World(ack=True)
        sender, first, second = world.sender(4), world.receiver(4), world.receiver()
        sender.send(SENDER, texts(1, 2, 3, 4))
        await turn()
        first.say(frames.TAKEN, RECEIVER, 1)
        first.say(frames.GIVE_BACK, RECEIVER, 1, 2)
        second.demand(RECEIVER, 9)
        await turn()
        assert counted(second) == [(b"3", 1), (b"4", 1)]
        first.say(frames.CLOSE_END, RECEIVER)
        await turn()
        assert counted(second) == [(b"1", 2), (b"2", 1)], "the first one was taken, the second one was not"
        assert world.stat("redelivered") == 1

    run(test)


def test_an_item_comes_again_when_its_time_is_up() -> None:
    async def test() -> None:
        world = World(ack=True, ack_timeout=30)
        sender, first, second = world.sender(4), world.receiver(3), world.receiver()
        sender.send(SENDER, texts(1, 2, 3))
        await turn()
        loop = asyncio.get_running_loop()
        start = loop.time()
        first.say(frames.TAKEN, RECEIVER, 2)
        first.say(frames.ACKNOWLEDGE, RECEIVER, 0)
        second.demand(RECEIVER, 1, 1)
        await until(lambda: world.stat("redelivered") == 1)
        await turn()
        assert loop.time() - start >= 0.029
        assert counted(second) == [(b"2", 2)]
        # Its time is over for the one who had it first.
        first.say(frames.ACKNOWLEDGE, RECEIVER, 1)
        assert world.stat("unacknowledged") == 0
        second.say(frames.TAKEN, RECEIVER, 1)
        await until(lambda: world.stat("redelivered") == 2)
        second.demand(RECEIVER, 1)
        await turn()
        assert counted(second) == [(b"2", 3)]

    run(test)


def test_deadlines_run_from_when_each_was_taken() -> None:
    async def test() -> None:
        world = World(ack=True, ack_timeout=40)
        sender, receiver = world.sender(4), world.receiver(2)
        sender.send(SENDER, texts(1, 2))
        await turn()
        loop = asyncio.get_running_loop()
        receiver.say(frames.TAKEN, RECEIVER, 1)
        start = loop.time()
        await until(lambda: loop.time() - start > 0.02)
        receiver.say(frames.TAKEN, RECEIVER, 1)
        second = loop.time()
        await until(lambda: world.stat("redelivered") == 1)
        first_time = loop.time()
        await until(lambda: world.stat("redelivered") == 2)
        assert loop.time() - second >= 0.039
        assert first_time - start >= 0.039

    run(test)


def test_nothing_runs_without_something_to_wait_for() -> None:
    async def test() -> None:
        world = World(ack=True, ack_timeout=60_000)
        sender, receiver = world.sender(4), world.receiver(2)
        sender.send(SENDER, texts(1, 2))
        await turn()
        receiver.say(frames.TAKEN, RECEIVER, 2)
        unacknowledged = world.channel._unacknowledged
        assert unacknowledged is not None
        assert unacknowledged._timer is not None
        for number in range(2):
            receiver.say(frames.ACKNOWLEDGE, RECEIVER, number)
        assert unacknowledged._timer is None
        receiver.lose()
        assert unacknowledged._by_end == {}

    run(test)


def test_no_limit_of_time() -> None:
    async def test() -> None:
        world = World(ack=True)
        sender, receiver = world.sender(4), world.receiver(2)
        sender.send(SENDER, texts(1, 2))
        await turn()
        receiver.say(frames.TAKEN, RECEIVER, 2)
        unacknowledged = world.channel._unacknowledged
        assert unacknowledged is not None
        assert unacknowledged._timer is None
        assert unacknowledged.size == 2

    run(test)


def test_it_ends_when_the_last_item_is_acknowledged() -> None:
    async def test() -> None:
        world = World(ack=True)
        sender, receiver = world.sender(2), world.receiver(2)
        sender.send(SENDER, texts(1, 2), [])
        sender.say(frames.CLOSE_END, SENDER)
        await turn()
        receiver.take()
        receiver.say(frames.TAKEN, RECEIVER, 2)
        receiver.say(frames.ACKNOWLEDGE, RECEIVER, 0)
        assert receiver.take() == []
        receiver.say(frames.ACKNOWLEDGE, RECEIVER, 1)
        assert [frame.type for frame in receiver.take()] == [frames.ENDED]

    run(test)


def test_tokens_are_released_with_the_acknowledgement() -> None:
    async def test() -> None:
        world = World(ack=True)
        sender, receiver = world.sender(2), world.receiver(2)
        sender.send(SENDER, texts(1), [(5, 6)])
        assert world.keeper.accepted == [(5, 6)]
        await turn()
        receiver.say(frames.TAKEN, RECEIVER, 1)
        assert world.keeper.released == []
        receiver.say(frames.ACKNOWLEDGE, RECEIVER, 0)
        assert world.keeper.released == [(5, 6)]

    run(test)
