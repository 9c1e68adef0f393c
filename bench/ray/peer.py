"""What a Python program does on the same cluster, on command: one JSON object a line in, one a line out.

    python peer.py driver 127.0.0.2:6379     a driver inside the cluster
    python peer.py client ray://127.0.0.2:10001     Ray Client
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np
import ray
from bench_counter import Counter

SIZE = 100_000_000


class Peer:
    def __init__(self) -> None:
        self.counter = ray.remote(num_cpus=0)(Counter).remote()
        ray.get(self.counter.add.remote(0))
        self.small = bytes(1024)
        self.large = np.full(SIZE // 8, 1.5)
        self.stored = ray.put(self.large)

    def calls_in_flight(self, count: int) -> None:
        """Submits as many as were asked for, and gets them all."""
        before = ray.get(self.counter.add.remote(0))
        totals = ray.get([self.counter.add.remote(1) for _ in range(count)])
        assert totals[-1] == before + count

    def calls_one_at_a_time(self, count: int) -> None:
        before = ray.get(self.counter.add.remote(0))
        for number in range(count):
            assert ray.get(self.counter.add.remote(1)) == before + number + 1

    def put_small(self, count: int) -> None:
        for _ in range(count):
            ray.put(self.small)

    def put_large(self, count: int) -> None:
        for _ in range(count):
            ray.put(self.large)

    def get_large(self, count: int) -> None:
        for _ in range(count):
            value = ray.get(self.stored)
            assert value[-1] == 1.5 and value.nbytes == SIZE


def connect(kind: str, address: str) -> float:
    start = time.perf_counter()
    if kind == "client":
        ray.init(address, logging_level="ERROR")
    else:
        ray.init(address=address, _node_ip_address=address.split(":")[0], logging_level="ERROR", log_to_driver=False)
    return time.perf_counter() - start


def main() -> None:
    kind, address = sys.argv[1:3]
    # What is printed on the way must not get among the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    seconds = connect(kind, address)
    peer: Peer | None = None
    print(json.dumps({"seconds": seconds}), file=answers)
    for line in sys.stdin:
        order = json.loads(line)
        peer = peer or Peer()
        work: Callable[[int], None] = getattr(peer, order["work"])
        start = time.perf_counter()
        work(order["count"])
        print(json.dumps({"seconds": time.perf_counter() - start}), file=answers)
    ray.shutdown()


if __name__ == "__main__":
    main()
