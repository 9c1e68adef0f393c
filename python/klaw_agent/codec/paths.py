"""Where in a value something is, written the way one would reach it in TypeScript."""

from __future__ import annotations

import json
from collections.abc import Iterable


class Text(str):
    """A step that is neither a property nor an element, as in `.get("k")`."""

    __slots__ = ()


Step = str | int | Text | None


def value_of_key(key: object) -> Text:
    """The step to the value under a Map's key."""
    if isinstance(key, str):
        return Text(f".get({json.dumps(key)})")
    return Text(f".get({key!r})" if isinstance(key, int | float | bool | None) else ".get(…)")


def nth_key(index: int) -> Text:
    """The step to the nth key of a Map."""
    return Text(f".keys()[{index}]")


def nth_value(index: int) -> Text:
    """The step to the nth element of a Set."""
    return Text(f".values()[{index}]")


def format_path(root: str, steps: Iterable[Step]) -> str:
    """Writes a path: `args[0].user["first name"]`."""
    path = [root]
    for step in steps:
        if step is None:
            continue
        if isinstance(step, Text):
            path.append(str(step))
        elif isinstance(step, int):
            path.append(f"[{step}]")
        elif step.isidentifier():
            path.append(f".{step}")
        else:
            path.append(f"[{json.dumps(step)}]")
    return "".join(path)


def shorten_path(path: str) -> str:
    """For messages: the path, with its middle left out when it is very long."""
    return path if len(path) <= 300 else f"{path[:200]}…{path[-80:]}"
