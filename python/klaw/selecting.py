"""Waits for several ends at once, for code that blocks."""

from __future__ import annotations

from typing import Literal, overload

from ._core.pending import BLOCKING, Deadline, run
from ._core.selecting import select as select_from
from .cases import Cases, Selected, cases_of, outcome


@overload
def select(
    cases: Cases, *, timeout: float | None = None, biased: bool = False, default: Literal[False] = False
) -> Selected: ...


@overload
def select(
    cases: Cases, *, timeout: float | None = None, biased: bool = False, default: Literal[True]
) -> Selected | None: ...


def select(
    cases: Cases, *, timeout: float | None = None, biased: bool = False, default: bool = False
) -> Selected | None:
    """Waits for several things at once: exactly one case wins and takes effect, the others are left as if they had not been there.

    A case is a receiver of any kind, `sending(sender, value)`, or `after(seconds)`; they stand under a name or a number. A receiver that
    is closed and drained is ready: the value of its case raises `ChannelClosed`. So is `sending` on a closed channel.

    - `timeout`: seconds until `ChannelTimeout` is raised; then no case has won.
    - `biased`: the first case that is ready wins. Otherwise each that is ready has the same chance.
    - `default`: does not wait; None when no case is ready.

    Raises `TypeError` for what is no case, and `ValueError` for none at all.
    """
    deadline = Deadline(timeout, "select")
    keys, found = cases_of(cases, may_be_empty=default)
    return outcome(keys, run(select_from(found, deadline, BLOCKING, biased=biased, default=default)))
