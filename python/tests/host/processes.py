"""Looks at the processes of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def is_there(process_id: int) -> bool:
    """Whether there is such a process, be it a zombie."""
    return Path(f"/proc/{process_id}").exists()


def parent_of(process_id: int) -> int:
    return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[1])


def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Waits for what other processes bring about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.01)


def until_gone(process_id: int) -> None:
    until(lambda: not is_there(process_id), f"process {process_id} is gone")
