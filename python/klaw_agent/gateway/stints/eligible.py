"""Which actors' calls can share tasks, as far as a handle knows it; the actor's process knows the rest (`stint/serving.py`)."""

from __future__ import annotations

from typing import Any

import ray.actor
from ray._private.worker import global_worker
from ray.util.tracing import tracing_helper

from ..describe import is_typescript

#: What knows an actor's limits, if this version of Ray has it.
try:
    from ray.core.generated.core_worker_pb2 import ActorHandle as _HandleRecord
except ImportError:
    _HandleRecord = None

_QUEUES = "ray.util.queue"


def is_ordinary(handle: Any) -> bool:
    """Whether the actor is Python's, runs one call after the other in the order in which they come, and repeats and limits none."""
    descriptor = handle._ray_actor_creation_function_descriptor
    if handle._ray_is_cross_language or is_typescript(handle) or getattr(descriptor, "module_name", "") == _QUEUES:
        return False
    if (
        _HandleRecord is None
        or handle._ray_max_task_retries != 0
        or "__ray_call__" not in handle._ray_method_signatures
    ):
        return False
    if tracing_helper._is_tracing_enabled():
        # Each call is to be seen.
        return False
    # To read it has no effect: Ray counts references where the record goes into a value.
    data, _ = global_worker.core_worker.serialize_actor_handle(handle._actor_id)
    record = _HandleRecord.FromString(data)
    try:
        return (
            record.max_pending_calls == -1 and record.max_task_retries == 0 and not record.allow_out_of_order_execution
        )
    except AttributeError:
        # Another version of Ray's.
        return False


def is_plain_method(handle: Any, name: str) -> bool:
    """Whether a call of the method is one task with one result, as Ray does it without further ado."""
    if name.startswith("__") or name not in handle._ray_method_signatures:
        return False
    return (
        handle._ray_method_num_returns.get(name) in (None, 1)
        and not handle._ray_method_is_generator.get(name)
        and not handle._ray_method_decorators.get(name)
        and not handle._ray_method_max_task_retries.get(name)
        and not handle._ray_method_retry_exceptions.get(name)
        and not getattr(handle, "_ray_method_name_to_tensor_transport", {}).get(name)
    )


def takes(handle: Any, name: str, count: int) -> bool:
    """Whether Ray would not refuse so many arguments."""
    try:
        ray.actor.signature.flatten_args(handle._ray_method_signatures[name], [None] * count, {})
    except TypeError:
        return False
    return True
