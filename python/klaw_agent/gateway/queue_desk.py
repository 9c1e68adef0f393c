"""One queue of Ray's, as one session uses it: blocked calls that can be given up without losing an item."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import deque
from typing import Any

import ray
import ray.exceptions
from ray.util.queue import Empty, Full

from ..errors import ActorDiedError
from .completions import Completions
from .ray_errors import cause_of

_log = logging.getLogger(__name__)

#: Calls of a queue's actor that may be blocked at a time. Ray's async actors run 1000; when all of them are blocked gets, nobody can put.
MOST_BLOCKED = 100
#: Seconds that items may take to go back when the session ends.
_GIVING_BACK = 5.0


class Call:
    """A call that may be blocked, and who waits for it."""

    __slots__ = ("future", "ref", "takes")

    def __init__(self, ref: Any, takes: bool, future: asyncio.Future[Any]) -> None:
        self.ref = ref
        #: Whether its result is an item.
        self.takes = takes
        self.future = future


class QueueDesk:
    """Blocked calls, those that wait to be made, and items that came when nobody waited any more."""

    def __init__(self, queue: Any, completions: Completions) -> None:
        self._actor = queue.actor
        self._completions = completions
        self._loop = asyncio.get_running_loop()
        self._calls: dict[Call, None] = {}
        self._turns: deque[asyncio.Future[None]] = deque()
        #: Items for the next gets of this session.
        self.kept: deque[Any] = deque()
        self._over: Exception | None = None
        self._idle: asyncio.Future[None] | None = None

    @property
    def actor(self) -> Any:
        """The queue's actor. Raises when this session has shut the queue down."""
        if self._over is not None:
            raise self._over
        return self._actor

    async def put(self, item: Any, timeout: float | None) -> bool:
        """Seconds; 0: now. False when there was no room."""
        if timeout == 0:
            result = await self._wait(Call(self.actor.put_nowait.remote(item), False, self._loop.create_future()))
            return self._unless(result, asyncio.QueueFull)
        deadline = await self._turn(timeout)
        if deadline is _TOO_LATE:
            return False
        call = Call(self.actor.put.remote(item, self._left(deadline)), False, self._loop.create_future())
        return self._unless(await self._wait(call), Full, asyncio.QueueFull)

    async def get(self, timeout: float | None) -> list[Any] | None:
        """Seconds; 0: now. None when nothing came."""
        if self.kept:
            return [self.kept.popleft()]
        if timeout == 0:
            call = Call(self.actor.get_nowait.remote(), True, self._loop.create_future())
        else:
            deadline = await self._turn(timeout)
            if deadline is _TOO_LATE:
                return None
            if self.kept:
                self._next_turn()
                return [self.kept.popleft()]
            call = Call(self.actor.get.remote(self._left(deadline)), True, self._loop.create_future())
        result = await self._wait(call)
        return [result] if self._unless(result, Empty, asyncio.QueueEmpty) else None

    async def ask(self, ref: Any) -> Any:
        """The result of a call that is never blocked. Raises what it failed with."""
        result = await self._wait(Call(ref, False, self._loop.create_future()))
        self._unless(result)
        return result

    def _unless(self, result: Any, *refusals: type[BaseException]) -> bool:
        """False for those failures; raises all others."""
        if not isinstance(result, ray.exceptions.RayError):
            return True
        if refusals and cause_of(result, *refusals) is not None:
            return False
        raise result

    async def _turn(self, timeout: float | None) -> float | None:
        """Waits until one more call may be blocked; returns the deadline, in the loop's time."""
        deadline = None if timeout is None else self._loop.time() + timeout
        if len(self._calls) < MOST_BLOCKED and not self._turns:
            return deadline
        turn: asyncio.Future[None] = self._loop.create_future()
        self._turns.append(turn)
        try:
            await asyncio.wait_for(turn, timeout)
        except asyncio.TimeoutError:
            return _TOO_LATE
        return deadline

    def _left(self, deadline: float | None) -> float | None:
        return None if deadline is None else max(deadline - self._loop.time(), 0.0)

    async def _wait(self, call: Call) -> Any:
        self._calls[call] = None
        call.ref._on_completed(functools.partial(self._completions.post, self._completed, call))
        try:
            return await call.future
        except asyncio.CancelledError:
            self._give_up(call)
            raise

    def _give_up(self, call: Call) -> None:
        # Ray ends the wait inside of the queue's actor, if it still waits; what comes all the same is kept.
        ref = call.ref
        self._completions.apart(lambda: ray.cancel(ref), lambda _result, _error: None)

    def _completed(self, call: Call, result: Any) -> None:
        self._calls.pop(call, None)
        self._next_turn()
        if not call.future.done():
            call.future.set_result(result)
        elif call.takes and not isinstance(result, ray.exceptions.RayError):
            self._keep(result)
        if not self._calls and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _keep(self, item: Any) -> None:
        """An item that came for somebody who has gone: it is for the one who has waited longest, or for the next."""
        for call in self._calls:
            if call.takes and not call.future.done():
                call.future.set_result(item)
                self._give_up(call)
                return
        self.kept.append(item)

    def _next_turn(self) -> None:
        while self._turns and len(self._calls) < MOST_BLOCKED:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def shut_down(self) -> None:
        """From now on everything fails, and so does what is blocked. Idempotent."""
        if self._over is not None:
            return
        actor_id = self._actor._actor_id.hex()
        self._over = ActorDiedError("the queue has been shut down", actor_id=actor_id)
        self.kept.clear()
        for call in list(self._calls):
            if not call.future.done():
                call.future.set_exception(self._over)
        for turn in self._turns:
            if not turn.done():
                turn.set_exception(self._over)
        self._turns.clear()

    async def give_back(self) -> None:
        """The session is over: nothing is taken any more, and what came for nobody goes back into the queue."""
        if self._over is not None:
            return
        try:
            for call in list(self._calls):
                if not call.future.done():
                    call.future.cancel()
                    self._give_up(call)
            if self._calls:
                self._idle = self._loop.create_future()
                await asyncio.wait_for(self._idle, _GIVING_BACK)
            while self.kept:
                await asyncio.wait_for(self._actor.put.remote(self.kept[0], _GIVING_BACK), 2 * _GIVING_BACK)
                self.kept.popleft()
        except Exception as error:
            if self.kept or self._calls:
                _log.warning("%d items of a queue could not be given back: %s", len(self.kept), error)


#: Instead of a deadline: the time was over before the turn came.
_TOO_LATE = float("-inf")
