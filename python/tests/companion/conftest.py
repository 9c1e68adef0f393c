"""klaw in this process, at a hub in this process; and at one on a Ray of the tests' own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [path for path in (str(HERE),) if path not in sys.path]

from in_process_hub import InProcessHub  # noqa: E402

from klaw._core.runtime import RUNTIME, Runtime  # noqa: E402


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcessHub]:
    """A hub, at which `klaw` in this process is at home."""
    made = InProcessHub()
    monkeypatch.setattr(RUNTIME, "_find", lambda: made.address)
    monkeypatch.setattr(RUNTIME, "_cluster", lambda: "a cluster")
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
