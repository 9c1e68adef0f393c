"""A pipe of bytes to the client, until it breaks."""

from __future__ import annotations

from typing import Protocol


class Lane(Protocol):
    """Takes pieces from the transport that it carries, and brings it what comes."""

    def pump(self) -> None:
        """Takes as many pieces as the lane can carry now: there may be some."""
        ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def end(self) -> None:
        """Ends after what was taken. The transport hears when it is gone."""
        ...

    def abort(self) -> None:
        """Ends at once, whatever is under way. The transport has let go of it."""
        ...
