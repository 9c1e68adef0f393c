"""The error family of klaw, as `src/errors.ts` has it: codes and classes correspond one to one in both languages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

#: Names of properties in JavaScript, by name of the attribute in Python.
_SPELLINGS = {
    "actor_id": "actorId",
    "object_id": "objectId",
    "channel_name": "channelName",
    "python_type": "pythonType",
}
_ATTRIBUTES = {property_name: attribute for attribute, property_name in _SPELLINGS.items()}


class KlawError(Exception):
    """The base of every error of klaw. `fields` become attributes, and travel to TypeScript as properties."""

    code: ClassVar[str] = "KLAW"

    def __init__(self, message: str = "", *, cause: object = None, stack: str | None = None, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        #: The stack of the language in which the error was made; None: it was made here.
        self.stack = stack
        #: What the error calls itself.
        self.name = type(self).__name__
        self.fields: dict[str, Any] = {}
        #: The cause, also when it is no exception.
        self.cause = cause
        if isinstance(cause, BaseException):
            self.__cause__ = cause
        for attribute, value in fields.items():
            self.set_property(_SPELLINGS.get(attribute, attribute), value)

    def set_property(self, name: str, value: object) -> None:
        """Sets what TypeScript sees as an own property of that name."""
        self.fields[name] = value
        attribute = _ATTRIBUTES.get(name, name)
        if attribute.isidentifier() and attribute not in _RESERVED:
            setattr(self, attribute, value)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Callable[..., BaseException], tuple[Any, ...]]:
        return _restore_klaw_error, (type(self), self.message, self.cause, self.stack, self.name, self.fields)


#: What properties do not touch.
_RESERVED = frozenset(dir(KlawError)) | {"message", "stack", "name", "fields", "cause"}


def _restore_klaw_error(
    kind: type[KlawError], message: str, cause: object, stack: str | None, name: str, fields: Mapping[str, object]
) -> KlawError:
    # Where this package is, the class is its own, and not a copy that has come along with the error.
    known = getattr(sys.modules.get("klaw_agent.errors"), kind.__name__, None)
    error = (known if known is not None and known.code == kind.code else kind)(message, cause=cause, stack=stack)
    error.name = name
    for key, value in fields.items():
        error.set_property(key, value)
    return error


class RuntimeClosedError(KlawError):
    """The connection or session is over."""

    code = "RUNTIME_CLOSED"


class SerializationError(KlawError):
    """A value could not be turned into bytes, or bytes not into a value. `path` says where: `args[0].user.avatar`."""

    code = "SERIALIZATION"
    path: str | None = None

    def __init__(self, message: str = "", *, path: str | None = None, **options: Any) -> None:
        super().__init__(message, **options)
        if path is not None:
            self.set_property("path", path)


class DeadlockError(KlawError):
    """A call waits on itself through a chain of actors."""

    code = "DEADLOCK"


class RayError(KlawError):
    """The base of Ray's own exceptions."""

    code = "RAY"


class RayTaskError(RayError):
    """A task or an actor method raised; the original is the cause."""

    code = "RAY_TASK"


class RayActorError(RayError):
    """An actor can not, or not now, answer."""

    code = "RAY_ACTOR"
    actor_id: str | None = None


class ActorDiedError(RayActorError):
    """The actor is dead for good."""

    code = "ACTOR_DIED"


class ActorUnavailableError(RayActorError):
    """The actor went away while the call was in flight and is coming back."""

    code = "ACTOR_UNAVAILABLE"


class ActorUnschedulableError(RayError):
    """The resources that are asked for exist nowhere."""

    code = "ACTOR_UNSCHEDULABLE"


class ActorAlreadyExistsError(RayError):
    """An actor of that name lives in that namespace already."""

    code = "ACTOR_ALREADY_EXISTS"


class ActorNotFoundError(RayError):
    """No actor of that name lives in that namespace."""

    code = "ACTOR_NOT_FOUND"


class WorkerCrashedError(RayError):
    """The worker that ran a task ended unexpectedly."""

    code = "WORKER_CRASHED"


class OutOfMemoryError(RayError):
    """The worker that ran a task or an actor used more memory than it may."""

    code = "OUT_OF_MEMORY"


class TaskCancelledError(RayError):
    """The task was cancelled, before or while it ran."""

    code = "TASK_CANCELLED"


class PendingCallsLimitExceeded(RayError):
    """More calls are pending on a handle than it allows."""

    code = "PENDING_CALLS_LIMIT_EXCEEDED"


class ObjectStoreFullError(RayError):
    """The object store has no room for the value."""

    code = "OBJECT_STORE_FULL"


class ObjectLostError(RayError):
    """The object's value is gone."""

    code = "OBJECT_LOST"
    object_id: str | None = None


class ObjectFreedError(ObjectLostError):
    """The object was freed explicitly."""

    code = "OBJECT_FREED"


class OwnerDiedError(ObjectLostError):
    """The process that owned the object ended."""

    code = "OWNER_DIED"


class GetTimeoutError(RayError):
    """`get` reached its timeout; the task goes on."""

    code = "GET_TIMEOUT"


class Full(RayError):
    """The queue has no room."""

    code = "QUEUE_FULL"


class Empty(RayError):
    """The queue has no item, or not as many as were asked for."""

    code = "QUEUE_EMPTY"


class ChannelClosed(KlawError):
    """The other side of the channel is closed. `value` is what was not sent."""

    code = "CHANNEL_CLOSED"
    value: Any = None


class ChannelFull(KlawError):
    """The channel has no room now. `value` is what was not sent."""

    code = "CHANNEL_FULL"
    capacity: float = 0
    value: Any = None


class ChannelEmpty(KlawError):
    """The channel is open and has no item now."""

    code = "CHANNEL_EMPTY"


class ChannelTimeout(KlawError, TimeoutError):
    """A channel operation reached its `timeout` (milliseconds, as in TypeScript). Nothing was sent or taken."""

    code = "CHANNEL_TIMEOUT"
    timeout: float = 0


class ChannelPartialSend(KlawError):
    """A batch larger than the channel's capacity was given up half-way: the first `sent` values will be delivered, `unsent` were not."""

    code = "CHANNEL_PARTIAL_SEND"
    sent: int = 0
    unsent: Sequence[Any] = ()


class ChannelLagged(KlawError):
    """A broadcast receiver was too slow, and `missed` so many values."""

    code = "CHANNEL_LAGGED"
    missed: int = 0


class ChannelSchemaError(KlawError):
    """The channel's schema refuses the value."""

    code = "CHANNEL_SCHEMA"


class ChannelConfigMismatch(KlawError):
    """A channel of that name exists with another configuration."""

    code = "CHANNEL_CONFIG_MISMATCH"


class ChannelNotFound(KlawError):
    """No channel of that name exists in that namespace."""

    code = "CHANNEL_NOT_FOUND"


class ChannelBackendError(KlawError):
    """The engine that holds the channel failed. `unconfirmed` counts the sends whose fate is not known."""

    code = "CHANNEL_BACKEND"
    backend: str = ""
    channel_name: str | None = None
    namespace: str | None = None
    unconfirmed: int = 0


#: Every class, by its code.
ERRORS_BY_CODE: Mapping[str, type[KlawError]] = {
    kind.code: kind for kind in list(globals().values()) if isinstance(kind, type) and issubclass(kind, KlawError)
}
