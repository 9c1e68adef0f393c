"""References of Ray's inside messages: the hub's process holds them under the tokens that stand for them there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from .errors import ChannelBackendError, KlawError, OwnerDiedError
from .hub.deadlines import Deadlines
from .wire.items import Token

#: Seconds for which a reference can be borrowed, or may still be adopted, after its item was taken: messages do not wait for Ray.
LINGERING: Final = 30.0

#: What was adopted, and whether that is a large message itself, and no reference in one. A list, in which Ray leaves a reference as it is.
#: Or, encoded as a value, the error because of which there is none.
Reference = list[Any] | bytes


class _Place:
    """What a token stands for, and who waits for it."""

    __slots__ = ("is_promised", "is_released", "lends", "looks", "reference", "was_lent")

    def __init__(self) -> None:
        self.reference: Reference | None = None
        self.is_released = False
        self.was_lent = False
        #: It comes when what it stands for has a value, which may be any time.
        self.is_promised = False
        self.lends: list[asyncio.Future[Reference]] = []
        #: Who wants to know whether it is there, or was promised.
        self.looks: list[asyncio.Future[bool]] = []

    @property
    def is_over(self) -> bool:
        """Whether nobody can want it any more: a large message that has been borrowed and taken."""
        return self.is_released and self.was_lent and isinstance(self.reference, list) and self.reference[1] is True

    @property
    def is_awaited(self) -> bool:
        """Whether it was promised, and has not come."""
        return self.is_promised and self.reference is None

    def settle(self, outcome: Reference | KlawError) -> None:
        self.tell(True)
        lends, self.lends = self.lends, []
        for lend in lends:
            if lend.done():
                continue
            if isinstance(outcome, KlawError):
                lend.set_exception(outcome)
            else:
                lend.set_result(outcome)

    def tell(self, is_there: bool) -> None:
        looks, self.looks = self.looks, []
        for look in looks:
            if not look.done():
                look.set_result(is_there)


class Estate:
    """Holds what was adopted until the hub lets go of its token, and a little longer. Lives on the hub's event loop.

    `expects` says whether a token is still needed, or may yet be.
    """

    def __init__(self, expects: Callable[[Token], bool], *, lingering: float = LINGERING) -> None:
        self._expects = expects
        #: By origin and number.
        self._places: dict[int, dict[int, _Place]] = {}
        self._lingering = Deadlines[Token](lingering, self._drop)

    def __len__(self) -> int:
        return sum(map(len, self._places.values()))

    def adopt(self, token: Token, reference: Reference) -> None:
        """Holds the reference from now on. Raises `ChannelBackendError` when nobody can ask for it any more."""
        place = self._place(token)
        place.reference = reference
        place.settle(reference)
        if place.is_over:
            self._drop(token)
        elif place.is_promised and place.is_released:
            self._lingering.add(token)

    def promise(self, token: Token) -> None:
        """The reference will come, at any time, unless its session ends. Raises `ChannelBackendError` when nobody can ask for it any more."""
        place = self._place(token)
        if place.reference is not None:
            return
        place.is_promised = True
        self._lingering.remove(token)
        place.tell(False)

    async def is_there(self, token: Token) -> bool:
        """Whether a lend would be answered now, and not when what it refers to has a value. Waits until that is known. Raises
        `ChannelBackendError` when nobody can ask for it any more."""
        place = self._place(token)
        if place.reference is not None or place.is_promised:
            return place.reference is not None
        look: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        place.looks.append(look)
        return await look

    async def lend(self, token: Token) -> Reference:
        """What was adopted under the token; waits for it. Raises `ChannelBackendError` when that is gone, or can not come any more."""
        place = self._place(token)
        place.was_lent = True
        if place.reference is not None:
            reference = place.reference
            if place.is_over:
                self._drop(token)
            return reference
        lend: asyncio.Future[Reference] = asyncio.get_running_loop().create_future()
        place.lends.append(lend)
        try:
            return await lend
        finally:
            if lend in place.lends:
                place.lends.remove(lend)

    # What the hub calls.

    def release(self, tokens: Sequence[Token]) -> None:
        """The items with these tokens were taken, or dropped."""
        for token in tokens:
            place = self._places.setdefault(token[0], {}).setdefault(token[1], _Place())
            if place.is_released:
                continue
            place.is_released = True
            if place.is_over:
                self._drop(token)
            elif not place.is_awaited:
                self._lingering.add(token)

    def session_ended(self, origin: int, accepted: Collection[int]) -> None:
        """Of the tokens that the session has made, only those with these numbers are still in items. What is not there by now does not
        come any more."""
        places = self._places.get(origin, {})
        for number, place in list(places.items()):
            if place.is_awaited:
                self._drop((origin, number), OwnerDiedError("the process that was to make the object has ended"))
            elif number not in accepted and not (place.is_released and place.reference is not None):
                self._drop((origin, number))

    def close(self) -> None:
        """Lets go of everything; whoever waits is told."""
        for token in list(self._tokens()):
            self._drop(token)

    # Inside.

    def _place(self, token: Token) -> _Place:
        origin, number = token
        place = self._places.get(origin, {}).get(number)
        if place is not None:
            return place
        if not self._expects(token):
            raise _gone()
        place = self._places.setdefault(origin, {})[number] = _Place()
        return place

    def _drop(self, token: Token, reason: KlawError | None = None) -> None:
        origin, number = token
        places = self._places[origin]
        place = places.pop(number)
        if not places:
            del self._places[origin]
        self._lingering.remove(token)
        place.settle(reason or _gone())

    def _tokens(self) -> Iterator[Token]:
        for origin, places in self._places.items():
            for number in places:
                yield origin, number


def _gone() -> ChannelBackendError:
    return ChannelBackendError(
        "what the message refers to is gone: it was dropped, was taken long ago, or its sender, or the hub, has ended before it was handed over"
    )
