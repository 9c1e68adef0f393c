from __future__ import annotations

import asyncio

from klaw_agent.lane.wakefulness import Wakefulness


async def _sleep_out(wakefulness: Wakefulness) -> None:
    while wakefulness.is_turning:  # noqa: ASYNC110 - it ends within the turns of the loop
        await asyncio.sleep(0)


def test_the_loop_turns_for_a_moment_after_a_small_message_and_not_after_a_large_one() -> None:
    async def test() -> None:
        wakefulness = Wakefulness(asyncio.get_running_loop())
        wakefulness.received(100_000)
        assert not wakefulness.is_turning
        wakefulness.received(100)
        assert wakefulness.is_turning
        await asyncio.wait_for(_sleep_out(wakefulness), 10)

    asyncio.run(test())


def test_turning_in_vain_again_and_again_is_given_up_for_a_while() -> None:
    async def test() -> None:
        wakefulness = Wakefulness(asyncio.get_running_loop(), awake_time=0)
        turned = []
        for _ in range(200):
            wakefulness.received(1)
            turned.append(wakefulness.is_turning)
            await _sleep_out(wakefulness)
        # Three times, then not for 16 messages, three times, then not for 32, and so on.
        assert turned[:3] == [True] * 3
        assert turned[3:19] == [False] * 16
        assert turned[19:22] == [True] * 3
        assert turned[22:54] == [False] * 32

    asyncio.run(test())


def test_a_message_that_comes_meanwhile_shows_that_it_helps() -> None:
    async def test() -> None:
        wakefulness = Wakefulness(asyncio.get_running_loop(), awake_time=0)
        for _ in range(50):
            wakefulness.received(1)
            assert wakefulness.is_turning
            wakefulness.received(1)
            await _sleep_out(wakefulness)

    asyncio.run(test())


def test_it_may_turn_only_when_it_is_told() -> None:
    async def test() -> None:
        wakefulness = Wakefulness(asyncio.get_running_loop(), only_when_told=True)
        wakefulness.received(1)
        assert not wakefulness.is_turning
        wakefulness.expect()
        assert wakefulness.is_turning
        await asyncio.wait_for(_sleep_out(wakefulness), 10)

    asyncio.run(test())
