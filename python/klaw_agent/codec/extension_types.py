"""The MessagePack extension types of klaw. The numbers are part of the wire format (`docs/values.md`)."""

from __future__ import annotations

from typing import Final

TIMESTAMP: Final = -1
SPECIAL: Final = 0
DEFINITION: Final = 1
REFERENCE: Final = 2
BIGINT: Final = 3
UTF16: Final = 4
MAP: Final = 5
SET: Final = 6
REGEXP: Final = 7
BOXED: Final = 8
ERROR: Final = 9
BINARY: Final = 10
VIEW: Final = 11
ATTACHMENT: Final = 12
SPARSE_ARRAY: Final = 13
HANDLE: Final = 14
CUSTOM: Final = 15
ND_ARRAY: Final = 32
LOCAL_DATE_TIME: Final = 33
DECIMAL: Final = 34
UUID: Final = 35
PYTHON_OBJECT: Final = 36

#: Payloads of SPECIAL.
UNDEFINED: Final = 0
HOLE: Final = 1
INVALID_DATE: Final = 2
