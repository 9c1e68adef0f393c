/** The name of the class in {@link agentLoaderSource}. */
export const agentLoaderClass = 'KlawAgent'
/** What tracebacks call the source. */
export const agentLoaderFile = 'klaw_agent_loader.py'

/**
 * The Ray actor that loads the agent's package and runs it. It is text, since it reaches the cluster inside a pickle, and nobody can
 * import it there. Its constructor only keeps what it gets: what goes wrong in a constructor comes back as the death of the actor, what
 * goes wrong in a method as what it is. Answers are a byte 0 and the result, or a byte 1 and JSON about an exception: a pickled exception
 * could be of a class that only the worker has.
 */
export const agentLoaderSource = String.raw`
class KlawAgent:
    def __init__(self, sources, settings):
        self._sources = sources
        self._settings = settings
        self._agent = None

    async def start(self):
        try:
            import importlib
            import json
            import sys

            folder = self._install()
            if folder not in sys.path:
                sys.path.insert(0, folder)
            importlib.invalidate_caches()
            module = importlib.import_module("klaw_agent.agent")
            self._agent = module.Agent(self._settings)
            return b"\x00" + json.dumps(await self._agent.start()).encode()
        except Exception as error:
            return self._failure(error)

    async def exchange(self, number, data, wait):
        try:
            return b"\x00" + await self._agent.exchange(number, data, wait)
        except Exception as error:
            return self._failure(error)

    async def stay(self):
        """Never returns: who waits for it is told when this process ends."""
        import asyncio

        await asyncio.Event().wait()

    def _failure(self, error):
        import json
        import traceback

        kind = type(error)
        name = kind.__qualname__
        if kind.__module__ != "builtins":
            name = kind.__module__ + "." + name
        text = "".join(traceback.format_exception(kind, error, error.__traceback__))
        description = {"type": name, "message": str(error), "traceback": text}
        return b"\x01" + json.dumps(description).encode()

    def _install(self):
        """Writes the package into a folder of its hash, unless that is there as it should be."""
        import getpass
        import hashlib
        import os
        import re
        import tempfile

        digest = hashlib.sha256()
        for path in sorted(self._sources):
            for part in (path.encode(), self._sources[path].encode()):
                digest.update(len(part).to_bytes(8, "big") + part)
        try:
            user = re.sub(r"\W", "_", getpass.getuser())
        except Exception:  # A user without a name, as in some containers.
            user = str(os.getuid())
        parent = os.path.join(tempfile.gettempdir(), "klaw-" + user)
        folder = os.path.join(parent, digest.hexdigest()[:32])
        os.makedirs(parent, mode=0o700, exist_ok=True)
        if not self._is_ours(parent):
            # Somebody else has made the folder, and could put code into it.
            parent = tempfile.mkdtemp(prefix="klaw-")
            folder = os.path.join(parent, digest.hexdigest()[:32])
        if self._is_complete(folder):
            return folder
        fresh = tempfile.mkdtemp(dir=parent)
        for path, source in self._sources.items():
            target = os.path.realpath(os.path.join(fresh, path))
            if not target.startswith(os.path.realpath(fresh) + os.sep):
                raise ValueError("a file of the package lies outside of it: " + path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(source)
        try:
            os.rename(fresh, folder)
            return folder
        except OSError:
            # Another worker was faster, or somebody has changed the files.
            return folder if self._is_complete(folder) else fresh

    def _is_ours(self, folder):
        import os
        import stat

        status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode):
            return False
        return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)

    def _is_complete(self, folder):
        import os

        try:
            for path, source in self._sources.items():
                with open(os.path.join(folder, path), encoding="utf-8", newline="") as file:
                    if file.read() != source:
                        return False
            return True
        except OSError:
            return False
`
