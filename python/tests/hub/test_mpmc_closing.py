from __future__ import annotations

import pytest

from klaw_agent.codec import decode
from klaw_agent.errors import KlawError
from klaw_agent.hub.rates import Rate
from klaw_agent.wire import frame as frames
from tests.hub.wires import RECEIVER, SENDER, Wire, World, run, texts, turn


def kinds(wire: Wire) -> list[int]:
    """What was written, without credits that only say what was accepted."""
    return [frame.type for frame in wire.take() if frame.type != frames.CREDIT]


def reason(wire: Wire) -> object:
    """What the last frame says; it is *ended*."""
    last = wire.take()[-1]
    assert last.type == frames.ENDED
    return decode(last.body) if len(last.body) > 0 else None


def test_the_last_sender_leaves() -> None:
    async def test() -> None:
        world = World()
        first, second, receiver = world.sender(2), world.sender(2), world.receiver(1)
        first.send(SENDER, texts(1, 2))
        first.say(frames.CLOSE_END, SENDER)
        second.send(SENDER, texts(3))
        await turn()
        assert receiver.got() == texts(1)
        second.say(frames.CLOSE_END, SENDER)
        assert first.sinks == {}
        assert second.sinks == {}
        receiver.demand(RECEIVER, 5, 5)
        await turn()
        assert kinds(receiver) == [frames.DELIVER], "what was delivered is not taken yet"
        receiver.say(frames.TAKEN, RECEIVER, 2)
        assert not world.channel.is_over
        receiver.say(frames.TAKEN, RECEIVER, 1)
        assert reason(receiver) is None
        assert world.channel.is_over
        assert world.keeper.unused_count == 0
        late = world.receiver(1, 1)
        assert reason(late) is None
        for wire in (receiver, late):
            wire.say(frames.CLOSE_END, RECEIVER)
        assert (receiver.sinks, late.sinks) == ({}, {})
        assert world.keeper.unused_count == 1
        assert world.free() == 16

    run(test)


def test_an_untaken_item_comes_back_although_all_senders_are_gone() -> None:
    async def test() -> None:
        world = World()
        sender, first, second = world.sender(2), world.receiver(2), world.receiver(2)
        sender.send(SENDER, texts(1, 2))
        sender.lose()
        await turn()
        assert (first.got(), second.got()) == (texts(1), texts(2))
        second.say(frames.TAKEN, RECEIVER, 1)
        assert second.take() == [], "the first one may still give its item back"
        first.lose()
        await turn()
        assert second.got() == texts(1)
        second.say(frames.TAKEN, RECEIVER, 1)
        assert reason(second) is None

    run(test)


def test_a_sender_may_come_back_before_the_channel_is_drained() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(2), world.receiver()
        sender.send(SENDER, texts(1))
        sender.say(frames.CLOSE_END, SENDER)
        again = world.sender(1)
        receiver.demand(RECEIVER, 9, 1)
        await turn()
        receiver.say(frames.TAKEN, RECEIVER, 1)
        assert not world.channel.is_over
        again.send(SENDER, texts(2))
        again.say(frames.CLOSE_END, SENDER)
        await turn()
        assert receiver.got() == texts(1, 2)
        receiver.say(frames.TAKEN, RECEIVER, 1)
        assert reason(receiver) is None

    run(test)


def test_the_last_receiver_leaves() -> None:
    async def test() -> None:
        world = World(capacity=4)
        sender, waiting, receiver = world.sender(4), world.sender(), world.receiver(1)
        sender.send(SENDER, texts(1))
        sender.send(SENDER, texts(2), [(1, 2)])
        await turn()
        waiting.want(SENDER, 3)
        waiting.say(frames.WANT, SENDER, 3, flags=frames.ATTEMPT)
        receiver.say(frames.CLOSE_END, RECEIVER)
        await turn()
        assert kinds(sender)[-1] == frames.ENDED
        written = waiting.take()
        assert [frame.type for frame in written] == [frames.CREDIT, frames.ENDED]
        assert written[0].uint32() == 0
        assert world.keeper.released == [(1, 2)]
        assert world.keeper.unused_count == 1
        assert world.channel.is_over
        late = world.sender()
        assert reason(late) is None
        assert late.sinks == {}
        # A receiver that comes now does not wait for what can not come.
        assert reason(world.receiver(1, 1)) is None
        assert world.stat("length") == 0

    run(test)


def test_handles_under_way_count() -> None:
    async def test() -> None:
        world = World()
        world.channel.hold_sender()
        world.channel.hold_receiver()
        sender, receiver = world.sender(2), world.receiver(1)
        sender.send(SENDER, texts(1))
        await turn()
        assert (world.stat("senders"), world.stat("receivers")) == (2, 2)
        sender.say(frames.CLOSE_END, SENDER)
        receiver.say(frames.CLOSE_END, RECEIVER)
        assert world.stat("length") == 1, "the handle's receiver may still want it"
        world.channel.release_receiver()
        assert world.keeper.unused_count == 0
        assert world.stat("length") == 0
        world.channel.release_sender()
        assert world.keeper.unused_count == 1
        assert not world.channel.is_held

    run(test)


