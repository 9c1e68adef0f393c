"""Keeps the event loop turning for a moment after small messages."""

from __future__ import annotations

import asyncio
from typing import Final

#: Seconds that the loop keeps turning after the last small message.
AWAKE_TIME: Final = 0.00015
#: Bytes of what counts as small: somebody may wait for each. A flow of many wakes the loop anyway.
_SMALL: Final = 4096
#: So many times in vain one after the other show that turning does not help.
_MOST_IN_VAIN: Final = 3
#: For how many messages it is not tried then: the first time, and at most.
_FEWEST_SKIPPED: Final = 16
_MOST_SKIPPED: Final = 4096


class Wakefulness:
    """
    A loop that sleeps in the kernel takes 30 to 70 µs to wake on a small virtual machine, which is most of what a message costs that goes
    through this process. Turning costs others in the loop nothing, and ends by itself. It helps only while the next message comes meanwhile:
    where it did not come a few times, the loop sleeps at once for a while, longer each time.

    `only_when_told`: not after every small message, only after `expect`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, awake_time: float = AWAKE_TIME, *, only_when_told: bool = False
    ) -> None:
        self._loop = loop
        self._only_when_told = only_when_told
        self._awake_time = awake_time
        self._until = 0.0
        self._is_turning = False
        self._in_vain = 0
        self._skipped = 0
        self._next_skipped = _FEWEST_SKIPPED

    @property
    def is_turning(self) -> bool:
        """Whether the loop does not sleep for now."""
        return self._is_turning

    def received(self, size: int) -> None:
        """So many bytes have come at once."""
        if self._is_turning:
            self._in_vain = 0
            self._next_skipped = _FEWEST_SKIPPED
        if size <= _SMALL and not self._only_when_told:
            self.expect()

    def expect(self) -> None:
        """Something may come any moment."""
        if self._skipped > 0:
            self._skipped -= 1
            return
        self._until = self._loop.time() + self._awake_time
        if not self._is_turning:
            self._is_turning = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        if self._loop.time() < self._until:
            self._loop.call_soon(self._turn)
            return
        self._is_turning = False
        self._in_vain += 1
        if self._in_vain >= _MOST_IN_VAIN:
            self._in_vain = 0
            self._skipped = self._next_skipped
            self._next_skipped = min(self._next_skipped * 2, _MOST_SKIPPED)
