from __future__ import annotations

import asyncio

from klaw_agent.wire import frame as frames
from tests.hub.wires import RECEIVER, SENDER, World, run, texts, turn
from tests.peer import until


def test_untaken_items_are_called_back_after_a_while() -> None:
    async def test() -> None:
        world = World()
        sender, hoarder = world.sender(4), world.receiver(4)
        sender.send(SENDER, texts(1, 2, 3))
        await turn()
        assert hoarder.got() == texts(1, 2, 3)
        loop = asyncio.get_running_loop()
        start = loop.time()
        waiting = world.receiver(1, 1)
        await until(lambda: bool(hoarder.written))
        assert loop.time() - start >= 0.009
        assert [frame.type for frame in hoarder.take()] == [frames.RECALL_ITEMS]
        hoarder.say(frames.GIVE_BACK, RECEIVER, 1, 1)
        await turn()
        assert waiting.got() == texts(2)
        assert world.stat("length") == 3

    run(test)


def test_where_there_are_many_receivers_each_is_waited_for_longer() -> None:
    async def test() -> None:
        world = World()
        sender, hoarder = world.sender(4), world.receiver(4)
        sender.send(SENDER, texts(1, 2, 3))
        await turn()
        hoarder.take()
        loop = asyncio.get_running_loop()
        start = loop.time()
        for _ in range(7):
            world.receiver(1, 1)
        await until(lambda: bool(hoarder.written))
        assert loop.time() - start >= 0.039

    run(test)


def test_who_is_alone_is_left_alone() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(4), world.receiver(9)
        sender.send(SENDER, texts(1, 2, 3))
        await turn()
        receiver.take()
        await asyncio.sleep(0.03)
        assert receiver.take() == []
        assert world.channel._items._starved_timer is None

    run(test)


def test_who_takes_all_the_time_is_not_asked() -> None:
    async def test() -> None:
        world = World(capacity=256)
        sender, busy = world.sender(200), world.receiver(200)
        sender.send(SENDER, texts(*range(200)))
        await turn()
        busy.take()
        world.receiver(1, 1)
        loop = asyncio.get_running_loop()
        end = loop.time() + 0.05
        taken = 0
        while loop.time() < end and taken < 199:
            busy.say(frames.TAKEN, RECEIVER, 1)
            taken += 1
            before = loop.time()
            await asyncio.sleep(0.001)
            if loop.time() - before > 0.005:
                return  # This machine was busy with something else: nothing can be said.
        assert busy.take() == []

    run(test)


def test_nothing_runs_while_nobody_waits() -> None:
    async def test() -> None:
        world = World()
        sender, first, second = world.sender(4), world.receiver(4), world.receiver()
        sender.send(SENDER, texts(1, 2))
        await turn()
        first.say(frames.TAKEN, RECEIVER, 2)
        second.demand(RECEIVER, 1, 1)
        sender.want(SENDER, 1)
        await until(lambda: world.channel._items._starved_timer is None)
        assert world.channel._credits._starved_timer is None
        assert frames.RECALL_ITEMS not in [frame.type for frame in first.take()]


def test_who_waits_for_more_than_it_has_is_not_asked_for_that() -> None:
    async def test() -> None:
        world = World()
        sender, first, _idle = world.sender(4), world.receiver(4), world.receiver()
        sender.send(SENDER, texts(1, 2))
        await turn()
        await until(lambda: world.channel._items._starved_timer is None)
        assert first.got() == texts(1, 2)
        first.say(frames.TAKEN, RECEIVER, 1)
        await asyncio.sleep(0.03)
        assert first.take() == []

    run(test)


def test_a_probe_gets_what_is_there() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(4), world.receiver()
        sender.send(SENDER, texts(1, 2, 3))
        receiver.say(frames.DEMAND, RECEIVER, 2, flags=frames.ATTEMPT)
        types = [frame.type for frame in receiver.written]
        assert types == [frames.DELIVER, frames.PROBED]
        assert receiver.got() == texts(1, 2)
        receiver.say(frames.DEMAND, RECEIVER, 9, flags=frames.ATTEMPT)
        assert receiver.got() == texts(3)
        receiver.say(frames.DEMAND, RECEIVER, 9, flags=frames.ATTEMPT)
        assert [frame.type for frame in receiver.take()] == [frames.PROBED]

    run(test)


def test_a_probe_calls_back_what_others_hold() -> None:
    async def test() -> None:
        world = World()
        sender, first, second = world.sender(4), world.receiver(2), world.receiver(2)
        sender.send(SENDER, texts(1, 2, 3, 4))
        await turn()
        first.take()
        second.take()
        prober = world.receiver()
        prober.say(frames.DEMAND, RECEIVER, 3, flags=frames.ATTEMPT)
        assert prober.take() == []
        first.say(frames.GIVE_BACK, RECEIVER, 1, 2)
        assert prober.take() == [], "the other one may still answer"
        second.say(frames.GIVE_BACK, RECEIVER, 1, 0)
        assert prober.got() == texts(3, 4)
        assert world.stat("length") == 4

    run(test)


def test_a_probe_ends_with_those_who_were_asked() -> None:
    async def test() -> None:
        world = World()
        sender, holder = world.sender(4), world.receiver(2)
        sender.send(SENDER, texts(1))
        await turn()
        prober, gone = world.receiver(), world.receiver()
        for wire in (prober, gone):
            wire.say(frames.DEMAND, RECEIVER, 3, flags=frames.ATTEMPT)
        gone.lose()
        holder.lose()
        assert prober.got() == texts(1)
        assert gone.take() == []
        assert world.channel._items._probe_timer is None

    run(test)


def test_a_probe_does_not_wait_for_who_computes() -> None:
    async def test() -> None:
        world = World()
        sender, holder = world.sender(4), world.receiver(2)
        sender.send(SENDER, texts(1))
        await turn()
        holder.take()
        prober = world.receiver()
        prober.say(frames.DEMAND, RECEIVER, 3, flags=frames.ATTEMPT)
        await until(lambda: bool(prober.written))
        assert [frame.type for frame in prober.take()] == [frames.PROBED]

    run(test)
