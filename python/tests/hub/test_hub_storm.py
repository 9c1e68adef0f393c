"""Many sessions that do anything in any order, and end: nothing of it remains."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Collection, Sequence

import pytest

from klaw_agent.errors import KlawError
from klaw_agent.hub.hub import Hub
from klaw_agent.wire import frame as frames
from klaw_agent.wire.items import Token
from tests.hub.hub_client import INSTANCE, RECEIVER_KINDS, SENDER_KINDS, HubClient, as_value, run, settle
from tests.peer import until

KINDS = ("mpmc", "oneshot", "broadcast", "watch")
REFERENCE = 1


class CountingEstate:
    """Counts what is adopted: exported references, which are in the tests' messages."""

    def __init__(self) -> None:
        self.held: set[Token] = set()

    def release(self, tokens: Sequence[Token]) -> None:
        self.held.difference_update(tokens)

    def session_ended(self, origin: int, accepted: Collection[int]) -> None:
        self.held = {token for token in self.held if token[0] != origin or token[1] in accepted}


class Actor:
    """A session, and what it knows of the world."""

    def __init__(self, hub: Hub, origin: int, chance: random.Random, world: World) -> None:
        self.client = HubClient(hub, origin, f"node-{origin % 3}")
        self.chance = chance
        self.world = world
        self.senders: list[int] = []
        self.receivers: list[int] = []
        self.credits: dict[int, int] = {}
        self.untaken: dict[int, int] = {}

    def act(self) -> None:
        with contextlib.suppress(KlawError):
            self.chance.choice(
                [
                    self.open,
                    self.attach,
                    self.want,
                    self.send,
                    self.send,
                    self.demand,
                    self.take,
                    self.claim,
                    self.close,
                ]
            )()
        self.look()

    def open(self) -> None:
        kind = self.chance.choice(KINDS)
        options = {"capacity": self.chance.choice([1, 4, 100])} if kind in ("mpmc", "broadcast") else {}
        if self.chance.random() < 0.3:
            options |= {"name": f"{kind}-{self.chance.randint(1, 3)}", "capacity": 1, "lifetime": "session"}
        if kind == "watch":
            options["initial"] = {"bytes": b"0", "tokens": [as_value(token) for token in self.handles()] or None}
        identifier, sender, receiver = self.client.open(kind, **options)
        self.world.channels.append((kind, identifier))
        self.senders.append(sender)
        self.receivers.append(receiver)

    def attach(self) -> None:
        if not self.world.channels:
            return
        kind, identifier = self.chance.choice(self.world.channels)
        side = self.chance.choice(["sender", "receiver"])
        stream = self.client.attach(identifier, side)
        (self.senders if side == "sender" else self.receivers).append(stream)
        if kind == "watch":
            self.client.request("channel.store", {"id": identifier, "item": {"bytes": b"1", "count": 0}})

    def handles(self) -> list[Token]:
        """Of channels and references, to go into a message; some are then put somewhere else."""
        tokens = []
        while self.chance.random() < 0.4 and self.world.channels:
            kind, identifier = self.chance.choice(self.world.channels)
            number = self.chance.choice([SENDER_KINDS, RECEIVER_KINDS])[kind]
            if self.chance.random() < 0.2:
                token = self.client.export(REFERENCE, "")
                self.world.estate.held.add(token)
            elif self.chance.random() < 0.3:
                self.world.tokens.append(self.client.export(number, identifier, kept=True))
                continue
            else:
                token = self.client.export(number, identifier)
            self.world.tokens.append(token)
            tokens.append(token)
        return tokens

    def want(self) -> None:
        if self.senders:
            stream = self.chance.choice(self.senders)
            self.client.want(stream, self.chance.randint(1, 3))

    def send(self) -> None:
        ready = [stream for stream in self.senders if self.credits.get(stream, 0) > 0]
        tokens = self.handles()
        if not ready or self.chance.random() < 0.1:
            return
        stream = self.chance.choice(ready)
        self.credits[stream] -= 1
        self.client.send(stream, b"message", tokens=tokens)

    def demand(self) -> None:
        if self.receivers:
            self.client.demand(self.chance.choice(self.receivers), self.chance.randint(1, 3))

    def take(self) -> None:
        for stream, count in list(self.untaken.items()):
            if count:
                self.client.taken(stream, count)
                self.untaken[stream] = 0

    def claim(self) -> None:
        if self.world.tokens:
            origin, number = self.chance.choice(self.world.tokens)
            self.receivers.append(self.client.claim((origin, number + self.chance.choice([0, 0, 0, 1, 2]))))

    def close(self) -> None:
        ends = self.chance.choice([self.senders, self.receivers])
        if ends:
            stream = ends.pop(self.chance.randrange(len(ends)))
            self.client.close_end(stream)
            self.credits.pop(stream, None)
            self.untaken.pop(stream, None)

    def look(self) -> None:
        """Credits and items that have come. What is said on a claimed end tells whether it sends or receives."""
        assert not self.client.is_closed
        for stream in [*self.senders, *self.receivers]:
            for frame in self.client.of(stream, frames.CREDIT):
                self.credits[stream] = self.credits.get(stream, 0) + frame.uint32()
            for frame in self.client.of(stream, frames.DELIVER):
                self.untaken[stream] = self.untaken.get(stream, 0) + frame.uint32s(3)[2]
            if self.client.of(stream, frames.ENDED):
                self.credits.pop(stream, None)


class World:
    def __init__(self) -> None:
        self.estate = CountingEstate()
        self.channels: list[tuple[str, str]] = []
        self.tokens: list[Token] = []


@pytest.mark.parametrize("seed", range(12))
def test_nothing_remains_of_sessions_that_have_ended(seed: int) -> None:
    async def test() -> None:
        chance = random.Random(seed)
        world = World()
        hub = Hub(INSTANCE, world.estate, orphan_time=0.01, kept_time=0.02, stranger_time=0.02, search_time=0.03)
        actors: list[Actor] = []
        origin = 0
        for _ in range(1500):
            if len(actors) < 5 and chance.random() < 0.1:
                origin += 1
                actors.append(Actor(hub, origin, chance, world))
            if actors:
                chance.choice(actors).act()
            if actors and chance.random() < 0.01:
                actors.pop(chance.randrange(len(actors))).client.lose()
            if chance.random() < 0.3:
                await settle()
                for actor in actors:
                    actor.look()
        assert origin > 5
        for actor in actors:
            actor.client.lose()
        await until(lambda: hub.leases.size == 0)
        assert hub.channels.size == 0
        assert world.estate.held == set()
        assert hub.leases.is_empty
        await until(lambda: hub.claims.size == 0)

    run(test)
