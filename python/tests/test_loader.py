"""The loader, as it runs on the cluster: made from its text alone."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

TEXT = (Path(__file__).parents[1] / "klaw_agent" / "loader.py").read_text("utf-8")

AGENT = """
class Agent:
    def __init__(self, settings, over=None):
        self.settings = settings
        self.starts = 0

    async def start(self):
        self.starts += 1
        if self.settings.get("fails"):
            raise LookupError("not now")
        return {"file": __file__, "starts": self.starts}

    async def exchange(self, number, data, wait):
        return data * number

    async def answer_double(self, number):
        return number * 2
"""


def load(sources: dict[str, str], settings: dict[str, Any]) -> Any:
    namespace: dict[str, Any] = {"__name__": "klaw_agent_loader"}
    exec(compile(TEXT, "klaw_agent_loader.py", "exec"), namespace)  # noqa: S102 - as the cluster does
    return namespace["KlawAgent"](sources, settings)


def answer_of(data: bytes) -> Any:
    assert data[0] in (0, 1)
    return json.loads(data[1:])


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that nobody has yet; what is installed goes to a folder of the test's."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    return "klaw_loaded_" + tmp_path.name.replace("-", "_")


def test_it_runs_the_module_that_the_settings_name_and_starts_it_once(module: str, tmp_path: Path):
    loader = load({f"{module}/__init__.py": "", f"{module}/agent.py": AGENT}, {"module": f"{module}.agent"})

    async def main() -> None:
        first, again = answer_of(await loader.start()), answer_of(await loader.start())
        assert (first["starts"], again["starts"]) == (1, 2)
        assert Path(first["file"]).is_relative_to(tmp_path)
        assert await loader.exchange(2, b"ab", False) == b"\x00abab"
        assert await loader.ask("double", 21) == 42

    asyncio.run(main())


def test_sources_may_be_a_part_of_the_class(module: str):
    loader = load({}, {"module": f"{module}.agent"})
    type(loader).sources = {f"{module}/agent.py": AGENT}
    assert answer_of(asyncio.run(type(loader)({}, {"module": f"{module}.agent"}).start()))["starts"] == 1


def test_failures_are_described(module: str):
    loader = load({f"{module}/agent.py": AGENT}, {"module": f"{module}.agent", "fails": True})
    description = answer_of(asyncio.run(loader.start()))
    assert (description["type"], description["message"]) == ("LookupError", "not now")
    assert "agent.py" in description["traceback"]


def test_no_file_lies_outside_of_the_package(module: str):
    loader = load({"../elsewhere.py": ""}, {"module": module})
    assert "lies outside" in answer_of(asyncio.run(loader.start()))["message"]
