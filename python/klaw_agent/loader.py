"""Loads this package and runs what stands in it: as a Ray actor, or in the process that unpickles it.

Nobody can import it where it runs, so its text reaches the cluster inside a pickle and is run there: it imports nothing of the package.
"""

from __future__ import annotations

import getpass
import hashlib
import importlib
import json
import os
import re
import stat
import sys
import tempfile
import traceback
from asyncio import Event
from pathlib import Path
from typing import Any, ClassVar


class KlawAgent:
    """Writes the package's sources to a folder, imports them, and hands its calls on to class `Agent` of the module that the settings name.

    Its constructor only keeps what it gets: what goes wrong in a constructor comes back as the death of the actor, what goes wrong in a method
    as what it is. Answers of methods that other languages call are a byte 0 and the result, or a byte 1 and JSON about an exception: a pickled
    exception could be of a class that only the worker has.
    """

    #: The text of the modules by their path, for an actor that brings them along as a part of its class.
    sources: ClassVar[dict[str, str]] = {}

    def __init__(self, sources: dict[str, str], settings: dict[str, Any]) -> None:
        self._sources = sources or self.sources
        self._settings = settings
        self._agent: Any = None

    async def start(self) -> bytes:
        """JSON of what the agent says about itself. Once it has started, it can be asked again."""
        try:
            return b"\x00" + json.dumps(await self._load().start()).encode()
        except Exception as error:
            return self._failure(error)

    async def exchange(self, number: int, data: bytes, wait: bool) -> bytes:
        """A call of the tunnel lane."""
        try:
            return b"\x00" + await self._agent.exchange(number, data, wait)
        except Exception as error:
            return self._failure(error)

    async def ask(self, operation: str, *arguments: Any) -> Any:
        """Another agent asks for something. Returns, and raises, what the agent's method of that name does. It may come before the start:
        Ray starts some actors again."""
        answer = getattr(self._load(), "answer_" + operation)
        return await answer(*arguments)

    async def stay(self) -> None:
        """Never returns: who waits for it is told when this process ends."""
        await Event().wait()

    def start_here(self) -> bytes:
        """As `start`, for a process that is no actor of this class: the agent gets a thread of its own. Blocks."""
        try:
            module = self._import()
            guest = importlib.import_module("klaw_agent.guest").Guest(lambda over: module.Agent(self._settings, over))
            return b"\x00" + json.dumps(guest.start()).encode()
        except Exception as error:
            return self._failure(error)

    def _load(self) -> Any:
        """The agent, which may not have been started."""
        if self._agent is None:
            self._agent = self._import().Agent(self._settings)
        return self._agent

    def _import(self) -> Any:
        """The module that the settings name."""
        folder = self._install()
        if folder not in sys.path:
            sys.path.insert(0, folder)
        importlib.invalidate_caches()
        # Compiled once for each node, also where Python was told to keep no bytecode: that is meant for its user's folders, and this one is ours.
        told = sys.dont_write_bytecode
        sys.dont_write_bytecode = False
        try:
            return importlib.import_module(self._settings.get("module") or "klaw_agent.agent")
        finally:
            sys.dont_write_bytecode = told

    def _failure(self, error: Exception) -> bytes:
        kind = type(error)
        name = kind.__qualname__
        if kind.__module__ != "builtins":
            name = kind.__module__ + "." + name
        text = "".join(traceback.format_exception(kind, error, error.__traceback__))
        description = {"type": name, "message": str(error), "traceback": text}
        return b"\x01" + json.dumps(description).encode()

    def _install(self) -> str:
        """Writes the package into a folder of its hash, unless that is there as it should be."""
        digest = hashlib.sha256()
        for path in sorted(self._sources):
            for part in (path.encode(), self._sources[path].encode()):
                digest.update(len(part).to_bytes(8, "big") + part)
        try:
            user = re.sub(r"\W", "_", getpass.getuser())
        except Exception:  # A user without a name, as in some containers.
            user = str(os.getuid())
        parent = Path(tempfile.gettempdir(), "klaw-" + user)
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._is_ours(parent):
            # Somebody else has made the folder, and could put code into it.
            parent = Path(tempfile.mkdtemp(prefix="klaw-"))
        folder = parent / digest.hexdigest()[:32]
        if self._is_complete(folder):
            return str(folder)
        fresh = Path(tempfile.mkdtemp(dir=parent)).resolve()
        for path, source in self._sources.items():
            target = (fresh / path).resolve()
            if not target.is_relative_to(fresh):
                raise ValueError("a file of the package lies outside of it: " + path)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("w", encoding="utf-8", newline="") as file:
                file.write(source)
        try:
            fresh.rename(folder)
            return str(folder)
        except OSError:
            # Another worker was faster, or somebody has changed the files.
            return str(folder if self._is_complete(folder) else fresh)

    def _is_ours(self, folder: Path) -> bool:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode):
            return False
        return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)

    def _is_complete(self, folder: Path) -> bool:
        try:
            for path, source in self._sources.items():
                with (folder / path).open(encoding="utf-8", newline="") as file:
                    if file.read() != source:
                        return False
            return True
        except OSError:
            return False
