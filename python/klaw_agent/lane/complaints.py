"""What is wrong with clients, for the log."""

from __future__ import annotations

import logging

logger = logging.getLogger("klaw_agent")


class Complaints:
    """Logs each kind of trouble once: nobody fills the log from outside."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def complain(self, kind: str, message: str) -> None:
        if kind not in self._known:
            self._known.add(kind)
            logger.warning("%s; further ones are not logged", message)
