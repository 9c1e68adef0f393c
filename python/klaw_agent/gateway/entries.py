"""What a number stands for. An entry can be asked for before Ray knows it: it is born later, with a value or a failure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from .frames import HAS_VALUE
from .kept import Kept
from .lane import Lane


class Entry:
    """A number, its counts, and who waits for its birth. Lives on the event loop."""

    __slots__ = ("count", "failure", "identity", "number", "waiting")

    def __init__(self, number: int) -> None:
        self.number = number
        #: How many times the client counts it.
        self.count = 1
        #: Ray's own id.
        self.identity: bytes | None = None
        #: Why it never came to be.
        self.failure: BaseException | None = None
        #: Called at birth; None afterwards.
        self.waiting: list[Callable[[], None]] | None = []

    @property
    def born(self) -> bool:
        """Whether it is known what became of it, be it a failure."""
        return self.waiting is None

    def when_born(self, callback: Callable[[], None]) -> None:
        """Calls back at birth, at once when that has been."""
        if self.waiting is None:
            callback()
        else:
            self.waiting.append(callback)

    def be_born(self) -> None:
        """Lets everybody know. Idempotent."""
        waiting, self.waiting = self.waiting, None
        for callback in waiting or ():
            callback()

    def fail(self, failure: BaseException) -> None:
        self.failure = failure
        self.be_born()

    def released(self) -> None:
        """The client holds it no more."""


class ObjectEntry(Entry):
    """An object of Ray's, or the failure to make one."""

    __slots__ = ("borrowed", "is_promised", "is_raw", "kept", "line", "outcome", "ref", "wanted", "watch")

    def __init__(self, number: int) -> None:
        super().__init__(number)
        #: A ray.ObjectRef; None before birth, and for what Ray does not know yet: `Refs.of` has it know that.
        self.ref: Any = None
        #: The value, as long as Ray does not know it.
        self.kept: Kept | None = None
        #: The client has promised its value.
        self.is_promised = False
        #: The token at the hub, while it is being borrowed under that.
        self.borrowed: tuple[int, int] | None = None
        #: Until its call has an outcome, the line of calls in which that is, if it is in one (`stints/`).
        self.line: Any = None
        #: Its value is the bytes of a message, which nobody reads here.
        self.is_raw = False
        #: How many answers the client waits for.
        self.wanted = 0
        #: Ends the wait for it to settle; None: nobody watches.
        self.watch: Callable[[], None] | None = None
        #: 1 it has a value, 2 it has failed, 0 not known yet.
        self.outcome = 0

    def keep(self, kept: Kept) -> None:
        """It is born with a value that Ray does not know, and that has its place (`Refs.keep`)."""
        self.kept = kept
        self.outcome = HAS_VALUE
        if self.count <= 0:
            # Released before: whoever still waits for it gets it, and then it goes.
            kept.leave()
        self.be_born()

    def keep_no_more(self) -> None:
        kept, self.kept = self.kept, None
        if kept is not None:
            kept.leave()

    def released(self) -> None:
        if self.kept is not None:
            # The value stays for those who have begun to read the entry's number.
            self.kept.leave()
        if self.watch is not None:
            self.watch()
            self.watch = None


class ActorEntry(Entry):
    """An actor, and what is asked of it before it, or what it is asked with, is there."""

    __slots__ = ("description", "desk", "handle", "is_released", "lane", "line", "methods", "queue")

    def __init__(self, number: int) -> None:
        super().__init__(number)
        #: A ray.actor.ActorHandle; None before birth.
        self.handle: Any = None
        self.lane = Lane()
        #: Its line of calls that share tasks (`stints/`); made by the first call.
        self.line: Any = None
        self.is_released = False
        #: Methods that have been called, by name.
        self.methods: dict[str, Any] = {}
        self.description: dict[str, Any] | None = None
        #: A ray.util.queue.Queue if it is one's actor.
        self.queue: Any = None
        #: How this session uses the queue; made by the first use.
        self.desk: Any = None

    def released(self) -> None:
        self.is_released = True
        if self.desk is not None:
            self.desk.release()
            self.desk = None
        if self.line is not None:
            self.line.release()
            self.line = None


class StreamEntry(Entry):
    """A generator that runs elsewhere."""

    __slots__ = ("closed", "generator", "pump", "ready", "steps")

    def __init__(self, number: int) -> None:
        super().__init__(number)
        #: A ray.ObjectRefGenerator.
        self.generator: Any = None
        #: Nexts that wait for their turn: futures.
        self.steps: deque[Any] = deque()
        #: The task that serves them.
        self.pump: Any = None
        #: An answer or an error that nobody has taken yet.
        self.ready: Any = None
        self.closed = False

    def released(self) -> None:
        if self.pump is not None:
            self.pump.cancel()
        for waiting in self.steps:
            if not waiting.done():
                waiting.set_result({"done": True})
        self.steps.clear()
        # Ray ends a generator that nobody can ask any more.
        self.generator = None
