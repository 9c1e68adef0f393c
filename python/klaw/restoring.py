"""Channel ends that arrive in what Ray carries: arguments, results, objects."""

from __future__ import annotations

from typing import Any

from ._core.handles import End, claim
from ._core.runtime import RUNTIME


def restore_handle(kind: int, origin: int, number: int, detail: object, instance: str) -> End[Any]:
    """Makes the end that a pickled handle stands for. Called by unpickling; connects to the hub when that is needed.

    Raises `KlawError` where there is no cluster. An end of another hub (`instance`) than the one that runs now can be had, and fails with
    `ChannelBackendError` when it is used.
    """
    head: Any = detail[0] if isinstance(detail, list) and detail else detail
    is_aio = isinstance(head, dict) and head.get("aio") is True
    return claim(RUNTIME.client(), kind, (origin, number), detail, is_aio)
