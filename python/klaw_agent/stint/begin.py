"""What Ray gets for a stint in a process that may not have this package. The text of this module travels inside a pickle
(`gateway/stints/shipped.py`): it imports nothing of the package."""

from __future__ import annotations

from typing import Any


def begin(actor: Any, sources: Any, *arguments: Any) -> Any:
    """As `serving.serve`, of the package that `sources` brings."""
    return sources.load("klaw_agent.stint.serving").serve(actor, *arguments)
