"""Starts one Ray node and ends all of it: when told to, or when whoever started this has gone.

Standard input is the line to the starter. Its end means that the starter has gone, however it ended, unless the line
said ``detach`` before: then the node lives until this process gets SIGTERM. The first process group, and on Linux
every orphan below, belongs to this process, so the end is complete and meets nobody else's processes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

# The file is run as a script, by any Python: its own folder is on the path then.
from processes import adopt_orphans, descendants, die_with_parent, kill_descendants, reap

_GRACE_SECONDS = 3.0
_KILL_SECONDS = 10.0
_POLL_SECONDS = 0.02


class Supervisor:
    def __init__(self, command: list[str]) -> None:
        adopt_orphans()
        self._attached = True
        self._asked_to_stop = False
        self._line = b""
        self._wake, wake_up = os.pipe()
        os.set_blocking(wake_up, False)
        signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            # A group of its own: where orphans cannot be adopted, the group is how they are found.
            start_new_session=True,
            preexec_fn=die_with_parent,
        ).pid

    def run(self) -> int | None:
        """Watch until the node ends by itself (its exit code) or has to be ended (None)."""
        while not self._asked_to_stop:
            watched = [self._wake, sys.stdin.fileno()] if self._attached else [self._wake]
            ready, _, _ = select.select(watched, [], [])
            if self._wake in ready:
                os.read(self._wake, 4096)
            if sys.stdin.fileno() in ready:
                self._read_line()
            ended = reap()
            if self._child in ended:
                return ended[self._child]
        return None

    def stop(self) -> list[int]:
        """End everything below, gently for a moment, and return what could not be ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGTERM)
        grace = time.monotonic() + _GRACE_SECONDS
        while descendants() and time.monotonic() < grace:
            if self._child in reap():
                break
            time.sleep(_POLL_SECONDS)
        return kill_descendants(self._child, time.monotonic() + _KILL_SECONDS)

    def abandon(self) -> list[int]:
        """End what a node that has ended by itself left behind."""
        return kill_descendants(self._child, time.monotonic() + _KILL_SECONDS)

    def _on_stop(self, *_: object) -> None:
        self._asked_to_stop = True

    def _read_line(self) -> None:
        data = os.read(sys.stdin.fileno(), 4096)
        self._line += data
        if b"detach\n" in self._line:
            self._attached = False
        elif not data:
            self._asked_to_stop = True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--remove", action="append", default=[], help="file or folder to remove after a stop")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    options = parser.parse_args()
    supervisor = Supervisor(options.command)
    code = supervisor.run()
    left = supervisor.stop() if code is None else supervisor.abandon()
    if left:
        print(f"could not end processes {left}", file=sys.stderr, flush=True)
        return 1
    if code is not None:
        # The folder stays: its logs say why the node has ended, and whoever reads them removes it.
        print(f"the Ray node has ended by itself, with code {code}", file=sys.stderr, flush=True)
        return code if code > 0 else 1
    for path in map(Path, options.remove):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
