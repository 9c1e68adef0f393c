"""One queue of Ray's, as one session uses it: blocked calls that can be given up without losing an item."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import ray
import ray.exceptions
from ray.util.queue import Empty, Full

from ..errors import ActorDiedError
from .completions import Completions
from .queue_line import Line
from .ray_errors import cause_of

_log = logging.getLogger(__name__)

#: Gets, and puts, that may be blocked at a time. Ray's async actors run 1000 calls; if all of those are gets, nobody can put.
MOST_BLOCKED = 100
#: Seconds that items may take to go back when the session ends.
_GIVING_BACK = 5.0
#: Seconds that one call of the actor waits for an item. To cancel one can lose its item, since Ray may answer for a call that has just
#: taken it that it was cancelled. So nothing is cancelled: who gives up leaves a call behind that ends by itself, and the next get
#: takes its place. For the same reason an agent that is killed takes no item with it later than that.
_TURN = 2.0
#: Seconds that an item is kept for a get of this session before it goes back.
_KEPT = 1.0
#: Not even an answer.
_NOTHING = object()


class Call:
    """A call of the queue's actor, and who waits for it."""

    __slots__ = ("future", "line", "ref", "since", "takes")

    def __init__(self, ref: Any, takes: bool, line: Line | None, future: asyncio.Future[Any]) -> None:
        self.ref = ref
        #: Whether its result is an item.
        self.takes = takes
        #: Where it has a place until it is answered.
        self.line = line
        self.future = future
        #: When who waits for it began to, in order of asking.
        self.since = 0


