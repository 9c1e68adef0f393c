"""One client of the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..wire.connection import Connection


class Session:
    """A connection that has said who it is. All that it holds ends with it."""

    __slots__ = ("connection", "exported", "made", "node", "origin")

    def __init__(self, origin: int, node: str, connection: Connection) -> None:
        #: Chosen by the client, and part of every token that it makes.
        self.origin = origin
        #: Where it runs, for stats.
        self.node = node
        self.connection = connection
        #: The highest number of a token that was exported; they come in order.
        self.exported = 0
        #: The ids of the channels that end with it, in the order in which they were made.
        self.made: dict[str, None] = {}
