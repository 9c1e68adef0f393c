"""The calls of one actor that go through stints, from the moment at which they were made to their outcome."""

from __future__ import annotations

import asyncio
import functools
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import ray.exceptions

from ...errors import RayError
from ...stint.terms import BY_TASK, CANCELLED, END, UNREACHABLE, WINDOW, unpack_plain
from ..entries import ActorEntry, ObjectEntry
from ..kept import Kept
from .fitness import Fitness, are_plain
from .heat import Heat
from .peer import Peer, pack_call, pack_number

if TYPE_CHECKING:
    from .desk import Stints

_log = logging.getLogger(__name__)

#: Seconds for what has been said to come, when Ray knows already that the stint is over.
_LAST_WORDS: Final = 2.0
#: Stints in a row that may end without having been heard of.
_MOST_IN_VAIN: Final = 2


class _Call(NamedTuple):
    entry: ObjectEntry
    method: str
    data: bytes


class _Stint:
    """One task of Ray's."""

    __slots__ = ("calls", "is_over", "is_shut", "number", "ref", "unwatch")

    def __init__(self, number: int, ref: Any) -> None:
        self.number = number
        self.ref = ref
        #: How many had an outcome.
        self.calls = 0
        #: Ray says so.
        self.is_over = False
        #: It is given no more calls.
        self.is_shut = False
        self.unwatch: Callable[[], None] | None = None


