"""Ray's proxy for clients, with a range of ports for its sessions that is this head's alone. See ``head.py``.

And without gRPC's support for forks. The proxy forks for each session, and serves others meanwhile: before each fork gRPC then waits 5 seconds
for them to pause, which they do not, and what it does to its sockets after that ends the new process, or stops the proxy for good.
"""

from __future__ import annotations

import os
import random
import socket
import sys

_FIRST_PORT = 24_000
_LAST_PORT = 31_999
# As many sessions as a head can have at a time, and one port more. Each is a process of some 150 MB.
_RANGE_SIZE = 200


def claim_range() -> tuple[range, socket.socket] | None:
    """A range of ports, and the socket that keeps others of us from it until it is closed. None when all are taken.

    Its first port is bound, and stays so: that is the claim. Whoever else has a port inside is found out by Ray, which
    tries each before it uses it.
    """
    starts = list(range(_FIRST_PORT, _LAST_PORT + 1 - _RANGE_SIZE, _RANGE_SIZE))
    random.shuffle(starts)
    for start in starts:
        claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            claim.bind(("127.0.0.1", start))
        except OSError:
            claim.close()
            continue
        return range(start + 1, start + _RANGE_SIZE), claim
    return None


def main() -> None:
    # gRPC reads it when it is imported.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    from ray.util.client.server import proxier
    from ray.util.client.server.server import main as serve

    claimed = claim_range()
    if claimed is not None:
        ports, _claim = claimed
        proxier.MIN_SPECIFIC_SERVER_PORT = ports.start
        proxier.MAX_SPECIFIC_SERVER_PORT = ports.stop
    serve()


if __name__ == "__main__":
    # What this folder holds is not for the programs of Ray to find.
    sys.path.pop(0)
    main()
