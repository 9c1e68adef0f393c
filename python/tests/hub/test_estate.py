from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from klaw_agent.errors import ChannelBackendError, OwnerDiedError
from klaw_agent.estate import Estate

TOKEN = (7, 1)
REFERENCE = ["a reference", False]
VALUE = ["a message", True]


def run(test: Callable[[Any], Awaitable[None]], *, expects: bool = True, lingering: float = 60) -> None:
    async def main() -> None:
        estate = Estate(lambda _token: expects, lingering=lingering)
        await test(estate)
        estate.close()
        assert len(estate) == 0

    asyncio.run(asyncio.wait_for(main(), 10))


async def waits(estate: Estate) -> asyncio.Task[Any]:
    """A lend that waits."""
    lend = asyncio.ensure_future(estate.lend(TOKEN))
    await asyncio.sleep(0)
    assert not lend.done()
    return lend


def test_what_was_adopted_is_lent_until_it_is_let_go():
    async def test(estate: Estate) -> None:
        estate.adopt(TOKEN, REFERENCE)
        assert await estate.lend(TOKEN) is REFERENCE
        assert await estate.lend(TOKEN) is REFERENCE
        estate.session_ended(7, {1})
        assert await estate.lend(TOKEN) is REFERENCE
        estate.session_ended(7, ())
        assert len(estate) == 0

    run(test)


def test_a_lend_waits_for_what_is_to_be_adopted():
    async def test(estate: Estate) -> None:
        lend = await waits(estate)
        other = await waits(estate)
        other.cancel()
        estate.adopt(TOKEN, REFERENCE)
        assert await lend is REFERENCE

    run(test)


def test_an_item_that_was_taken_does_not_wait_for_its_references():
    async def test(estate: Estate) -> None:
        estate.release([TOKEN])
        lend = await waits(estate)
        estate.adopt(TOKEN, REFERENCE)
        assert await lend is REFERENCE
        estate.session_ended(7, ())
        assert await estate.lend(TOKEN) is REFERENCE

    run(test)


def test_a_place_is_kept_for_so_long_only():
    async def test(estate: Estate) -> None:
        lend = await waits(estate)
        estate.release([TOKEN])
        with pytest.raises(ChannelBackendError, match="is gone"):
            await lend
        assert len(estate) == 0
        estate.adopt(TOKEN, REFERENCE)
        estate.release([TOKEN, TOKEN])
        while len(estate) > 0:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)

    run(test, lingering=0.01)


def test_a_message_goes_once_it_was_borrowed_and_taken():
    async def test(estate: Estate) -> None:
        estate.adopt(TOKEN, VALUE)
        assert await estate.lend(TOKEN) is VALUE
        estate.release([TOKEN])
        assert len(estate) == 0
        estate.adopt(TOKEN, VALUE)
        estate.release([TOKEN])
        assert await estate.lend(TOKEN) is VALUE
        assert len(estate) == 0

    run(test)


def test_a_failure_can_be_adopted():
    async def test(estate: Estate) -> None:
        lend = await waits(estate)
        estate.adopt(TOKEN, b"never was")
        assert await lend == b"never was"
        assert await estate.lend(TOKEN) == b"never was"

    run(test)


def test_the_end_of_a_session_ends_the_wait_for_what_it_sent_nowhere():
    async def test(estate: Estate) -> None:
        lend = await waits(estate)
        estate.session_ended(7, {1})
        assert not lend.done()
        estate.release([TOKEN])
        assert not lend.done()
        estate.session_ended(7, ())
        with pytest.raises(ChannelBackendError, match="is gone"):
            await lend

    run(test)


def test_nobody_waits_for_what_can_not_come():
    async def test(estate: Estate) -> None:
        with pytest.raises(ChannelBackendError):
            await estate.lend(TOKEN)
        with pytest.raises(ChannelBackendError):
            estate.adopt(TOKEN, REFERENCE)

    run(test, expects=False)


async def gone_soon(estate: Estate) -> bool:
    for _ in range(200):
        if len(estate) == 0:
            return True
        await asyncio.sleep(0.01)
    return False


def test_what_was_promised_may_come_at_any_time():
    async def test(estate: Estate) -> None:
        look = asyncio.ensure_future(estate.is_there(TOKEN))
        lend = await waits(estate)
        estate.release([TOKEN])
        estate.promise(TOKEN)
        assert await look is False
        assert await estate.is_there(TOKEN) is False
        await asyncio.sleep(0.05)
        estate.adopt(TOKEN, REFERENCE)
        assert await lend is REFERENCE
        assert await estate.is_there(TOKEN) is True
        # It was taken before it came, so it stays for a while only.
        assert await gone_soon(estate)

    run(test, lingering=0.02)


def test_what_was_promised_is_lost_with_its_session():
    async def test(estate: Estate) -> None:
        estate.promise(TOKEN)
        lend = await waits(estate)
        estate.session_ended(7, {1})
        with pytest.raises(OwnerDiedError):
            await lend

    run(test)


def test_who_asks_whether_something_is_there_is_told_when_it_comes_or_is_gone():
    async def test(estate: Estate) -> None:
        looks = [asyncio.ensure_future(estate.is_there((7, number))) for number in (1, 2)]
        await asyncio.sleep(0)
        estate.adopt((7, 1), REFERENCE)
        estate.session_ended(7, ())
        # Who borrows the second one is told why it never comes.
        assert await asyncio.gather(*looks) == [True, True]

    run(test)
