"""What a method has returned or raised, for the way back."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

import ray
import ray.exceptions

from ..codec.context import PLAIN
from ..codec.fast_encode import EXACT, encode_plain
from .terms import LARGEST


def encode_result(value: object) -> bytes | None:
    """The bytes of a value that is the same once it has been written and read; None for any other, and for large ones."""
    data = encode_plain(value, PLAIN, False, EXACT)
    return data if data is not None and len(data) <= LARGEST else None


def task_error(actor: Any, name: str, error: Exception) -> ray.exceptions.RayTaskError:
    """What Ray makes of an exception that a method has raised: a task that returns this has failed with it."""
    text = "".join(traceback.format_exception(type(error), error, _trace_of_user(error)))
    return ray.exceptions.RayTaskError(
        name,
        text,
        error,
        proctitle=f"ray::{type(actor).__name__}.{name}",
        actor_repr=repr(actor),
        actor_id=ray.get_runtime_context().get_actor_id(),
    )


def _trace_of_user(error: Exception) -> TracebackType | None:
    """Without what called the method."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
        trace = trace.tb_next
    return trace
