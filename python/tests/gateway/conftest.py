"""A Ray of the tests' own, and clients of sessions that use it from this process."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    ray = pytest.importorskip("ray", reason="Ray is not installed: the gateway can not be tested")
    paths = [str(HERE), str(HERE.parent.parent)]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    # A cluster of its own without a token: nothing is written to the user's home.
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Older versions warn of what this will mean.
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    address = f"127.{os.getpid() >> 16 & 127 or 77}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
    with tempfile.TemporaryDirectory(prefix="kg", dir="/tmp") as folder:
        ray.init(
            _node_ip_address=address,
            num_cpus=4,
            include_dashboard=False,
            _temp_dir=folder,
            namespace="tests",
            object_store_memory=400_000_000,
            log_to_driver=False,
            configure_logging=False,
        )
        try:
            yield
        finally:
            ray.shutdown()


@pytest.fixture
def with_client(cluster: None) -> Callable[[Callable[[Any], Awaitable[None]]], None]:
    """Runs a test on a loop of its own, with a client whose session ends afterwards."""
    sys.path[:0] = [path for path in (str(HERE),) if path not in sys.path]
    from client import Client

    def run(test: Callable[[Any], Awaitable[None]], **options: Any) -> None:
        async def main() -> None:
            client = Client(**options)
            try:
                await asyncio.wait_for(test(client), 60)
            finally:
                await client.session.close()

        asyncio.run(main())

    return run
