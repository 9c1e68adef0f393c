"""klaw in this process, at a hub in this process; and at one on a Ray of the tests' own."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [path for path in (str(HERE),) if path not in sys.path]

from in_process_hub import InProcessHub  # noqa: E402

from klaw._core.runtime import RUNTIME, Runtime  # noqa: E402


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray of the tests' own, whose workers find this package; in which they can do what they like."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: the companion can not be tested on it")
    if ray.is_initialized():
        # Another folder's tests keep theirs until the end.
        ray.shutdown()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), str(HERE.parent.parent)])
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    address = f"127.{os.getpid() >> 16 & 127 or 78}.{os.getpid() >> 8 & 255}.{(os.getpid() + 1) & 255 or 2}"
    with tempfile.TemporaryDirectory(prefix="kc", dir="/tmp") as folder:
        ray.init(
            _node_ip_address=address,
            num_cpus=4,
            include_dashboard=False,
            _temp_dir=folder,
            object_store_memory=200_000_000,
            log_to_driver=False,
            configure_logging=False,
        )
        try:
            yield
        finally:
            RUNTIME.shutdown()
            ray.shutdown()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcessHub]:
    """A hub, at which `klaw` in this process is at home."""
    made = InProcessHub()
    monkeypatch.setattr(RUNTIME, "_find", lambda: made.address)
    monkeypatch.setattr(RUNTIME, "_cluster", lambda: "a cluster")
    monkeypatch.setattr(RUNTIME, "threshold", float("inf"))
    try:
        yield made
    finally:
        RUNTIME.shutdown()
        made.close()


@pytest.fixture
def other(hub: InProcessHub) -> Iterator[Runtime]:
    """Another process's session, as it were."""
    made = hub.runtime()
    try:
        yield made
    finally:
        made.shutdown()
