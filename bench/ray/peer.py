"""What a Python program does on the same cluster, on command."""

from __future__ import annotations

from typing import Any

import numpy as np
import ray
from bench_counter import Counter
from serve import serve

SIZE = 100_000_000


class Peer:
    def __init__(self) -> None:
        self.counter = ray.remote(num_cpus=0)(Counter).remote()
        ray.get(self.counter.add.remote(0))
        self.small = bytes(1024)
        self.large = np.full(SIZE // 8, 1.5)
        self.stored = ray.put(self.large)
        self.one_cpu = ray.remote(num_cpus=1)(Counter)

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

    def next_actor(self, count: int) -> None:
        """Creates actors of a class that the cluster knows, each until it is ready."""
        for _ in range(count):
            _create(self.one_cpu)

    def first_actor(self, count: int) -> None:
        """Creates actors of classes that nobody has seen yet, each until it is ready."""
        for _ in range(count):
            _create(ray.remote(num_cpus=1)(type("NewCounter", (Counter,), {})))


def _create(kind: Any) -> None:
    actor = kind.remote()
    ray.get(actor.__ray_ready__.remote())
    ray.kill(actor)


if __name__ == "__main__":
    serve(Peer)
