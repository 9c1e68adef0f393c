"""Changes what circles refer to, for the few containers whose form was not known when they began."""

from __future__ import annotations

from typing import Any

from ..errors import KlawError
from ..javascript_error import JavaScriptError


def replace_all(value: object, replacements: list[tuple[object, object]]) -> object:
    """Puts each new container wherever the old one stands in `value`."""
    new_by_id = {id(old): new for old, new in replacements}
    value = new_by_id.get(id(value), value)
    seen: set[int] = set()
    pending: list[Any] = [value]
    while pending:
        container = pending.pop()
        if id(container) in seen:
            continue
        seen.add(id(container))
        for entries in _entries_of(container):
            keys = range(len(entries)) if isinstance(entries, list) else list(entries)
            for key in keys:
                inside = entries[key]
                if id(inside) in new_by_id:
                    inside = entries[key] = new_by_id[id(inside)]
                pending.append(inside)
    return value


def _entries_of(container: object) -> list[Any]:
    """The lists and dicts that hold what is inside. Sets hold only what can be hashed, which is never replaced."""
    if isinstance(container, list | dict):
        return [container]
    if isinstance(container, JavaScriptError):
        return [container.hidden, container.properties]
    if isinstance(container, KlawError):
        return [container.fields, container.__dict__]
    return []
