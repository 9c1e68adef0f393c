"""The connections of an agent, by the ids that their clients have chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from . import hello
from .complaints import Complaints
from .resumable_transport import GRACE, LONGEST_FRAME, ResumableTransport, TransportListener

#: Connections of an agent at a time. A session needs one; more only come about when a client gives up and begins anew.
MOST: Final = 64
#: Seconds for which a client may ask to be kept.
LONGEST_GRACE: Final = 3600


class Connections:
    """Knows who may come, and to whom a lane belongs. Lanes of all kinds share one.

    `serve` is called with the transport of each client that is new, and returns who listens to it. `grace` is for how many seconds a lost
    connection is kept whose client does not say. Beyond `most` connections, new ones are refused.
    """

    def __init__(
        self,
        token: bytes,
        serve: Callable[[ResumableTransport], TransportListener],
        *,
        is_open: Callable[[], bool] = lambda: True,
        longest_frame: int = LONGEST_FRAME,
        grace: float = GRACE,
        most: int = MOST,
    ) -> None:
        if len(token) != hello.TOKEN_LENGTH:
            raise ValueError(f"a token has {hello.TOKEN_LENGTH} bytes, not {len(token)}")
        self.complaints = Complaints()
        self._token = token
        self._serve = serve
        self._is_open = is_open
        self._longest_frame = longest_frame
        self._grace = grace
        self._most = most
        self._known: dict[bytes, ResumableTransport] = {}

    def greet(self, data: bytes) -> tuple[bytes, ResumableTransport | None]:
        """Judges a hello. Returns the answer to it, and what the lane has to carry from then on: None when it is refused.

        Raises `NotHello`.
        """
        judged = self._judge(data)
        if isinstance(judged, int):
            self.complaints.complain(f"status {judged}", f"a client was refused: {hello.REASONS[judged]}")
            return hello.write_answer(judged), None
        return hello.write_answer(hello.WELCOME, judged.received), judged

    def _judge(self, data: bytes) -> ResumableTransport | int:
        asked = hello.read_hello(data, self._token)
        if isinstance(asked, int):
            return asked
        if not self._is_open():
            return hello.ENDING
        known = self._known.get(asked.connection)
        if known is None:
            if asked.resume or asked.received != 0:
                return hello.UNKNOWN_CONNECTION
            if len(self._known) >= self._most:
                return hello.ENDING
            known = self._make(asked)
        elif not asked.resume and known.received > 0:
            # Who has not heard the welcome may ask for it again, but has not said anything yet.
            return hello.UNKNOWN_CONNECTION
        return known if known.resume(asked.received) else hello.UNKNOWN_CONNECTION

    def _make(self, asked: hello.Hello) -> ResumableTransport:
        key = asked.connection
        grace = min(asked.grace, LONGEST_GRACE) or self._grace
        made = ResumableTransport(longest_frame=self._longest_frame, grace=grace)
        made.start(self._serve(made))
        self._known[key] = made
        made.on_over(lambda: cast(None, self._known.pop(key, None)))
        return made
