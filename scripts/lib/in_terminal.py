"""Runs a program in a terminal of its own, and passes on what it writes there.

python3 in_terminal.py COLUMNS PROGRAM [ARGUMENT…]
"""

import fcntl
import os
import pty
import struct
import sys
import termios

ROWS = 50


def main() -> int:
    columns, *command = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, int(columns), 0, 0))
        os.execvp(command[0], command)  # noqa: S606 - the one that was asked for
    while chunk := read(terminal):
        os.write(1, chunk)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # That is how a terminal says that nobody is there any more.
        return b""


sys.exit(main())
