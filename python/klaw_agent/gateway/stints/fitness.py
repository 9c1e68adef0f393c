"""Which calls of one actor can be in a stint."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from ...stint.terms import LARGEST, unpack_plain
from .eligible import is_ordinary, is_plain_method, takes

_log = logging.getLogger(__name__)

#: Calls that have to go well for each that ended a stint, and how much is too much, for good.
_COST: Final = 8
_TOO_MUCH: Final = 3 * _COST - 2


class Fitness:
    """What is known of an actor and its methods."""

    __slots__ = ("_fits", "_is_ordinary", "_scores")

    def __init__(self) -> None:
        #: None: not known yet.
        self._is_ordinary: bool | None = None
        #: Whether a method can be called with so many arguments.
        self._fits: dict[tuple[str, int], bool] = {}
        #: Of methods that have ended stints.
        self._scores: dict[str, int] = {}

    @property
    def is_over(self) -> bool:
        """Whether no call of the actor can."""
        return self._is_ordinary is False

    def refuse(self) -> None:
        """No call of the actor can."""
        self._is_ordinary = False

    def allows(self, handle: Any, method: str, count: int) -> bool:
        """Whether a call of the method with so many arguments can, as far as it is known before."""
        if self._is_ordinary is None:
            try:
                self._is_ordinary = is_ordinary(handle)
            except Exception:
                # Of a version of Ray's that tells it in another way.
                _log.exception("calls of an actor are tasks of their own: nobody knows what it is like")
                self._is_ordinary = False
        if not self._is_ordinary or self.ends_too_often(method):
            return False
        key = (method, count)
        fits = self._fits.get(key)
        if fits is None:
            fits = self._fits[key] = is_plain_method(handle, method) and takes(handle, method, count)
        return fits

    # What methods return, or raise, may have to go another way.

    def ended_stint(self, method: str) -> None:
        self._scores[method] = self._scores.get(method, 0) + _COST

    def went_well(self, method: str) -> None:
        if self._scores:
            score = self._scores.get(method, 0)
            if 0 < score < _TOO_MUCH:
                self._scores[method] = score - 1

    def ends_too_often(self, method: str) -> bool:
        """Whether the method has ended too many stints."""
        return self._scores.get(method, 0) >= _TOO_MUCH


def are_plain(payloads: Sequence[memoryview]) -> bool:
    """Whether arguments are small, and have nothing of ours in them, or of others'."""
    if sum(map(len, payloads)) > LARGEST:
        return False
    try:
        for payload in payloads:
            unpack_plain(payload)
    except Exception:
        # What is wrong with it is said where it is read.
        return False
    return True
