"""A value of a watch, and who still needs the handles inside."""

from __future__ import annotations

from .runs import Run
from .sides import ChannelKeeper


class HeldValue:
    """Counts those who need it: the channel as long as it is the latest, and each follower to whom it is under way."""

    __slots__ = ("_holders", "_keeper", "run")

    def __init__(self, run: Run, keeper: ChannelKeeper) -> None:
        self.run = run
        self._keeper = keeper
        self._holders = 1

    def hold(self) -> None:
        self._holders += 1

    def release(self) -> None:
        self._holders -= 1
        if self._holders == 0 and self.run.tokens is not None:
            self._keeper.release_tokens(self.run.tokens)
