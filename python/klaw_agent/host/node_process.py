"""A Node process that ends with this one, and leaves no zombie."""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

_log = logging.getLogger(__name__)

#: Of Linux' `prctl`: the signal that a process gets when the thread that started it ends.
_SET_PARENT_DEATH_SIGNAL: Final = 1


class NodeProcess:
    """Starts a program; its output goes where this process' does.

    `ended` is called on a thread of its own, once, when the program has ended and was reaped: with its exit code, or the negative number of
    the signal that ended it.
    """

    def __init__(self, command: Sequence[str], ended: Callable[[int], None]) -> None:
        self._command = command
        self._ended = ended
        self._started = threading.Event()
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._process: subprocess.Popen[bytes] | None = None
        # The thread lives as long as the program, which the kernel ends with it.
        threading.Thread(target=self._run, name="klaw-node", daemon=True).start()

    def wait_for_start(self) -> int:
        """Its process id, once it is there. Blocks. Raises `OSError`."""
        self._started.wait()
        if self._process is None:
            raise self._failure or OSError("the program could not be started")
        return self._process.pid

    def tell(self, message: Any) -> None:
        """Writes a line of JSON to its standard input. Blocks. What has ended hears nothing; who waits for it is told by `ended`."""
        self.wait_for_start()
        stdin = None if self._process is None else self._process.stdin
        if stdin is not None and not stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                stdin.write(json.dumps(message).encode() + b"\n")
                stdin.flush()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def kill(self) -> None:
        """Kills it; `ended` is called as ever. Does not wait for that."""
        if self._process is not None and not self.is_over:
            self._process.kill()

    def end(self, seconds: float = 0.0) -> None:
        """Lets it end by itself for so long, which it does when its standard input ends, then kills it. Blocks until it is gone, and `ended`
        has been called."""
        self._started.wait()
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        if not self._over.wait(seconds):
            process.kill()
            self._over.wait()

    def _run(self) -> None:
        try:
            self._process = process = subprocess.Popen(  # noqa: S603 - our own entry, by the Node that was found
                self._command,
                stdin=subprocess.PIPE,
                # Between fork and exec; nothing of what it calls waits for other threads.
                preexec_fn=_die_with_parent(),  # noqa: PLW1509
            )
        except BaseException as error:
            self._failure = error
            self._over.set()
            self._started.set()
            return
        self._started.set()
        code = process.wait()
        try:
            self._ended(code)
        except Exception:
            _log.exception("the end of a Node process could not be handled")
        finally:
            self._over.set()


def _die_with_parent() -> Callable[[], None] | None:
    """What a child calls before its program: on Linux, the kernel is to kill it with its parent."""
    if not sys.platform.startswith("linux"):
        return None
    # Looked up here: a child of a process with threads can not load anything.
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    parent = os.getpid()

    def prepare() -> None:
        prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            # It was too late for that.
            os._exit(1)

    return prepare
