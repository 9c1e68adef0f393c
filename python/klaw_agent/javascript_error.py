"""An error of JavaScript as a Python exception."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


class JavaScriptError(Exception):
    """What TypeScript threw: the class's `name`, the `message`, and the `stack` of that side."""

    def __init__(
        self,
        name: str,
        message: str,
        stack: str | None = None,
        *,
        class_name: str = "Error",
        code: object = None,
    ) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
        self.stack = stack
        #: The standard class that the error is an instance of, as `docs/values.md` lists them.
        self.class_name = class_name
        #: The code in the head of an error of klaw's that is newer than this package.
        self.code = code
        #: What the error keeps beside: `cause`, `errors`, `error`, `suppressed`.
        self.hidden: dict[str, Any] = {}
        #: Its own enumerable properties.
        self.properties: dict[str, Any] = {}
        if stack:
            # Printed by tracebacks from Python 3.11 on.
            self.__notes__ = [stack]

    def set_hidden(self, key: str, value: object) -> None:
        """Keeps a hidden field; a cause that is an exception becomes Python's own cause."""
        self.hidden[key] = value
        if key == "cause" and isinstance(value, BaseException):
            self.__cause__ = value

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.message else self.name

    def __reduce__(self) -> tuple[Callable[..., BaseException], tuple[Any, ...]]:
        fields = (self.name, self.message, self.stack, self.class_name, self.code, self.hidden, self.properties)
        return _restore, fields


def _restore(
    name: str,
    message: str,
    stack: str | None,
    class_name: str,
    code: object,
    hidden: dict[str, Any],
    properties: dict[str, Any],
) -> JavaScriptError:
    # Where this package is, the class is its own, and not a copy that has come along with the error.
    known = sys.modules.get("klaw_agent.javascript_error")
    kind = JavaScriptError if known is None else known.JavaScriptError
    error: JavaScriptError = kind(name, message, stack, class_name=class_name, code=code)
    for key, value in hidden.items():
        error.set_hidden(key, value)
    error.properties.update(properties)
    return error