class QueueDesk:
    """Calls under way, those that wait to be made, and items that came when nobody waited any more."""

    def __init__(self, queue: Any, completions: Completions, forget: Callable[[QueueDesk], None]) -> None:
        self._forget = forget
        #: Gives back what is kept, after the client has given up the queue.
        self._retiring: asyncio.Task[None] | None = None
        self._released = False
        self._has_given_back = False
        self._actor = queue.actor
        self._completions = completions
        self._loop = asyncio.get_running_loop()
        self._calls: dict[Call, None] = {}
        self._puts = Line(MOST_BLOCKED)
        self._gets = Line(MOST_BLOCKED)
        #: Items for the next gets of this session.
        self.kept: deque[Any] = deque()
        self._returning: asyncio.TimerHandle | asyncio.Task[None] | None = None
        #: Gets that have waited so far.
        self._asked = 0
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
            result = await self._call(self.actor.put_nowait.remote(item))
        else:
            deadline = self._deadline(timeout)
            if not await self._puts.enter(timeout):
                return False
            try:
                ref = self.actor.put.remote(item, self._left(deadline))
            except BaseException:
                self._puts.leave()
                raise
            result = await self._call(ref, line=self._puts)
        return accepted(result, Full, asyncio.QueueFull)

    async def get(self, timeout: float | None) -> list[Any] | None:
        """Seconds; 0: now. None when nothing came."""
        if self.kept:
            return [self.kept.popleft()]
        if timeout == 0:
            return item_of(await self._call(self.actor.get_nowait.remote(), takes=True))
        deadline = self._deadline(timeout)
        self._asked += 1
        since = self._asked
        while True:
            item = await self._turn(since, self._left(deadline))
            if item is not None or (deadline is not None and self._loop.time() >= deadline):
                return item

    async def _turn(self, since: int, left: float | None) -> list[Any] | None:
        """What comes within a turn, or within the time that is left."""
        forsaken = next(
            (call for call in self._calls if call.takes and call.line is not None and call.future.done()), None
        )
        if forsaken is not None:
            forsaken.future = self._loop.create_future()
            forsaken.since = since
            return item_of(await self._wait(forsaken, left))
        if not await self._gets.enter(left):
            return None
        if self.kept:
            self._gets.leave()
            return [self.kept.popleft()]
        try:
            ref = self.actor.get.remote(_TURN if left is None else min(left, _TURN))
        except BaseException:
            self._gets.leave()
            raise
        return item_of(await self._call(ref, takes=True, line=self._gets, since=since))

    async def ask(self, ref: Any) -> Any:
        """The result of a call that is never blocked. Raises what it failed with."""
        result = await self._call(ref)
        accepted(result)
        return result

    async def _call(self, ref: Any, *, takes: bool = False, line: Line | None = None, since: int = 0) -> Any:
        call = Call(ref, takes, line, self._loop.create_future())
        call.since = since
        self._calls[call] = None
        ref._on_completed(functools.partial(self._completions.post, self._completed, call))
        return await self._wait(call, None)

    async def _wait(self, call: Call, left: float | None) -> Any:
        """The call's result; `_NOTHING` if it takes longer."""
        future = call.future
        try:
            if left is not None:
                await asyncio.wait([future], timeout=left)
                if not future.done():
                    future.cancel()
                    return _NOTHING
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if call.takes or future.cancelled():
                self._forsake(future)
                raise
            # Ray ends the wait inside of the queue's actor, if it still waits. What has been put has been put: the outcome decides.
            ref = call.ref
            self._completions.apart(lambda: ray.cancel(ref), lambda _result, _error: None)
            return await future

    def _forsake(self, future: asyncio.Future[Any]) -> None:
        """Nobody waits for it any more. An item that came in the same moment is for the next."""
        if not future.done():
            future.cancel()
        elif not future.cancelled() and future.exception() is None:
            item = future.result()
            if not isinstance(item, ray.exceptions.RayError):
                self._keep(item)

    def _completed(self, call: Call, result: Any) -> None:
        self._calls.pop(call, None)
        if call.line is not None:
            call.line.leave()
        if call.takes and call.line is not None and not isinstance(result, ray.exceptions.RayError):
            self._hand_over(call, result)
        elif not call.future.done():
            call.future.set_result(result)
        elif call.takes and not isinstance(result, ray.exceptions.RayError):
            self._keep(result)
        if not self._calls and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        self._retire()

    def release(self) -> None:
        """The client holds the queue no more. When its last call is answered the desk lets go of it too."""
        self._released = True
        self._retire()

    def _retire(self) -> None:
        if self._released and not self._calls and not self._has_given_back and self._retiring is None:
            self._retiring = self._loop.create_task(self.give_back())
            self._retiring.add_done_callback(lambda _done: self._forget(self))

    def _hand_over(self, call: Call, item: Any) -> None:
        """An item is for who has waited longest, whose call goes on for who has waited for this one: Ray starts calls in any order."""
        waiting = (other for other in (call, *self._calls) if other.line is self._gets and not other.future.done())
        first = min(waiting, key=lambda other: other.since, default=None)
        if first is None:
            self._keep(item)
            return
        served = first.future
        first.future, first.since = call.future, call.since
        served.set_result(item)

    def _keep(self, item: Any) -> None:
        """An item that nobody waits for is for the next."""
        self.kept.append(item)
        if self._returning is None:
            self._returning = self._loop.call_later(_KEPT, self._return)

    def _return(self) -> None:
        """Others may wait for what nobody here has asked for."""
        self._returning = self._loop.create_task(self._return_kept())

    async def _return_kept(self) -> None:
        try:
            while self.kept and self._over is None:
                item = self.kept.popleft()
                try:
                    await self._actor.put.remote(item, _GIVING_BACK)
                except BaseException:
                    self.kept.appendleft(item)
                    raise
        except ray.exceptions.RayError as error:
            _log.info("an item of a queue could not be given back yet: %s", error)
        finally:
            self._returning = None
            if self.kept and self._over is None and not self._has_given_back:
                self._returning = self._loop.call_later(_KEPT, self._return)

    def _deadline(self, timeout: float | None) -> float | None:
        return None if timeout is None else self._loop.time() + timeout

    def _left(self, deadline: float | None) -> float | None:
        return None if deadline is None else max(deadline - self._loop.time(), 0.0)

    async def finish_puts(self, patience: float) -> None:
        """Waits until what is being put has been put, at most so many seconds."""
        puts = [call.future for call in self._calls if not call.takes and not call.future.done()]
        if puts:
            await asyncio.wait(puts, timeout=patience)

    def shut_down(self) -> None:
        """From now on everything fails, and so does what is blocked. Idempotent."""
        if self._over is not None:
            return
        self._over = ActorDiedError("the queue has been shut down", actor_id=self._actor._actor_id.hex())
        self.kept.clear()
        for call in list(self._calls):
            if not call.future.done():
                call.future.set_exception(self._over)
        self._puts.close(self._over)
        self._gets.close(self._over)

    async def give_back(self) -> None:
        """The session is over: nothing is taken any more, and what came for nobody goes back into the queue."""
        self._has_given_back = True
        if self._over is not None:
            return
        try:
            if isinstance(self._returning, asyncio.Task):
                # To cancel it could put its item twice.
                await self._returning
            elif self._returning is not None:
                self._returning.cancel()
            for call in list(self._calls):
                # Whoever waits for it gives it up.
                call.future.cancel()
            if self._calls:
                self._idle = self._loop.create_future()
                await asyncio.wait_for(self._idle, _GIVING_BACK)
            while self.kept:
                await asyncio.wait_for(self._actor.put.remote(self.kept[0], _GIVING_BACK), 2 * _GIVING_BACK)
                self.kept.popleft()
        except Exception as error:
            if self.kept:
                _log.warning("%d items of a queue could not be given back: %s", len(self.kept), error)


def item_of(result: Any) -> list[Any] | None:
    """The item in a list; None if there was none. Raises every other failure."""
    return [result] if result is not _NOTHING and accepted(result, Empty, asyncio.QueueEmpty) else None


def accepted(result: Any, *refusals: type[BaseException]) -> bool:
    """False for a result that is one of those failures; raises all others."""
    if not isinstance(result, ray.exceptions.RayError):
        return True
    if refusals and cause_of(result, *refusals) is not None:
        return False
    raise result
