"""A Node child that does not come to life, in this process and without a cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: children are served by its workers")

from klaw_agent.errors import KlawError, RayError
from klaw_agent.host import node_host
from klaw_agent.host.node_binary import FoundNode
from klaw_agent.host.node_host import NodeHost
from klaw_agent.host.node_process import NodeProcess
from tests.host.processes import is_there, until_gone


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(node_host, "install_parcel", lambda *_all: tmp_path)
    monkeypatch.setattr("ray.util.get_node_ip_address", lambda: "127.0.0.1")
    return "0" * 64


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def start(runtime: str, node: str, monkeypatch: pytest.MonkeyPatch) -> NodeHost:
    monkeypatch.setattr(node_host, "find_node", lambda: FoundNode(node, "20.0.0", "a test"))
    return NodeHost(runtime, "tests")


def test_a_child_that_says_nothing_is_given_up(runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(node_host, "ATTACH_TIME", 0.3)
    host = start(runtime, program(tmp_path / "silent", "exec sleep 1000"), monkeypatch)
    child = host.process_id
    with pytest.raises(KlawError, match=r"did not say that it runs within 0\.3 seconds"):
        host.open(None)
    assert not is_there(child)
    assert not host.death.done()


@pytest.mark.parametrize(
    ("text", "message", "was_killed"),
    [
        ("exit 9", "exit code 9", False),
        ("kill -SEGV $$", "ended by SIGSEGV", True),
        ("exit 69", "lost the conn", False),
    ],
)
def test_a_child_that_ends_before_it_has_attached_itself(
    runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str, was_killed: bool
):
    host = start(runtime, program(tmp_path / "short", text), monkeypatch)
    with pytest.raises(RayError, match=message):
        host.open(None)
    assert host.was_killed is was_killed


def test_a_program_that_can_not_be_started(runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    host = start(runtime, str(tmp_path / "nowhere"), monkeypatch)
    with pytest.raises(FileNotFoundError):
        host.open(None)


def test_a_child_ends_with_its_standard_input_or_is_killed(tmp_path: Path):
    codes: list[int] = []
    polite = NodeProcess([program(tmp_path / "polite", "cat > /dev/null; exit 4")], codes.append)
    polite.wait_for_start()
    polite.end(10)
    deaf = NodeProcess([program(tmp_path / "deaf", "exec sleep 1000")], codes.append)
    deaf.wait_for_start()
    deaf.end(0.1)
    deaf.tell({"too": "late"})
    deaf.kill()
    assert codes == [4, -signal.SIGKILL]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux kills a child with its parent")
def test_a_child_that_heeds_nothing_is_gone_with_its_parent(tmp_path: Path):
    deaf = program(tmp_path / "deaf", "exec sleep 1000")
    code = f"""
        import signal
        from klaw_agent.host.node_process import NodeProcess
        print(NodeProcess([{deaf!r}], print).wait_for_start(), flush=True)
        signal.pause()
    """
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_there(child)
        parent.kill()
    until_gone(child)
