"""Whatever the order of things: no item is lost or doubled, no slot either, and everything ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest

from klaw_agent.wire.frame import WANT
from tests.hub.simulated_clients import Client, SimulatedReceiver, SimulatedSender
from tests.hub.wires import RECEIVER, SENDER, World, run

ITEMS = 60


class Schedule:
    def __init__(self, seed: int, capacity: float, senders: int, receivers: int, stubborn: bool = False) -> None:
        self.random = Random(seed)
        self.world = World(capacity=capacity)
        self.stubborn = stubborn
        self.senders: list[SimulatedSender] = []
        self.receivers: list[SimulatedReceiver] = []
        for _ in range(senders):
            self.add_sender()
        for _ in range(receivers):
            self.add_receiver()

    def add_sender(self) -> None:
        sender = SimulatedSender(self.random, len(self.senders))
        self.senders.append(sender)
        self.world.channel.add_sender(sender, SENDER)

    def add_receiver(self) -> None:
        receiver = SimulatedReceiver(self.random)
        receiver.is_stubborn = self.stubborn
        self.receivers.append(receiver)
        self.world.channel.add_receiver(receiver, RECEIVER)

    @property
    def clients(self) -> list[Client]:
        return [*self.senders, *self.receivers]

    def open_receivers(self) -> list[SimulatedReceiver]:
        return [receiver for receiver in self.receivers if not receiver.is_closed]

    def step(self) -> None:
        random = self.random
        choice = random.random()
        if choice < 0.3:
            sender = random.choice(self.senders)
            sender.act(ITEMS - sender.sent)
            if sender.sent == ITEMS and not sender.is_closed:
                sender.close()
        elif choice < 0.6:
            random.choice(self.receivers).act()
        elif choice < 0.78:
            random.choice(self.clients).bring_to_hub(random.choice((1, 2, 10)))
        elif choice < 0.97:
            random.choice(self.clients).bring_to_client(random.choice((1, 2, 10)))
        elif choice < 0.98 and not self.stubborn:
            self.add_receiver()
            if len(self.open_receivers()) > 3:
                random.choice(self.open_receivers()).close()

    async def pause(self) -> None:
        choice = self.random.random()
        if choice < 0.3:
            await asyncio.sleep(0)
        elif choice < 0.31:
            # Time for the timers of recalls.
            await asyncio.sleep(0.003)
        self.check()

    def check(self) -> None:
        """Every slot is free, with a sender, or with an item."""
        channel = self.world.channel
        with_senders = sum(end.held for end in channel._senders)
        assert self.world.free() + with_senders + self.world.stat("length") == self.world.stat("capacity")
        assert self.world.stat("length") >= channel._queue.length
        if self.world.stat("capacity") < float("inf"):
            assert channel._lent() == with_senders
        for end in channel._receivers:
            assert (end in channel._queue.holding) == (end.untaken > 0)

    async def finish(self) -> None:
        """Everybody who is still there does what is left to do."""
        while not all(receiver.is_over for receiver in self.open_receivers()):
            for sender in self.senders:
                sender.bring_to_client(1000)
                if sender.is_closed:
                    sender.bring_to_hub(1000)
                    continue
                sender.send_items(min(ITEMS - sender.sent, sender.credits))
                if sender.sent == ITEMS:
                    sender.close()
                elif sender.waiting == 0:
                    sender.waiting = ITEMS - sender.sent
                    sender.tell(WANT, SENDER, sender.waiting, 0, 1, sender.received)
                sender.bring_to_hub(1000)
            for receiver in self.receivers:
                receiver.bring_to_client(1000)
                if not receiver.is_closed:
                    receiver.take(1000)
                    receiver.report()
                    receiver.demand(5)
                receiver.bring_to_hub(1000)
            await asyncio.sleep(0.0005)
            self.check()


@pytest.mark.parametrize("seed", range(24))
def test_every_item_is_received_once(seed: int) -> None:
    async def test() -> None:
        capacity = (1, 3, 16, 64, 2048, float("inf"))[seed % 6]
        schedule = Schedule(seed, capacity, senders=4, receivers=1 + seed % 3)
        for _ in range(900):
            schedule.step()
            await schedule.pause()
        await schedule.finish()
        got = Counter(item for receiver in schedule.receivers for item in receiver.got)
        assert got == Counter((name, number) for name in range(4) for number in range(ITEMS))
        world = schedule.world
        assert (world.stat("sent"), world.stat("received")) == (4 * ITEMS, 4 * ITEMS)
        assert world.free() == world.stat("capacity")
        assert world.channel.is_over
        for receiver in schedule.open_receivers():
            receiver.close()
            receiver.bring_to_hub(1000)
        assert world.keeper.unused_count == 1

    run(test)


@pytest.mark.parametrize("seed", range(8))
def test_each_receiver_sees_each_sender_in_order(seed: int) -> None:
    async def test() -> None:
        schedule = Schedule(1000 + seed, (2, 16, 64, 2048)[seed % 4], senders=3, receivers=3, stubborn=True)
        for _ in range(700):
            schedule.step()
            await schedule.pause()
        await schedule.finish()
        total = 0
        for receiver in schedule.receivers:
            for name in range(3):
                numbers = [number for sender, number in receiver.got if sender == name]
                assert numbers == sorted(numbers)
                total += len(numbers)
        assert total == 3 * ITEMS

    run(test)
