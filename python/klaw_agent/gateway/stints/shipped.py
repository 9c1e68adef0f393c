"""What Ray is given to run a stint."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...host.shipping import own_sources, shipped_modules
from ...stint import begin
from ...stint.serving import serve
from ...stint.terms import VERSION


class Shipped:
    """How stints begin. Made in a thread: the package is given to the cluster, if that does not have it."""

    def __init__(self) -> None:
        modules = shipped_modules()
        self._sources = modules["Sources"](own_sources())
        self._begin = _beginner()

    def call(
        self, is_connected: bool, number: int, where: tuple[Any, ...]
    ) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Function and arguments for `__ray_call__`. A process that is connected has the package."""
        if is_connected:
            return serve, (VERSION, number, True, *where)
        return self._begin, (self._sources, VERSION, number, False, *where)


@functools.cache
def _beginner() -> Callable[..., Any]:
    """The function as one of a module that nobody can import, so that Ray ships all of it."""
    namespace: dict[str, Any] = {"__name__": "klaw_stint"}
    text = Path(begin.__file__).read_text("utf-8")
    exec(compile(text, "klaw_agent/stint/begin.py", "exec"), namespace)  # noqa: S102 - it is our own
    made: Callable[..., Any] = namespace["begin"]
    return made
