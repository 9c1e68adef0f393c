"""Which processes descend from this one, and how to end them all."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_POLL_SECONDS = 0.02


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none gets out of sight (Linux only)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """To be called in a child before it runs its program: it is killed when its parent ends (Linux only)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value}) failed")


def descendants() -> list[int]:
    """The ids of all processes below this one, ended ones that nobody has waited for included."""
    children: dict[int, list[int]] = {}
    for process, parent in _parents():
        children.setdefault(parent, []).append(process)
    found: list[int] = []
    pending = [os.getpid()]
    while pending:
        below = children.get(pending.pop(), [])
        found.extend(below)
        pending.extend(below)
    return found


def _parents() -> list[tuple[int, int]]:
    if sys.platform == "linux":
        return [pair for entry in Path("/proc").iterdir() if (pair := _parent_of(entry)) is not None]
    # Its own `ps` shows up as a child that has ended by the time it is killed, which does no harm.
    listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in listing.splitlines())
    return [(int(process), int(parent)) for process, parent in pairs]


def _parent_of(entry: Path) -> tuple[int, int] | None:
    if not entry.name.isdecimal():
        return None
    try:
        stat = (entry / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    return int(entry.name), int(stat.rpartition(")")[2].split()[1])


def reap() -> dict[int, int]:
    """Collect children that have ended: their exit codes by process id."""
    ended: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                break
            ended[process] = os.waitstatus_to_exitcode(status)
    return ended


def kill_descendants(group: int, deadline: float) -> list[int]:
    """Kill all that is below this process; what is left at the deadline is returned.

    An id cannot have been given to a stranger meanwhile: a descendant that has ended keeps its id until it is reaped,
    and only this process does that. The process group is for systems where orphans are not adopted.
    """
    while True:
        if sys.platform != "linux":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        for process in descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        reap()
        left = descendants()
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(_POLL_SECONDS)
