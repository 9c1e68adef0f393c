"""The refs of objects. What is kept here is given to Ray when somebody needs its ref, once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

import ray
import ray.exceptions

from .completions import Completions
from .entries import Entry, ObjectEntry
from .kept import Kept, Room
from .ray_errors import plain
from .table import Table

#: So many small values are stored by one thread in one go.
TOGETHER: Final = 16


class Refs:
    """Those of one session. Lives on the event loop."""

    def __init__(self, table: Table, completions: Completions) -> None:
        self._table = table
        self._completions = completions
        self.room = Room()

    def keep(self, entry: ObjectEntry, kept: Kept) -> bool:
        """Has the entry be born with a value that Ray does not know. False when there is no room for it."""
        has_room = kept.enter(self.room)
        if has_room:
            entry.keep(kept)
        return has_room

    def keep_or_put(self, entry: ObjectEntry, kept: Kept) -> None:
        """Has the entry be born with the value: at once, or, when there is no room for it here, when a thread has put it into Ray."""

        def put(ref: Any, error: BaseException | None) -> None:
            if entry.born:
                # Cancelled meanwhile.
                return
            if error is not None:
                entry.fail(error)
            else:
                self.give_birth(entry, ref)

        if not self.keep(entry, kept):
            self._completions.apart(lambda: ray.put(kept.value()), put)

    def give_birth(self, entry: ObjectEntry, ref: Any) -> None:
        """Has the entry be born with what Ray knows it by."""
        entry.ref = ref
        self._table.identify(entry, ref.binary())
        entry.be_born()

    def of(self, entry: ObjectEntry) -> Any:
        """The ref of an object that has been born. What is kept is put now, which takes a moment; for what failed before Ray knew of it,
        Ray is given an object that fails the same way. Raises what `ray.put` raises."""
        kept = entry.kept
        if kept is not None:
            self._put(entry, kept, ray.put(kept.value()))
        elif entry.ref is None and entry.failure is not None:
            entry.ref = ray.put(_as_task_error(entry.failure))
        return entry.ref

    def bring(self, entries: Sequence[ObjectEntry]) -> Entry:
        """Has threads put what is kept. What is returned is born when each has a ref, or says that Ray has refused it (`Kept.refused`)."""
        all_there = Entry(0)
        kept_ones = ((entry, entry.kept) for entry in dict.fromkeys(entries))
        wanted = [(entry, kept) for entry, kept in kept_ones if kept is not None and kept.coming is None]
        parts = [wanted[start : start + TOGETHER] for start in range(0, len(wanted), TOGETHER)]
        left = len(parts)

        def done(part: list[tuple[ObjectEntry, Kept]], outcomes: list[Any] | None, error: BaseException | None) -> None:
            nonlocal left
            for index, (entry, kept) in enumerate(part):
                kept.coming = None
                outcome = error if outcomes is None else outcomes[index]
                if isinstance(outcome, BaseException):
                    kept.refused = True
                else:
                    self._put(entry, kept, outcome)
            left -= 1
            if left == 0:
                all_there.be_born()

        for part in parts:
            for _, kept in part:
                kept.coming = all_there
            values = [kept.value for _, kept in part]
            self._completions.apart(functools.partial(put_all, values), functools.partial(done, part))
        if left == 0:
            all_there.be_born()
        return all_there

    def _put(self, entry: ObjectEntry, kept: Kept, ref: Any) -> None:
        """Ray has been given the value."""
        if entry.kept is not kept:
            # Freed meanwhile, or somebody else was quicker.
            return
        entry.keep_no_more()
        entry.ref = ref
        self._table.identify(entry, ref.binary())


def put_all(values: Sequence[Callable[[], object]]) -> list[Any]:
    """The refs, or what was raised instead. Blocks."""
    outcomes: list[Any] = []
    for value in values:
        try:
            outcomes.append(ray.put(value()))
        except Exception as error:
            outcomes.append(error)
    return outcomes


def _as_task_error(failure: Any) -> Any:
    """For `ray.put`: of all errors Ray raises only those of tasks to who gets the object."""
    if isinstance(failure, ray.exceptions.RayTaskError):
        return failure
    cause = failure if isinstance(failure, Exception) else RuntimeError(plain(failure))
    return ray.exceptions.RayTaskError("a call", plain(cause), cause)
