from __future__ import annotations

import math

from klaw_agent.hub.slots import Slots


class Waiter:
    def __init__(self, need: int, least: int | None = None) -> None:
        self.need = need
        self.got: list[int] = []
        self.was_refused = False
        self._least = least

    @property
    def least(self) -> int:
        return self.need if self._least is None else min(self._least, self.need)

    def granted(self, count: int) -> None:
        self.got.append(count)

    def refused(self) -> None:
        self.was_refused = True


def test_nobody_barges() -> None:
    slots = Slots(4)
    assert slots.try_acquire(3)
    first, second = Waiter(2), Waiter(1)
    slots.park(first)
    slots.park(second)
    assert (first.got, second.got, slots.waiting) == ([], [], 2)
    assert not slots.try_acquire(1), "one is free, but it belongs to the first in line"
    slots.release(1)
    assert (first.got, second.got) == ([2], [])
    slots.release(1)
    assert second.got == [1]
    assert slots.waiting == 0


def test_who_leaves_makes_way() -> None:
    slots = Slots(2)
    slots.try_acquire(1)
    first, second = Waiter(2), Waiter(1)
    slots.park(first)
    slots.park(second)
    assert first in slots
    assert slots.unpark(first)
    assert not slots.unpark(first)
    assert second.got == [1]


def test_part_by_part_in_place() -> None:
    slots = Slots(8)
    slots.try_acquire(8)
    large, small = Waiter(5, least=2), Waiter(1)
    slots.park(large)
    slots.park(small)
    slots.release(1)
    assert large.got == []
    slots.release(1)
    assert (large.got, large.need) == ([2], 3)
    slots.release(1)
    assert small.got == [], "the large one keeps its place until it has all"
    slots.rethink(large, 1)
    assert (large.got, small.got) == ([2, 1], [])
    slots.release(1)
    assert small.got == [1]


def test_a_waiter_may_release_while_it_is_served() -> None:
    slots = Slots(1)
    slots.try_acquire(1)
    served: list[int] = []

    class Passing(Waiter):
        def granted(self, count: int) -> None:
            served.append(len(served))
            slots.release(count)

    for _ in range(10_000):
        slots.park(Passing(1))
    slots.release(1)
    assert len(served) == 10_000
    assert (slots.available, slots.waiting) == (1, 0)


def test_closing_refuses_everybody() -> None:
    slots = Slots(1)
    slots.try_acquire(1)
    first, late = Waiter(1), Waiter(1)
    slots.park(first)
    slots.close()
    slots.close()
    slots.park(late)
    slots.release(1)
    assert first.was_refused
    assert late.was_refused
    assert (first.got, late.got) == ([], [])
    assert not slots.try_acquire(1)


def test_unbounded() -> None:
    slots = Slots(math.inf)
    waiter = Waiter(1_000_000)
    slots.park(waiter)
    assert waiter.got == [1_000_000]
    assert slots.try_acquire(2**40)
