"""A limit to how many calls of one kind are blocked in a queue's actor at a time; more wait in line."""

from __future__ import annotations

import asyncio
from collections import deque


class Line:
    """Those who would be blocked enter, wait here if there are too many, and leave when their call is answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._turns: deque[asyncio.Future[None]] = deque()

    async def enter(self, timeout: float | None) -> bool:
        """Waits for a place. False when that took longer than so many seconds."""
        if self._inside < self._most:
            self._inside += 1
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            await asyncio.wait({turn}, timeout=timeout)
        except asyncio.CancelledError:
            self._withdraw(turn)
            raise
        if turn.done():
            turn.result()
            return True
        self._withdraw(turn)
        return False

    def leave(self) -> None:
        """Gives the place to who has waited longest."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._inside -= 1

    def close(self, error: Exception) -> None:
        """Whoever waits gets the error."""
        for turn in self._turns:
            if not turn.done():
                turn.set_exception(error)
                # Who has been cancelled meanwhile does not ask for it.
                turn.exception()
        self._turns.clear()

    def _withdraw(self, turn: asyncio.Future[None]) -> None:
        if turn.done() and turn.exception() is None:
            # The place came at the same moment.
            self.leave()
        else:
            turn.cancel()
