"""Where the ends of a channel are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..wire.connection import Connection


class End(Protocol):
    @property
    def connection(self) -> Connection: ...


def count_by_node(senders: Iterable[End], receivers: Iterable[End]) -> dict[str, dict[str, int]]:
    """The number of ends on either side, by the label of the session that they belong to."""
    nodes: dict[str, dict[str, int]] = {}
    for side, ends in (("senders", senders), ("receivers", receivers)):
        for end in ends:
            label = getattr(end.connection, "label", "")
            nodes.setdefault(label, {"senders": 0, "receivers": 0})[side] += 1
    return nodes
