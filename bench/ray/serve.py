"""A Python program that does its work on command: one JSON object a line in, one a line out."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import ray


def serve(make: Callable[[], Any]) -> None:
    """Connects to what the command line says, then calls methods of what `make` makes when it is first needed.

        program.py driver 127.0.0.2:6379     a driver inside the cluster
        program.py client ray://127.0.0.2:10001     Ray Client

    An order names a method as `work`, and its `count`; the answer has the `seconds` that it took, and what it returned.
    """
    kind, address = sys.argv[1:3]
    # What is printed on the way must not get among the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"seconds": _connect(kind, address)}), file=answers)
    worker: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        worker = worker or make()
        work = getattr(worker, order.pop("work"))
        start = time.perf_counter()
        result: dict[str, float] | None = work(**order)
        print(json.dumps({"seconds": time.perf_counter() - start, **(result or {})}), file=answers)
    ray.shutdown()


def _connect(kind: str, address: str) -> float:
    start = time.perf_counter()
    if kind == "client":
        ray.init(address, logging_level="ERROR")
    else:
        ray.init(address=address, _node_ip_address=address.split(":")[0], logging_level="ERROR", log_to_driver=False)
    return time.perf_counter() - start
