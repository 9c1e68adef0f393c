"""A Ray of the tests' own, whose workers start a stand-in for Node."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in as a program."""
    path = tmp_path_factory.mktemp("node") / "node"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "stand_in_node.py"}" "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest, stand_in: Path) -> Iterator[Any]:
    """A Ray with one CPU. Its workers do not find this package: it reaches them as it does elsewhere. They start the stand-in, unless the
    module of the tests says `NODE = None`."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: actors in TypeScript can not be tested")
    if ray.is_initialized():
        # Another folder's tests keep theirs until the end.
        ray.shutdown()
    os.environ.pop("PYTHONPATH", None)
    node = getattr(request.module, "NODE", stand_in)
    if node is not None:
        os.environ["KLAW_NODE"] = str(node)
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    address = f"127.{os.getpid() >> 16 & 127 or 79}.{os.getpid() >> 8 & 255}.{(os.getpid() + 2) & 255 or 3}"
    with tempfile.TemporaryDirectory(prefix="kh", dir="/tmp") as folder:
        ray.init(
            _node_ip_address=address,
            num_cpus=1,
            include_dashboard=False,
            _temp_dir=folder,
            namespace="tests",
            object_store_memory=100_000_000,
            log_to_driver=False,
            configure_logging=False,
        )
        try:
            yield ray
        finally:
            ray.shutdown()
            os.environ.pop("KLAW_NODE", None)
