"""What goes wrong with Ray, as the errors that both languages know."""

from __future__ import annotations

import functools
import re
from typing import Any

import ray.exceptions

from .. import errors, javascript_error
from ..errors import ActorDiedError, KlawError, RayError, TaskCancelledError
from ..javascript_error import JavaScriptError
from .describe import TYPESCRIPT_MODULES

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def as_klaw_error(error: BaseException) -> BaseException:
    """The error to send: Ray's own and klaw's as they are, and anything else as the cause of a RayError."""
    if isinstance(error, KlawError):
        return error
    if isinstance(error, ray.exceptions.RayTaskError):
        cause = getattr(error, "cause", None)
        if isinstance(cause, ray.exceptions.TaskCancelledError):
            return TaskCancelledError(plain(cause), cause=cause.__cause__)
        if isinstance(cause, RayError) and not _was_thrown(error, cause):
            # Ours: nothing ran, since an object that it was to be given had failed before Ray knew of it, or since it had nothing to run in.
            return cause
        return error
    if isinstance(error, ray.exceptions.ActorDiedError):
        # Ray's text repeats the whole traceback of the constructor, in colours; the cause has it all.
        cause = error.__cause__
        fields = {} if error.actor_id is None else {"actor_id": str(error.actor_id)}
        if isinstance(cause, ray.exceptions.RayTaskError):
            origin = cause.cause if isinstance(cause.cause, BaseException) else cause
            message = f"the actor could not be created: {_summary(origin)}"
            return ActorDiedError(message, cause=origin, **fields)
        return ActorDiedError(plain(error), **fields)
    if isinstance(error, ray.exceptions.RayError):
        return error
    return wrap(error)


def _was_thrown(error: Any, cause: RayError) -> bool:
    """Whether a task in TypeScript has thrown this: then it was made there, and says where."""
    return cause.stack is not None and str(error.function_name).startswith(tuple(TYPESCRIPT_MODULES))


def wrap(error: BaseException, what: str = "") -> RayError:
    """A RayError around an exception that is none of Ray's."""
    text = _summary(error)
    return RayError(f"{what}: {text}" if what else text, cause=error)


def plain(error: BaseException) -> str:
    """The message, without the colours that Ray gives it; never raises."""
    try:
        return _COLOURS.sub("", str(error))
    except Exception as failure:
        return f"<its message raised {type(failure).__name__}>"


def _summary(error: BaseException) -> str:
    """Class and message. Those of an error of JavaScript are its own."""
    if isinstance(error, JavaScriptError):
        return plain(error)
    return f"{type(error).__name__}: {plain(error)}".removesuffix(": ")


def cause_of(error: object, *kinds: type[BaseException]) -> BaseException | None:
    """The user's exception inside of a RayTaskError if it is one of those kinds."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(error, ray.exceptions.RayTaskError) and isinstance(cause, kinds) else None


@functools.cache
def send_errors_whole() -> None:
    """Has the classes of our errors travel with them: the workers of the cluster do not have this package. Once a process."""
    ray.cloudpickle.register_pickle_by_value(errors)
    ray.cloudpickle.register_pickle_by_value(javascript_error)


@functools.cache
def keep_causes() -> None:
    """Has Ray's ActorDiedError keep what its constructor is given: by itself it keeps only a text of it. Once a process."""
    initialize = ray.exceptions.ActorDiedError.__init__

    @functools.wraps(initialize)
    def keep(self: Any, cause: Any = None) -> None:
        initialize(self, cause)
        if isinstance(cause, ray.exceptions.RayTaskError):
            self.__cause__ = cause

    ray.exceptions.ActorDiedError.__init__ = keep
