"""What a client waits for."""

from __future__ import annotations

from typing import Any

from .entries import ObjectEntry
from .frames import PENDING
from .table import Table


def waiting_refs(table: Table) -> list[Any]:
    """The refs of objects that have not settled and whose values, or news of them, the client wants. From any thread."""
    return [
        entry.ref
        for entry in table.entries()
        if isinstance(entry, ObjectEntry)
        and entry.ref is not None
        and entry.outcome == PENDING
        and (entry.wanted > 0 or entry.watch is not None)
    ]
