from __future__ import annotations

import math

import pytest

from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import FrameError
from tests.hub.wires import RECEIVER, SENDER, World, run, texts, turn


def test_what_is_sent_waits_for_demand() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(4), world.receiver()
        sender.send(SENDER, texts("a", "b", "c"))
        sender.send(SENDER, texts("d"))
        await turn()
        assert receiver.take() == []
        receiver.demand(RECEIVER, 2, 1)
        await turn()
        (first,) = receiver.take()
        assert (first.type, first.stream, first.flags) == (frames.DELIVER, RECEIVER, frames.MORE)
        receiver.demand(RECEIVER, 9)
        await turn()
        (items,) = receiver.delivered()
        assert (items.epoch, items.first, items.payloads) == (0, 2, texts("c", "d"))
        assert world.stat("length") == 4
        receiver.say(frames.TAKEN, RECEIVER, 3)
        assert world.stat("length") == 1
        assert (world.stat("received"), world.stat("sent"), world.stat("highWaterMark")) == (3, 4, 4)
        assert world.free() == 15

    run(test)


def test_who_waits_gets_it_at_once_in_one_frame() -> None:
    async def test() -> None:
        world = World()
        receiver = world.receiver(10, 1)
        senders = [world.sender(2) for _ in range(3)]
        for number, sender in enumerate(senders):
            sender.send(SENDER, texts(f"{number}a", f"{number}b"))
        await turn()
        (items,) = receiver.delivered()
        assert items.payloads == texts("0a", "0b", "1a", "1b", "2a", "2b")
        assert world.stat("waitingReceivers") == 0

    run(test)


def test_bodies_are_not_copied() -> None:
    async def test() -> None:
        world = World(capacity=256)
        sender, receiver = world.sender(64), world.receiver(64)
        sender.send(SENDER, [bytes(1024)] * 64)
        await turn()
        assert [len(buffer) for buffer in receiver.buffers] == [24, 64 * 1028], "a head, and the body as it came"

    run(test)


def test_a_run_is_shared_by_those_who_wait() -> None:
    async def test() -> None:
        world = World()
        receivers = [world.receiver(10, 1), world.receiver(1, 1), world.receiver(10, 1)]
        world.sender(9).send(SENDER, texts(*range(9)))
        await turn()
        assert [receiver.got() for receiver in receivers] == [
            texts(0, 1, 2, 7),
            texts(3),
            texts(4, 5, 6, 8),
        ]

    run(test)


def test_waiters_are_served_in_order_of_arrival() -> None:
    async def test() -> None:
        world = World()
        sender = world.sender(4)
        receivers = [world.receiver(2, 2) for _ in range(3)]
        order: list[list[bytes]] = []
        for number in range(4):
            sender.send(SENDER, texts(number))
            await turn()
            order.append([name for name, wire in zip(texts("A", "B", "C"), receivers, strict=True) if wire.got()])
        assert order == [[b"A"], [b"B"], [b"C"], [b"A"]]

    run(test)


def test_ten_thousand_blocked_receivers() -> None:
    async def test() -> None:
        world = World(capacity=64)
        receivers = [world.receiver(1, 1) for _ in range(10_000)]
        sender = world.sender(64)
        for number in range(0, 640, 64):
            sender.send(SENDER, texts(*range(number, number + 64)))
            await turn()
            for receiver in receivers[number : number + 64]:
                (item,) = receiver.got()
                assert receivers[int(item)] is receiver
                receiver.say(frames.TAKEN, RECEIVER, 1)
            sender.say(frames.WANT, SENDER, 64, flags=frames.ATTEMPT)
        assert world.stat("waitingReceivers") == 10_000 - 640
        # They can go in any order, and what comes then is for the others.
        for receiver in receivers[:-1]:
            receiver.say(frames.CLOSE_END, RECEIVER)
        sender.send(SENDER, texts("last"))
        await turn()
        assert receivers[-1].got() == texts("last")

    run(test)


def test_an_item_with_tokens_travels_alone() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(4), world.receiver(9)
        sender.send(SENDER, texts("a"))
        sender.send(SENDER, texts("b"), [(1, 2), (1, 3)])
        sender.send(SENDER, texts("c"), [(1, 4)])
        sender.send(SENDER, texts("d"))
        await turn()
        delivered = receiver.delivered()
        assert [items.payloads for items in delivered] == [[b"a"], [b"b"], [b"c"], [b"d"]]
        assert [items.first for items in delivered] == [0, 1, 2, 3]
        assert [items.tokens for items in delivered] == [[], [(1, 2), (1, 3)], [(1, 4)], []]
        assert world.keeper.released == []
        receiver.say(frames.TAKEN, RECEIVER, 2)
        assert world.keeper.released == [(1, 2), (1, 3)]
        receiver.say(frames.CLOSE_END, RECEIVER)
        assert world.keeper.released == [(1, 2), (1, 3), (1, 4)], "nobody receives any more"

    run(test)


