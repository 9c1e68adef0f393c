"""Errors of TypeScript as exceptions of Python, and the other way round."""

from __future__ import annotations

import builtins
import traceback
from typing import Any, NamedTuple

from ..errors import ERRORS_BY_CODE, KlawError
from ..javascript_error import JavaScriptError
from .python_objects import type_name_of

#: Ray's exceptions and what they are called here, where the names differ.
_RAY_CODES = {
    kind.__name__: code
    for code, kind in ERRORS_BY_CODE.items()
    if code.startswith(("RAY", "ACTOR", "WORKER", "OUT_OF", "TASK", "PENDING", "OBJECT", "OWNER", "GET", "QUEUE"))
}
_RAY_MODULES = ("ray.exceptions", "ray.util.queue")
_STANDARD = {TypeError: "TypeError", SyntaxError: "SyntaxError", RecursionError: "RangeError"}
#: How the modules of functions in TypeScript begin, as Ray knows them.
_TYPESCRIPT = ("typescript:", "typescript async:")
_HIDDEN = ("cause", "errors", "error", "suppressed")
_LONGEST_TRACEBACK = 64 * 1024


class ErrorValue(NamedTuple):
    """An error as it travels."""

    class_name: str
    code: object
    name: str
    message: str
    stack: object
    hidden: dict[str, Any]
    properties: dict[str, Any]


def make_error(head: list[Any]) -> BaseException:
    """Makes the exception that the head of an error describes; hidden fields and properties come later."""
    class_name, code, name, message, stack = head
    if not (isinstance(class_name, str) and isinstance(name, str) and isinstance(message, str)):
        raise ValueError("an error needs a class, a name and a message")
    stack = stack if isinstance(stack, str) else None
    kind = ERRORS_BY_CODE.get(code) if class_name == "KlawError" and isinstance(code, str) else None
    if kind is None:
        return JavaScriptError(name, message, stack, class_name=class_name, code=code)
    error = kind(message, stack=stack)
    error.name = name
    return error


def set_hidden(error: BaseException, key: str, value: object) -> None:
    """Sets one of the fields that TypeScript keeps out of logs."""
    if isinstance(error, JavaScriptError):
        error.set_hidden(key, value)
    elif isinstance(error, KlawError) and key == "cause":
        error.cause = value
        if isinstance(value, BaseException):
            error.__cause__ = value


def set_property(error: BaseException, key: str, value: object) -> None:
    """Sets an own property."""
    if isinstance(error, JavaScriptError):
        error.properties[key] = value
    elif isinstance(error, KlawError):
        error.set_property(key, value)


def describe_error(error: BaseException) -> ErrorValue:
    """What TypeScript is told of an exception."""
    if isinstance(error, JavaScriptError):
        hidden = {key: error.hidden[key] for key in _HIDDEN if key in error.hidden}
        if "cause" not in hidden and error.__cause__ is not None:
            hidden["cause"] = error.__cause__
        return ErrorValue(
            error.class_name, error.code, error.name, error.message, error.stack, hidden, dict(error.properties)
        )
    hidden = _hidden_of(error)
    if isinstance(error, KlawError):
        if error.cause is not None:
            hidden["cause"] = error.cause
        stack = error.stack or _stack_of(error)
        return ErrorValue("KlawError", type(error).code, error.name, error.message, stack, hidden, dict(error.fields))
    properties: dict[str, Any] = {"pythonType": type_name_of(error)}
    ray_kind = _ray_class_of(error)
    if ray_kind is not None:
        return _describe_ray_error(error, ray_kind, hidden, properties)
    properties.update(_attributes_of(error))
    standard = next((name for kind, name in _STANDARD.items() if isinstance(error, kind)), "Error")
    if "errors" in hidden:
        standard = "AggregateError"
    return ErrorValue(standard, None, type(error).__name__, _message_of(error), _stack_of(error), hidden, properties)


def _describe_ray_error(
    error: Any, kind: type[BaseException], hidden: dict[str, Any], properties: dict[str, Any]
) -> ErrorValue:
    name = kind.__name__
    code = _RAY_CODES.get(name, "RAY")
    # Not that of the class which Ray makes of it and its cause.
    properties["pythonType"] = f"{kind.__module__}.{name}"
    stack, message = _stack_of(error), _message_of(error)
    if name == "RayTaskError":
        cause = getattr(error, "cause", None)
        if isinstance(cause, BaseException):
            hidden["cause"] = cause
            message = _task_failure(getattr(error, "function_name", "a task"), cause)
        remote = getattr(error, "traceback_str", None)
        stack = remote if isinstance(remote, str) and remote else stack
    for attribute, property_name in (("actor_id", "actorId"), ("object_ref_hex", "objectId")):
        value = getattr(error, attribute, None)
        if isinstance(value, str):
            properties[property_name] = value
    return ErrorValue("KlawError", code, ERRORS_BY_CODE[code].__name__, message, stack, hidden, properties)


def _task_failure(function: str, cause: BaseException) -> str:
    summary = f"{type(cause).__name__}: {_message_of(cause)}".removesuffix(": ")
    if function.startswith(_TYPESCRIPT):
        # As on an engine where there is no Python between.
        thrown = str(cause) if isinstance(cause, JavaScriptError) else summary
        return f"task {function.rpartition('.')[2]} threw {thrown}"
    return f"{function} failed: {summary}"


def _ray_class_of(error: BaseException) -> type[BaseException] | None:
    """The nearest of Ray's own classes that has a class here, else the nearest of Ray's."""
    ray_classes = [kind for kind in type(error).__mro__ if kind.__module__ in _RAY_MODULES]
    return next((kind for kind in ray_classes if kind.__name__ in _RAY_CODES), ray_classes[0] if ray_classes else None)


def _hidden_of(error: BaseException) -> dict[str, Any]:
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    hidden: dict[str, Any] = {} if cause is None else {"cause": cause}
    group = getattr(builtins, "BaseExceptionGroup", None)
    if group is not None and isinstance(error, group):
        hidden["errors"] = list(error.exceptions)
    return hidden


def _attributes_of(error: BaseException) -> dict[str, Any]:
    """The attributes that the exception's author gave it, as far as they are plain."""
    plain = (str, int, float, bool, type(None))
    return {
        key: value
        for key, value in getattr(error, "__dict__", {}).items()
        if type(value) in plain and not key.startswith("_")
    }


def _message_of(error: BaseException) -> str:
    if isinstance(error, KeyError) and len(error.args) == 1 and isinstance(error.args[0], str):
        # `str` would give its repr.
        return error.args[0]
    try:
        return str(error)
    except Exception as failure:
        return f"<an exception whose message raised {type(failure).__name__}>"


def _stack_of(error: BaseException) -> str:
    """The traceback, without those of causes, which travel with their own."""
    if error.__traceback__ is None and isinstance(error, KlawError):
        return f"{error.name}: {error.message}"
    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__, chain=False)).rstrip("\n")
    except Exception:
        # Formatting calls the exception's own methods.
        text = f"{type_name_of(error)}: {_message_of(error)}"
    return (
        text
        if len(text) <= _LONGEST_TRACEBACK
        else f"{text[: _LONGEST_TRACEBACK // 2]}\n…\n{text[-_LONGEST_TRACEBACK // 2 :]}"
    )
