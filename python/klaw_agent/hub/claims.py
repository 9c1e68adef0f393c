"""Claims of tokens that stand for nothing here, or not yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..errors import ChannelClosed
from ..wire.items import Token
from .deadlines import Deadlines
from .leasable import Leasable
from .parked_claim import ParkedClaim
from .session import Session
from .sides import write_ended

#: Seconds that a session has to come since somebody has asked for what is its own: its client may be about to connect, or may have been one
#: of the hub that was there before, and never come.
STRANGER_TIME: Final = 30.0
#: So many sessions that have ended are remembered, so that nobody waits for them.
_MOST_ENDED: Final = 100_000

#: Carries a claim out, if the token stands for something now.
TryClaim = Callable[[Session, Token, int], bool]


class Claims:
    """
    A handle that has gone along another way can arrive before the hub knows of it. The tokens of a session are exported in order, so the
    hub knows which are still to come: their claims are parked.
    """

    def __init__(self, sessions: Mapping[int, Session], *, stranger_time: float = STRANGER_TIME) -> None:
        #: Told the origin of a session that has not come.
        self.absent: Callable[[int], None] = lambda _origin: None
        self._sessions = sessions
        self._ended: dict[int, None] = {}
        self._parked: dict[int, dict[ParkedClaim, None]] = {}
        #: By origin.
        self._strangers = Deadlines[int](stranger_time, self._has_not_come)

    def park(self, session: Session, token: Token, stream: int, otherwise: Leasable | None) -> None:
        """The token stands for nothing now. Its claim waits if it may yet come; else it is a claim of `otherwise`."""
        if not self.expects(token):
            _claim_otherwise(session, stream, otherwise)
            return
        claim = ParkedClaim(session, token, stream, otherwise, self._forget)
        self._parked.setdefault(token[0], {})[claim] = None

    def exported(self, session: Session, try_claim: TryClaim) -> None:
        """The session has exported another token."""
        for claim in list(self._parked.get(session.origin, ())):
            if claim.token[1] <= session.exported:
                self._resolve(claim, try_claim)

    def session_opened(self, session: Session) -> None:
        """Its origin may have belonged to another one before."""
        self._ended.pop(session.origin, None)
        self._strangers.remove(session.origin)

    def session_ended(self, session: Session) -> None:
        """Nothing more will be exported by it."""
        self._end(session.origin)

    def expects(self, token: Token) -> bool:
        """Whether the token may yet be exported. A session that nobody knows has its time to come from the first such question on."""
        origin, number = token
        exporter = self._sessions.get(origin)
        if exporter is not None:
            return number > exporter.exported
        if origin in self._ended:
            return False
        if origin not in self._strangers:
            self._strangers.add(origin)
        return True

    @property
    def size(self) -> int:
        """How many claims are parked."""
        return sum(map(len, self._parked.values()))

    def _resolve(self, claim: ParkedClaim, try_claim: TryClaim | None) -> None:
        self._forget(claim)

        def attach() -> None:
            if try_claim is None or not try_claim(claim.session, claim.token, claim.stream):
                _claim_otherwise(claim.session, claim.stream, claim.otherwise)

        claim.resolve(attach)

    def _has_not_come(self, origin: int) -> None:
        self._end(origin)
        self.absent(origin)

    def _end(self, origin: int) -> None:
        self._ended[origin] = None
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        for claim in list(self._parked.get(origin, ())):
            self._resolve(claim, None)

    def _forget(self, claim: ParkedClaim) -> None:
        origin = claim.token[0]
        of_origin = self._parked.get(origin)
        if of_origin is None:
            return
        of_origin.pop(claim, None)
        if not of_origin:
            del self._parked[origin]


def _claim_otherwise(session: Session, stream: int, otherwise: Leasable | None) -> None:
    if otherwise is not None:
        otherwise.claim(session, stream)
        return
    # The value was dropped meanwhile; whoever uses the end must not wait for ever.
    error = ChannelClosed("the handle was let go before it arrived")
    write_ended(session.connection, stream, error)