def test_what_is_given_back_goes_to_the_front_in_order() -> None:
    async def test() -> None:
        world = World()
        sender, first, second = world.sender(9), world.receiver(3), world.receiver(3)
        for number in range(9):
            sender.send(SENDER, texts(number))
        await turn()
        assert first.got() == texts(0, 2, 4)
        assert second.got() == texts(1, 3, 5)
        # One after the other, and out of turn; the second has taken one and keeps one.
        first.say(frames.TAKEN, RECEIVER, 1)
        second.say(frames.GIVE_BACK, RECEIVER, 1, 1)
        first.say(frames.GIVE_BACK, RECEIVER, 1, 1)
        assert world.stat("length") == 8
        second.demand(RECEIVER, 9)
        await turn()
        (items,) = second.delivered()
        assert (items.epoch, items.first) == (1, 1)
        assert items.payloads == texts(2, 3, 4, 5, 6, 7, 8)
        assert world.stat("length") == 8
        second.say(frames.TAKEN, RECEIVER, 8)
        assert world.free() == 16

    run(test)


def test_part_of_what_was_delivered_is_given_back() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(8), world.receiver(8)
        sender.send(SENDER, texts(*range(8)))
        await turn()
        receiver.take()
        receiver.say(frames.TAKEN, RECEIVER, 2)
        receiver.say(frames.GIVE_BACK, RECEIVER, 7, 5)
        receiver.say(frames.TAKEN, RECEIVER, 3)
        other = world.receiver(8)
        await turn()
        assert other.got() == texts(5, 6, 7)
        assert world.stat("received") == 5

    run(test)


def test_what_was_not_written_yet_is_given_back_too() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(8), world.receiver(8)
        sender.send(SENDER, texts(*range(4)))
        receiver.say(frames.GIVE_BACK, RECEIVER, 1, 0)
        await turn()
        assert receiver.take() == []
        sender.send(SENDER, texts(4))
        receiver.demand(RECEIVER, 9)
        await turn()
        (items,) = receiver.delivered()
        assert (items.epoch, items.first, items.payloads) == (1, 0, texts(*range(5)))

    run(test)


def test_numbers_wrap_around() -> None:
    async def test() -> None:
        world = World()
        receiver = world.receiver()
        # Items are numbered from where the client says.
        end = receiver.sinks[RECEIVER]
        end._sequence = 2**32 - 2  # type: ignore[attr-defined]
        world.sender(8).send(SENDER, texts(*range(8)))
        receiver.demand(RECEIVER, 4)
        await turn()
        assert receiver.delivered()[0].first == 2**32 - 2
        receiver.say(frames.TAKEN, RECEIVER, 1)
        receiver.say(frames.GIVE_BACK, RECEIVER, 1, 1)
        receiver.demand(RECEIVER, 9)
        await turn()
        (items,) = receiver.delivered()
        assert (items.first, items.payloads) == (1, texts(3, 4, 5, 6, 7))
        receiver.say(frames.TAKEN, RECEIVER, 7)
        assert world.free() == 16

    run(test)


@pytest.mark.parametrize(
    ("kind", "integers"),
    [
        (frames.TAKEN, (4,)),
        (frames.GIVE_BACK, (1, 4)),
        (frames.GIVE_BACK, (1, 2**32 - 1)),
        (frames.TAKEN, ()),
        (frames.DEMAND, (1,)),
    ],
)
def test_a_receiver_that_contradicts_itself(kind: int, integers: tuple[int, ...]) -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(3), world.receiver(3)
        sender.send(SENDER, texts(1, 2, 3))
        await turn()
        with pytest.raises(FrameError):
            receiver.say(kind, RECEIVER, *integers)
        # That ends its connection; the items are still there for another.
        other = world.receiver(3)
        receiver.lose()
        await turn()
        assert other.got() == texts(1, 2, 3)

    run(test)


def test_items_that_are_not_written_can_not_be_taken() -> None:
    async def test() -> None:
        world = World()
        sender, receiver = world.sender(3), world.receiver(3)
        sender.send(SENDER, texts(1))
        with pytest.raises(FrameError, match="1 items were taken, 0 had been delivered"):
            receiver.say(frames.TAKEN, RECEIVER, 1)

    run(test)


def test_an_unbounded_channel_takes_everything() -> None:
    async def test() -> None:
        world = World(capacity=math.inf)
        sender = world.sender()
        receiver = world.receiver()
        for _ in range(5):
            sender.want(SENDER, 10_000, 4096, 1, world.stat("sent"))
            await turn()
            assert sum(sender.credited()) >= 10_000
            sender.send(SENDER, [b"x"] * 10_000)
        assert world.stat("length") == 50_000
        assert world.stat("capacity") == math.inf
        receiver.demand(RECEIVER, 50_000)
        await turn()
        assert len(receiver.got()) == 50_000

    run(test)
