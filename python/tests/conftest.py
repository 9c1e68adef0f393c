"""Of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from klaw_agent import channel_handles

#: Where tests use a real Ray.
ON_RAY = [Path(__file__).parent / name for name in ("companion", "gateway", "host")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(folder in item.path.parents for folder in ON_RAY):
            # Ray does not wait for the processes that it has started, nor closes their files.
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(autouse=True)
def _own_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was an agent's process in one test is none in the next: it makes channel ends of handles again."""
    monkeypatch.setattr(channel_handles._PROCESS, "restore", None)
