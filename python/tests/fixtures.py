"""The golden files, which TypeScript reads too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FIXTURES = Path(__file__).parents[2] / "test" / "fixtures"


def golden(kind: str) -> dict[str, dict[str, Any]]:
    """The descriptions of `values` or `frames`, by name."""
    described = json.loads((_FIXTURES / kind / f"{kind}.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in described}


def golden_bytes(kind: str, name: str) -> bytes:
    return (_FIXTURES / kind / f"{name}.bin").read_bytes()