def test_a_detached_channel_keeps_its_items_for_who_comes_later() -> None:
    async def test() -> None:
        world = World(detached=True)
        sender, receiver = world.sender(3), world.receiver(1)
        sender.send(SENDER, texts(1, 2))
        await turn()
        receiver.lose()
        sender.send(SENDER, texts(3))
        await turn()
        assert kinds(sender) == []
        sender.say(frames.CLOSE_END, SENDER)
        assert world.keeper.unused_count == 1
        assert not world.channel.is_over
        later = world.receiver(9)
        await turn()
        assert later.got() == texts(1, 2, 3)
        later.say(frames.TAKEN, RECEIVER, 3)
        assert reason(later) is None
        assert world.channel.is_over

    run(test)


def test_a_sealed_channel_can_be_drained() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(3), world.receiver(1)
        world.channel.hold_sender()
        sender.send(SENDER, texts(1, 2))
        await turn()
        world.channel.seal(KlawError("the session has ended"))
        world.channel.seal(KlawError("again"))
        assert str(reason(sender)) == "the session has ended"
        assert world.channel.is_over
        late = world.sender()
        assert str(reason(late)) == "the session has ended"
        assert receiver.got() == texts(1)
        receiver.demand(RECEIVER, 5)
        await turn()
        assert receiver.got() == texts(2)
        receiver.say(frames.TAKEN, RECEIVER, 2)
        assert str(reason(receiver)) == "the session has ended"
        world.channel.release_sender()
        receiver.say(frames.CLOSE_END, RECEIVER)
        assert world.keeper.unused_count == 1

    run(test)


def test_sealing_what_is_empty_ends_it() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(), world.receiver(1, 1)
        world.channel.seal(KlawError("over"))
        assert str(reason(sender)) == "over"
        assert str(reason(receiver)) == "over"
        receiver.lose()
        assert world.keeper.unused_count == 1

    run(test)


@pytest.mark.parametrize("ack", [False, True])
def test_deleting_ends_it_for_everybody(ack: bool) -> None:
    async def test() -> None:
        world = World(capacity=4, ack=ack, ack_timeout=60_000, detached=True)
        sender, receiver, idle = world.sender(4), world.receiver(2), world.receiver()
        sender.send(SENDER, texts(1), [(1, 1)])
        sender.send(SENDER, texts(2), [(1, 2)])
        sender.send(SENDER, texts(3), [(1, 3)])
        await turn()
        receiver.say(frames.TAKEN, RECEIVER, 1)
        idle.say(frames.DEMAND, RECEIVER, 1, flags=frames.ATTEMPT)
        world.channel.delete(KlawError("deleted"))
        assert [frame.type for frame in idle.written][-2:] == [frames.PROBED, frames.ENDED]
        for wire in (sender, receiver, idle):
            assert str(reason(wire)) == "deleted"
        assert sorted(world.keeper.released) == [(1, 1), (1, 2), (1, 3)]
        assert (world.stat("length"), world.stat("unacknowledged")) == (0, 0)
        # What the clients had written by then does no harm.
        receiver.say(frames.TAKEN, RECEIVER, 1)
        receiver.say(frames.ACKNOWLEDGE, RECEIVER, 0)
        receiver.say(frames.GIVE_BACK, RECEIVER, 1, 2)
        receiver.demand(RECEIVER, 5)
        sender.send(SENDER, texts(4))
        for wire in (receiver, idle):
            wire.say(frames.CLOSE_END, RECEIVER)
        await turn()
        assert receiver.take() == []
        assert not world.channel.is_held
        assert world.keeper.unused_count == 1

    run(test)


def test_what_has_not_left_when_it_is_deleted_does_not_leave() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(2), world.receiver(2)
        sender.send(SENDER, texts(1))
        world.channel.delete(KlawError("deleted"))
        await turn()
        assert kinds(receiver) == [frames.ENDED]

    run(test)


def test_stats_name_the_nodes() -> None:
    async def test() -> None:
        world = World()
        world.sender(label="a")
        world.sender(label="a")
        world.receiver(label="b")
        world.receiver(label="a")
        assert world.stat("nodes") == {"a": {"senders": 2, "receivers": 1}, "b": {"senders": 0, "receivers": 1}}

    run(test)


def test_rates_are_of_the_last_seconds() -> None:
    now = 100.0
    rate = Rate(lambda: now)
    assert rate.per_second() == 0
    for _ in range(20):
        now += 0.1
        rate.add(50)
    assert rate.per_second() == pytest.approx(500, rel=0.05)
    for _ in range(300):
        now += 0.1
        rate.add(200)
    assert rate.per_second() == pytest.approx(2000, rel=0.05)
    now += 60
    assert rate.per_second() < 1


def test_the_first_items_are_no_flood() -> None:
    rate = Rate(lambda: 0.0)
    rate.add(100)
    assert rate.per_second() == pytest.approx(110, rel=0.01)
