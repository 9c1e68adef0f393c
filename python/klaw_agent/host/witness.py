"""Says of what a Node process has ended."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path
from typing import Final

from ..errors import KlawError, OutOfMemoryError, RayError
from ..javascript_error import JavaScriptError

#: The exit code of a child whose session is lost: `src/engine/ray/host/ending.ts`.
_SESSION_LOST: Final = 69
#: Bytes of the log's end in which Node says that its memory is full.
_LOG_END: Final = 16 * 1024
_HEAP_IS_FULL: Final = b"heap out of memory"
#: Counts the processes that the kernel ended for want of memory, in the container that this process belongs to.
_MEMORY_EVENTS: Final = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


class Witness:
    """Knows how things were when a Node process was started, so that it can say of what it has ended."""

    def __init__(self) -> None:
        self._killed = _killed_for_memory()
        self._log_length = _log_length()
        #: What the process has said of itself.
        self.failing: BaseException | None = None

    def testify(self, code: int) -> KlawError:
        """Why it has ended, by its exit code or the negative number of a signal."""
        failing = self.failing
        if failing is not None:
            said = str(failing) if isinstance(failing, JavaScriptError) else f"{type(failing).__name__}: {failing}"
            return RayError(f"its Node process ended because of an uncaught error: {said}", cause=failing)
        if code == _SESSION_LOST:
            return RayError("its Node process ended because it had lost the connection to its actor or task")
        if code >= 0:
            return RayError(f"its Node process ended with exit code {code}")
        name = _name_of(-code)
        if -code == signal.SIGABRT and self._heap_is_full():
            return OutOfMemoryError(f"its Node process ended by {name}, out of memory: its heap was full")
        if -code == signal.SIGKILL and _killed_for_memory() > self._killed:
            return OutOfMemoryError(f"its Node process ended by {name}: its container was out of memory")
        return RayError(f"its Node process ended by {name}")

    def _heap_is_full(self) -> bool:
        """Node says so in its log, which is this process' own."""
        try:
            with Path("/proc/self/fd/2").open("rb") as log:
                log.seek(max(self._log_length, _log_length() - _LOG_END))
                return _HEAP_IS_FULL in log.read(_LOG_END)
        except OSError:
            return False


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _log_length() -> int:
    try:
        status = os.fstat(2)
        return status.st_size if stat.S_ISREG(status.st_mode) else 0
    except OSError:
        return 0


def _killed_for_memory() -> int:
    for path in _MEMORY_EVENTS:
        try:
            words = Path(path).read_text().split()
        except OSError:
            continue
        return int(words[words.index("oom_kill") + 1]) if "oom_kill" in words[:-1] else 0
    return 0
