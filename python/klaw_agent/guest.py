"""Runs the session's agent in the process that Ray Client's server has for that session: a driver of the session's job already.

So no worker has to be started for it, nor set up, and what it asks of Ray it asks as a driver does, at a driver's priority. The process is Ray's
own: it ends the driver (`ray.shutdown`) when its client has gone, or has not come back for its grace period. What the agent holds must be let go
before that, since Ray's references can not be given back afterwards, and its threads must not call Ray meanwhile.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Callable
from typing import Any, Final

import ray

from .loop_thread import LoopThread

_log = logging.getLogger(__name__)

#: Seconds that the agent may take to listen, and to let go of what it holds.
_START_TIME: Final = 60.0
_CLOSE_TIME: Final = 5.0
#: Seconds after its session's end when the process ends, unless it has by itself. Ray lets it idle for half a minute.
_LEAVING_TIME: Final = 2.0


class Guest:
    """An agent on a thread of this process. `make` makes it, given whom to tell when its client has gone for good."""

    def __init__(self, make: Callable[[Callable[[], None]], Any]) -> None:
        # Its client's session with Ray goes on, and ends in its own way; who comes back to the agent is refused.
        self._agent = make(lambda: None)
        self._thread = LoopThread("klaw-agent")

    def start(self) -> Any:
        """What the agent says about itself. Raises what its start raises; nothing is left of it then."""
        try:
            said = self._thread.call(self._agent.start(), _START_TIME)
        except BaseException:
            self._thread.end(_CLOSE_TIME)
            raise
        self._end_before_ray()
        return said

    def end(self) -> None:
        """Lets go of everything, in a few seconds at most. Never raises. Idempotent."""
        try:
            self._thread.call(self._agent.close(), _CLOSE_TIME)
        except Exception:
            _log.exception("the agent could not let go of everything")
        if not self._thread.end(_CLOSE_TIME):
            _log.error("the agent's thread does not end")

    def _end_before_ray(self) -> None:
        shutdown = ray.shutdown

        def end_both(*arguments: Any, **options: Any) -> None:
            ray.shutdown = shutdown
            self.end()
            # A reference that goes while Ray ends crashes the process.
            gc.collect()
            shutdown(*arguments, **options)
            _leave()

        ray.shutdown = end_both


def _leave() -> None:
    """Ends the process soon, whatever threads it has: its session is over, and there is never another one in it."""
    timer = threading.Timer(_LEAVING_TIME, os._exit, [0])
    timer.daemon = True
    timer.start()
