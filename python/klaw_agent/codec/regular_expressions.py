"""Regular expressions across languages, as far as both have the syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass

_JAVASCRIPT_NAME = re.compile(r"\\k<([A-Za-z_]\w*)>|(\\.)|\(\?<([A-Za-z_]\w*)>", re.DOTALL)
#: What JavaScript does not have, or reads as something else.
_PYTHON_ONLY = re.compile(
    r"(?:\\\\)*\\[AZaU]"  # anchors, bell, long escapes
    r"|\(\?(?![:=!]|<[=!]|P[<=])"  # flags, comments, conditions, atomic groups
    r"|[*+?}]\+"  # possessive quantifiers
    r"|\{,"  # a number left out
    r"|\[\]|\[\^\]"  # a bracket first in a class
)
_PYTHON_NAME = re.compile(r"(\\.)|\(\?P<|\(\?P=(\w+)\)", re.DOTALL)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


@dataclass(frozen=True)
class JavaScriptRegExp:
    """A RegExp that Python has no syntax for."""

    source: str
    flags: str


def pattern_from(source: str, flags: str) -> re.Pattern[str] | JavaScriptRegExp:
    """A pattern of Python's, where it has the syntax."""

    def named(match: re.Match[str]) -> str:
        if match[1] is not None:
            return f"(?P={match[1]})"
        return match[0] if match[3] is None else f"(?P<{match[3]}>"

    bits = 0
    for flag in flags:
        bits |= _FLAGS.get(flag, 0)
    try:
        if "v" in flags:
            raise re.error("nested sets")
        return re.compile(_JAVASCRIPT_NAME.sub(named, source), bits)
    except (re.error, OverflowError, RecursionError):
        return JavaScriptRegExp(source, flags)


def regexp_from(pattern: re.Pattern[str]) -> JavaScriptRegExp | None:
    """Source and flags of a RegExp; None where JavaScript has no such syntax."""
    source = pattern.pattern
    if not isinstance(source, str) or pattern.flags & (re.VERBOSE | re.LOCALE) or _PYTHON_ONLY.search(source):
        return None

    def named(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[0]
        return "(?<" if match[2] is None else f"\\k<{match[2]}>"

    flags = "".join(letter for letter, bit in _FLAGS.items() if pattern.flags & bit)
    return JavaScriptRegExp(_PYTHON_NAME.sub(named, source), flags)