class Line:
    """Whenever a call has no outcome, there is a stint, which has begun or will. Lives on the event loop."""

    def __init__(self, desk: Stints, actor_id: bytes) -> None:
        #: By which the actor's process says which line it connects for.
        self.identity = secrets.token_bytes(16)
        self.actor_id = actor_id
        self._desk = desk
        self.heat = Heat()
        self.fitness = Fitness()
        #: While there are calls; a handle that stayed here would keep the actor alive.
        self._actor: ActorEntry | None = None
        #: In their order. The first `_sent` have been sent to the instance.
        self._calls: deque[_Call] = deque()
        self._sent = 0
        #: How many outcomes have come from the instance.
        self._done = 0
        self._instance: bytes | None = None
        self._peer: Peer | None = None
        self._has_reported = False
        self._stint: _Stint | None = None
        #: The task of the stint before, which ended without a word: the report may say that its result is a call's.
        self._silent: Any = None
        #: Stints in a row that ended without having been heard of.
        self._in_vain = 0
        #: Stints so far, and calls with an outcome of one.
        self.stints = 0
        self.shared = 0
        self._waiting: list[Callable[[], None]] = []
        self._holders = 0
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Whether a call has no outcome yet. Calls that go another way have to wait then."""
        return bool(self._calls)

    @property
    def is_connected(self) -> bool:
        """Whether calls are sent to the actor's process."""
        return self._peer is not None and self._has_reported

    def when_born(self, callback: Callable[[], None]) -> None:
        """Calls back when it is not busy."""
        if not self._calls:
            callback()
            return
        self._waiting.append(callback)
        self._say_last()

    def hold(self) -> None:
        """An entry goes by this line."""
        self._holders += 1

    def release(self) -> None:
        """An entry does no more. What was called is done all the same."""
        self._holders -= 1
        self._settled()

    def take(self, entry: ObjectEntry, actor: ActorEntry, method: str, payloads: Sequence[memoryview]) -> bool:
        """Takes a call whose turn it is. False when it has to be a task of its own."""
        is_hot = self.heat.call()
        if not (is_hot or self._calls) or self.fitness.is_over or self._is_closed:
            return False
        if not self.fitness.allows(actor.handle, method, len(payloads)) or not self._desk.is_ready():
            return False
        if not are_plain(payloads):
            return False
        call = _Call(entry, method, pack_call(method, payloads, len(payloads)))
        entry.line = self
        self._actor = actor
        self._calls.append(call)
        if self._stint is None:
            self._begin()
        self._feed()
        self._settled()
        return True

    def shut(self) -> None:
        """A call goes another way now, behind the stint that there may be: those that follow are for the next one. Not while it is busy."""
        if self._stint is not None and not self._stint.is_shut:
            self._stint.is_shut = True
            self._say_last()

    def cancel(self, entry: ObjectEntry, force: bool, failure: Exception) -> None:
        """What has not begun does not, and fails that way; what runs goes on. Raises `ValueError` with `force`, as Ray does."""
        if force:
            raise ValueError("force=True is not supported for actor tasks.")
        index = next((index for index, call in enumerate(self._calls) if call.entry is entry), None)
        if index is None:
            return
        if index < self._sent:
            if self._peer is not None:
                self._peer.write(pack_number(self._done + index))
            return
        del self._calls[index]
        entry.line = None
        entry.fail(failure)
        self._settled()

    def greet(self) -> Peer | None:
        """The actor's process connects, which it does when it has no connection."""
        if self._is_closed:
            return None
        if self._peer is not None:
            self._peer.break_off(ConnectionResetError("the actor's process has made another connection"))
        self._has_reported = False
        self._peer = Peer(self)
        return self._peer

    def close(self) -> None:
        """The session is over, or nobody has the actor any more: what is under way is not waited for."""
        self._is_closed = True
        stint, self._stint = self._stint, None
        if stint is not None and stint.unwatch is not None:
            stint.unwatch()
        if self._peer is not None:
            self._peer.close()
            self._peer = None
        self._desk.forget(self)
        self._waiting.clear()
        calls, self._calls, self._sent = self._calls, deque(), 0
        for call in calls:
            call.entry.line = None
            if not call.entry.born:
                call.entry.fail(RayError("the session ended before the call had an outcome"))
        self._settled()

    # What the peer calls.

    def items(self, peer: Peer, items: Iterable[Any]) -> None:
        for item in items:
            if peer is not self._peer:
                return
            if not self._has_reported:
                self._report(item)
            elif type(item) is int and item == END:
                self._ended(None)
            else:
                self._outcome(item)
        self._feed()
        self._settled()

    def lost(self, peer: Peer, reason: Exception | None) -> None:
        if peer is not self._peer:
            return
        self._peer = None
        self._has_reported = False
        if reason is not None and not isinstance(reason, OSError):
            self._desk.complain(reason)
        if self._stint is not None and self._stint.is_over:
            self._judge(self._stint)

    # Inside.

    def _begin(self) -> None:
        actor = self._actor
        if actor is None:
            return
        self.stints += 1
        try:
            ref = self._desk.submit(actor, self.identity, self.stints, self.is_connected)
        except Exception:
            _log.exception("a stint could not begin")
            self._give_up()
            return
        stint = self._stint = _Stint(self.stints, ref)
        stint.unwatch = self._desk.watches.watch(ref, functools.partial(self._task_is_over, stint))

    def _feed(self) -> None:
        peer = self._peer
        if peer is None or not self._has_reported or (self._stint is not None and self._stint.is_shut):
            return
        end = min(len(self._calls), WINDOW)
        while self._sent < end:
            peer.write(self._calls[self._sent].data)
            self._sent += 1
        if self._waiting:
            self._say_last()

    def _say_last(self) -> None:
        """Others wait for the stint to end: it need not wait for more."""
        stint = self._stint
        is_all = self._sent == len(self._calls)
        if self._peer is not None and self._has_reported and stint is not None and (is_all or stint.is_shut):
            self._peer.write(pack_number(-stint.number))

    def _report(self, item: Any) -> None:
        instance, done, last = item
        if type(instance) is not bytes or type(done) is not int or type(last) is not list:
            raise ValueError("it begins with something else than a report")
        if instance == self._instance:
            missed = done - self._done
            if not 0 <= missed <= min(len(last), self._sent):
                raise ValueError(f"it has done {done} calls, and was through with {self._done} of {self._sent} before")
            for outcome in last[len(last) - missed :]:
                self._outcome(outcome, self._silent)
        else:
            self._lose_sent()
            self._instance, self._done = instance, done
        # What it had not begun with was dropped with the connection.
        self._sent = 0
        self._has_reported = True
        self._silent = None
        self._in_vain = 0

    def _outcome(self, outcome: Any, task: Any = None) -> None:
        if self._sent == 0:
            raise ValueError("there is an outcome of no call")
        call = self._calls[0]
        ends = False
        if type(outcome) is bytes:
            self.fitness.went_well(call.method)
            self._take_first()
            if not call.entry.born:
                self._desk.refs.keep_or_put(call.entry, Kept(outcome))
        elif outcome == CANCELLED and type(outcome) is int:
            self._take_first()
            call.entry.fail(self._desk.cancelled())
        elif outcome == BY_TASK and type(outcome) is int:
            ends = task is None
            if task is None:
                task = None if self._stint is None else self._stint.ref
            if task is None:
                raise ValueError("there is no stint whose task it could be")
            self.fitness.ended_stint(call.method)
            self._take_first()
            self._desk.refs.give_birth(call.entry, task)
        else:
            raise ValueError("an outcome means nothing")
        self.shared += 1
        if self._stint is not None:
            self._stint.calls += 1
        if ends:
            self._ended(None)

    def _take_first(self) -> _Call:
        call = self._calls.popleft()
        call.entry.line = None
        self._sent -= 1
        self._done += 1
        return call

    def _ended(self, silent: Any) -> None:
        """The stint is over. What it has not done is for the next."""
        stint, self._stint = self._stint, None
        if stint is not None:
            if stint.unwatch is not None:
                stint.unwatch()
            self.heat.served(stint.calls)
        if self._calls:
            self._silent = silent
            self._begin()

    def _task_is_over(self, stint: _Stint) -> None:
        """Ray says so. What its process has said last may be on its way still."""
        if stint is not self._stint:
            return
        stint.unwatch = None
        stint.is_over = True
        if self._peer is None:
            self._judge(stint)
        else:
            asyncio.get_running_loop().call_later(_LAST_WORDS, self._end_silence, stint, self._peer)

    def _end_silence(self, stint: _Stint, peer: Peer) -> None:
        if stint is self._stint:
            peer.break_off(TimeoutError("a stint has ended without a word"))

    def _judge(self, stint: _Stint) -> None:
        """Its task is over, and nothing comes through the connection any more: Ray knows what became of it."""
        judged = functools.partial(self._judged, stint)
        stint.ref._on_completed(functools.partial(self._desk.completions.post, judged))

    def _judged(self, stint: _Stint, value: Any) -> None:
        if stint is not self._stint:
            return
        if isinstance(value, ray.exceptions.RayError) and not isinstance(value, ray.exceptions.RayTaskError):
            # The actor has ended, or can not be reached. Of the other calls Ray is to say itself what becomes of them.
            self._stint = None
            while self._sent > 0:
                self._desk.refs.give_birth(self._take_first().entry, stint.ref)
            self._give_up()
        elif isinstance(value, list) and value[:1] == [self.identity]:
            self._stint = None
            self._refused(value[1:])
        elif self._in_vain < _MOST_IN_VAIN:
            # It had a result that nobody has told us of: the next one reports.
            self._in_vain += 1
            self._ended(stint.ref)
        else:
            self._stint = None
            _log.error("stints do not work with an actor: %s", value)
            self.fitness.refuse()
            self._lose_sent()
            self._give_up()
        self._settled()

    def _refused(self, answer: list[Any]) -> None:
        """The stint has run nothing, and none will."""
        _log.info("calls of an actor are tasks of their own: %s: %s", *answer[:2])
        self.fitness.refuse()
        if answer[0] == UNREACHABLE:
            self._report(answer[2])
            self._has_reported = False
        self._lose_sent()
        self._give_up()

    def _lose_sent(self) -> None:
        """What was given to a process that is gone, and had no outcome, may have run."""
        while self._sent > 0:
            message = "the actor's process ended before it had answered"
            self._take_first().entry.fail(ray.exceptions.ActorUnavailableError(message, self.actor_id))

    def _give_up(self) -> None:
        """There is no stint: what is left goes the usual way. A process that has been sent some of it never begins with that."""
        if self._peer is not None:
            self._peer.close()
            self._peer = None
            self._has_reported = False
        self._sent = 0
        # Some may have had no outcome from it, whatever it says later.
        self._instance = None
        actor = self._actor
        while self._calls:
            call = self._calls.popleft()
            call.entry.line = None
            if actor is not None and not call.entry.born:
                self._desk.call_usually(call.entry, actor, call.method, unpack_plain(call.data)[1:])

    def _settled(self) -> None:
        if self._calls:
            return
        self._actor = None
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()
        if self._holders <= 0 and not self._calls and not self._is_closed:
            self.close()
