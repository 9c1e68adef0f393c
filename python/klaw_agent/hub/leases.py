"""The handles of channels that are under way inside values."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from ..wire.items import Token
from .claims import Claims
from .deadlines import Deadlines
from .leasable import Leasable
from .session import Session
from .sides import Estate

if TYPE_CHECKING:
    from .entry import Entry

#: Seconds that a handle inside one of Ray's values holds its channel without having been claimed, and after its session has ended.
KEPT_TIME: Final = 600.0
ORPHAN_TIME: Final = 30.0
#: So many tokens are remembered that can be claimed once more. Claims of older ones have to say which channel they mean.
_MOST_SPENT: Final = 100_000


class Transit:
    """A token that holds what it stands for."""

    __slots__ = ("kept", "resource")

    def __init__(self, resource: Leasable | None, kept: bool) -> None:
        #: A side of a channel; None: something of the estate's.
        self.resource = resource
        #: It stands in a value of Ray's, so that nobody will say when it has been read for the last time.
        self.kept = kept


class Leases:
    """
    Which tokens hold what.

    A token is made by the session that encodes the handle and holds the channel until it is released: by the hub when the item that
    carries it is done with, by whoever could not send it after all, or by the end of its session if it was in no item that the hub has
    accepted. A *kept* one holds it until it is claimed for the first time, or for as long as its times say, and can be claimed again
    as long as the channel lives.
    """

    def __init__(
        self, claims: Claims, estate: Estate, *, kept_time: float = KEPT_TIME, orphan_time: float = ORPHAN_TIME
    ) -> None:
        self._claims = claims
        self._estate = estate
        claims.absent = lambda origin: estate.session_ended(origin, ())
        self._transits: dict[Token, Transit] = {}
        #: Kept tokens that hold nothing any more, the oldest first.
        self._spent: dict[Token, Leasable] = {}
        #: Numbers of tokens that hold something, or stand in items, by the session that made them.
        self._held: dict[int, set[int]] = {}
        self._accepted: dict[int, set[int]] = {}
        self._unclaimed = Deadlines[Token](kept_time, self._spend)
        self._orphans = Deadlines[Token](orphan_time, self._spend)
        #: To be released, while a release is under way.
        self._releasing: deque[Token] | None = None

    def export(self, session: Session, token: Token, resource: Leasable | None, kept: bool) -> None:
        """A handle goes into a value; without a resource it is one of the estate's. Claims that came before it are carried out."""
        number = token[1]
        if token not in self._transits and token not in self._spent:
            if resource is not None:
                resource.retain()
            self._transits[token] = Transit(resource, kept)
            self._held.setdefault(session.origin, set()).add(number)
            if kept:
                self._unclaimed.add(token)
        session.exported = max(session.exported, number)
        self._claims.exported(session, self._try_claim)

    def claim(self, session: Session, token: Token, stream: int, otherwise: Leasable | None = None) -> None:
        """The handle has arrived, and `stream` is the new end, of `otherwise` if the token is no longer known."""
        if not self._try_claim(session, token, stream):
            self._claims.park(session, token, stream, otherwise)

    def accept(self, tokens: Iterable[Token], carrier: Entry) -> None:
        """They stand in an item that the channel `carrier` has accepted, and are released with it."""
        for token in tokens:
            self._accepted.setdefault(token[0], set()).add(token[1])
            transit = self._transits.get(token)
            if transit is not None and transit.resource is not None and not transit.kept:
                transit.resource.carry(token, carrier)

    def release(self, tokens: Sequence[Token]) -> None:
        """They are needed no more. Idempotent."""
        if self._releasing is not None:
            # A channel was let go, and with it its items. One after the other: a chain of them could be long.
            self._releasing.extend(tokens)
            return
        self._releasing = releasing = deque(tokens)
        others = []
        try:
            while releasing:
                token = releasing.popleft()
                if not self._release(token):
                    others.append(token)
        finally:
            self._releasing = None
        if others:
            self._estate.release(others)

    def forget(self, resource: Leasable) -> None:
        """It is gone, and can not be claimed any more."""
        for token in resource.spent:
            self._spent.pop(token, None)
        resource.spent.clear()

    def session_ended(self, session: Session) -> None:
        """Releases what only the session could have sent on."""
        origin = session.origin
        accepted = frozenset(self._accepted.get(origin, ()))
        unsent = []
        for number in sorted(self._held.get(origin, ())):
            token = (origin, number)
            if self._transits[token].kept:
                self._unclaimed.remove(token)
                self._orphans.add(token)
            elif number not in accepted:
                unsent.append(token)
        self.release(unsent)
        self._claims.session_ended(session)
        self._estate.session_ended(origin, accepted)

    def expects(self, token: Token) -> bool:
        """Whether the token is needed: it stands in an item, or was exported and not released, or may yet be exported."""
        is_accepted = token[1] in self._accepted.get(token[0], ())
        return is_accepted or token in self._transits or self._claims.expects(token)

    @property
    def size(self) -> int:
        """How many tokens hold something."""
        return len(self._transits)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is remembered."""
        return not (self._transits or self._spent or self._held or self._accepted)

    def _try_claim(self, session: Session, token: Token, stream: int) -> bool:
        """False when the token stands for nothing, or not yet."""
        transit = self._transits.get(token)
        resource = self._spent.get(token) if transit is None else transit.resource
        if resource is None:
            return False
        resource.claim(session, stream)
        # Only now, so that there is no moment in which nobody holds it.
        if transit is not None and transit.kept:
            self._spend(token)
        return True

    def _spend(self, token: Token) -> None:
        """A kept token no longer holds anything, but can still be claimed."""
        transit = self._transits.pop(token)
        resource = transit.resource
        if resource is not None and not resource.is_gone:
            self._spent[token] = resource
            resource.spent.add(token)
            if len(self._spent) > _MOST_SPENT:
                oldest = next(iter(self._spent))
                self._spent.pop(oldest).spent.discard(oldest)
        self._let_go(token, transit)

    def _release(self, token: Token) -> bool:
        """False when it is not a token of a channel's."""
        _discard(self._accepted, token)
        transit = self._transits.pop(token, None)
        if transit is not None:
            self._let_go(token, transit)
            return transit.resource is not None
        resource = self._spent.pop(token, None)
        if resource is None:
            return False
        resource.spent.discard(token)
        return True

    def _let_go(self, token: Token, transit: Transit) -> None:
        _discard(self._held, token)
        if transit.kept:
            self._unclaimed.remove(token)
            self._orphans.remove(token)
        if transit.resource is not None:
            transit.resource.drop(token)
            transit.resource.release()


def _discard(numbers: dict[int, set[int]], token: Token) -> None:
    of_origin = numbers.get(token[0])
    if of_origin is None:
        return
    of_origin.discard(token[1])
    if not of_origin:
        del numbers[token[0]]
