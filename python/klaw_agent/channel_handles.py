"""Channel ends inside of what Ray carries: arguments, results, objects.

Both packages pickle them as calls of `restore`, which makes of them what the process that reads them can use. It is named here, and not in
`klaw`, because an agent has no `klaw`. A worker that has neither can not read them, and Ray says so: `No module named 'klaw_agent'`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

#: Kinds of handles that are ends of channels; `HandleKind` of `src/wire/token.ts`.
CHANNEL_KINDS: Final = range(3, 11)


@dataclass(frozen=True, eq=False)
class ChannelHandle:
    """A channel end that is only passed on."""

    kind: int
    #: Of the token at the hub that holds the channel until somebody claims the end.
    origin: int
    number: int
    #: What the end's own side has to know: `docs/gateway.md`, "The hub".
    detail: Any
    #: Of which hub it is, as the first digits of its instance.
    instance: str

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        return restore, (self.kind, self.origin, self.number, self.detail, self.instance)


class _Process:
    """What this process does with channel ends that arrive."""

    def __init__(self) -> None:
        self.restore: Callable[..., object] | None = None


_PROCESS: Final = _Process()


def only_pass_on() -> None:
    """Has this process leave channel ends as they are, also where `klaw` is installed: it is an agent's, which passes them on to its client."""
    _PROCESS.restore = ChannelHandle


@contextlib.contextmanager
def passing_on() -> Iterator[None]:
    """As `only_pass_on`, for a while: in a worker of Ray's that does other things too."""
    before = _PROCESS.restore
    only_pass_on()
    try:
        yield
    finally:
        _PROCESS.restore = before


def handle_of(end: object) -> ChannelHandle | None:
    """An end of `klaw`'s as what is passed on; None for anything else. It counts as sent once more."""
    if not str(type(end).__module__).startswith("klaw."):
        return None
    reduced = end.__reduce__()
    if isinstance(reduced, tuple) and reduced[0] is restore:
        return ChannelHandle(*reduced[1])
    return None


def restore(kind: int, origin: int, number: int, detail: Any, instance: str) -> object:
    """What a pickled channel end becomes: an end of `klaw`'s, or where that is not installed a `ChannelHandle`. Raises what `klaw` raises,
    where there is no cluster for instance."""
    if _PROCESS.restore is None:
        try:
            from klaw import restore_handle
        except ModuleNotFoundError as error:
            if error.name != "klaw":
                raise
            return ChannelHandle(kind, origin, number, detail, instance)
        _PROCESS.restore = restore_handle
    return _PROCESS.restore(kind, origin, number, detail, instance)
