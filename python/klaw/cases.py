"""What a `select` waits for, and what it brings."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from ._core.pending import check_seconds
from ._core.selecting import AfterCase, Case, SendCase, Won

Cases = Mapping[str, Any] | Sequence[Any]


class Selected:
    """The case that has won."""

    __slots__ = ("_value", "case", "error")

    def __init__(self, case: Any, value: object, error: Exception | None) -> None:
        #: Its name, or its number.
        self.case = case
        self._value = value
        #: What it has failed with, as `ChannelClosed`; None when it has brought a value.
        self.error = error

    @property
    def value(self) -> Any:
        """What the case has brought: an item; None for `sending` and `after`. Raises what it has failed with."""
        if self.error is not None:
            raise self.error
        return self._value

    def __repr__(self) -> str:
        brought = f"value={self._value!r}" if self.error is None else f"error={self.error!r}"
        return f"Selected(case={self.case!r}, {brought})"


class Sending:
    """A case that sends."""

    __slots__ = ("_sender", "_value")

    def __init__(self, sender: Any, value: object) -> None:
        self._sender = sender
        self._value = value

    def case(self) -> Case:
        """What `select` waits for. Raises `SerializationError`."""
        return SendCase(self._sender._port, self._value)


class After:
    """A case that is ready at a time."""

    __slots__ = ("_at",)

    def __init__(self, at: float) -> None:
        self._at = at

    def case(self) -> Case:
        """What `select` waits for."""
        return AfterCase(self._at)


def sending(sender: Any, value: object) -> Sending:
    """A case that sends a value by a `Sender` when it wins."""
    from .aio.senders import Sender as AioSender
    from .senders import Sender

    if not isinstance(sender, Sender | AioSender):
        raise TypeError(f"'sender' must be the Sender of a channel, got {sender!r}")
    return Sending(sender, value)


def after(seconds: float) -> After:
    """A case that is ready so many seconds after this call."""
    check_seconds("seconds", seconds)
    return After(time.monotonic() + seconds)


def cases_of(cases: Cases, *, may_be_empty: bool) -> tuple[list[Hashable], list[Case]]:
    """The keys and the cases. Raises `TypeError`, `ValueError`."""
    pairs = list(cases.items() if isinstance(cases, Mapping) else enumerate(cases))
    if not pairs and not may_be_empty:
        raise ValueError("a select without a case would wait for ever")
    found: list[Case] = []
    for key, value in pairs:
        make = getattr(value, "case", None)
        made = make() if callable(make) else None
        if not isinstance(made, Case):
            raise TypeError(f"case {key!r} must be a receiver, sending(…) or after(…), got {value!r}")
        found.append(made)
    return [key for key, _ in pairs], found


def outcome(keys: Sequence[Hashable], won: Won | None) -> Selected | None:
    """What the program gets."""
    return None if won is None else Selected(keys[won.number], won.value, won.error)
