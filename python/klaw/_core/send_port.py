"""The sending end of a channel at the hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from klaw_agent.errors import ChannelClosed, ChannelFull, ChannelPartialSend, KlawError
from klaw_agent.wire.items import Token

from .client import Client
from .credits import SlotWaiter
from .host import Holding
from .identity import CLOSED_SENDER, NO_RECEIVER, Identity, Kind, Refusal, failing, read_end, refusing
from .messages import Message, encode_message, stored
from .pending import LOCK, Deadline, Pending, Waits
from .sender_stream import Attempt, SenderStream


class Closed(Pending):
    """Waits until nobody receives any more."""

    __slots__ = ("port",)

    def __init__(self, port: SendPort) -> None:
        super().__init__()
        self.port = port

    def leave(self) -> None:
        self.port.watchers.discard(self)


class SendPort:
    """Encodes in the calling thread. Closing keeps what it has promised: sends that wait, and permits, still go."""

    def __init__(self, client: Client, identity: Identity, kind: int = Kind.SENDER) -> None:
        """With the lock held; whoever makes it tells the hub."""
        self.holding = Holding(client, identity)
        self.kind = kind
        self.capacity = identity.capacity
        self.watchers: set[Closed] = set()
        self.receivers = 0
        self._knows_receivers = False
        self._is_open = True
        self._has_left = False
        self._permits = 0
        self._failure: Refusal | None = None
        self.stream = SenderStream(
            client,
            client.next_stream(),
            identity.capacity,
            ended=lambda body: self._fail(read_end(body, NO_RECEIVER)),
            lost=lambda error, unconfirmed: self._fail(failing(self.holding.identity.lost(error, unconfirmed))),
            holders=self._hold,
        )

    @property
    def client(self) -> Client:
        return self.holding.client

    @property
    def is_left(self) -> bool:
        """Whether its holder has closed it."""
        return not self._is_open

    @property
    def is_closed(self) -> bool:
        return not self._is_open or self._failure is not None

    def refusal(self, value: object = None) -> Exception:
        """An error for one operation, with what was not sent; the failure of the hub if that is why."""
        return (self._failure or refusing(CLOSED_SENDER))(value)

    # One message.

    def send_now(self, value: object) -> Message | None:
        """Sends if there is a slot here; else what is to be sent. Raises `ChannelClosed`, `SerializationError`."""
        if self.is_closed:
            raise self.refusal(value)
        message = encode_message(self.client, value)
        if len(message.data) > self.client.threshold:
            return message
        with LOCK:
            if not self.is_closed and self.stream.credits.try_acquire():
                self.stream.commit(message.data, message.tokens)
                return None
        return message

    async def send(self, value: object, deadline: Deadline, waits: Waits) -> None:
        """Waits for room. Raises `ChannelClosed`, `ChannelTimeout`, `SerializationError`."""
        message = self.send_now(value)
        if message is not None:
            await self.send_message(message, value, deadline, waits)

    async def send_message(self, message: Message, value: object, deadline: Deadline, waits: Waits) -> None:
        """As `send`, once `send_now` has found no slot, or the message large."""
        await self._send_all(await self._ready([message], waits), value, deadline, waits)

    async def send_batch(self, values: Sequence[Any], deadline: Deadline, waits: Waits) -> None:
        """All in one go if they fit in the capacity. Raises `ChannelPartialSend` besides."""
        if self.is_closed:
            raise self.refusal(values)
        messages = await self._ready(self._encode_all(values), waits)
        if messages:
            await self._send_all(messages, values, deadline, waits)

    async def try_send(self, values: Sequence[Any], given: object, waits: Waits) -> None:
        """All now, or none. Raises `ChannelFull`, `ChannelClosed`."""
        if self.is_closed:
            raise self.refusal(given)
        messages = await self._ready(self._encode_all(values), waits)
        if not messages or await self._attempt(messages, waits):
            return
        with LOCK:
            closed = self.is_closed
        if closed:
            raise self.refusal(given)
        raise ChannelFull(
            f"the channel has no room for {len(messages)} more; its capacity is {self.capacity}",
            capacity=self.capacity,
            value=given,
        )

    # Permits.

    async def reserve(self, deadline: Deadline, waits: Waits) -> None:
        """A slot is held for whoever called. Raises `ChannelClosed`, `ChannelTimeout`."""
        if self.is_closed:
            raise self.refusal()
        if deadline.is_now:
            if not await self._acquire(1, waits):
                raise self.refusal() if self.is_closed else deadline.error()
        else:
            waiter = SlotWaiter(1)
            try:
                with LOCK:
                    self._park(waiter)
                await waits.wait(waiter, deadline)
                with LOCK:
                    if self.stream.credits.accept(waiter) == 0:
                        raise self.refusal()
                    self._permits += 1
            except BaseException:
                self._leave(waiter)
                raise
            return
        with LOCK:
            self._permits += 1

    def use_permit(self, value: object) -> None:
        """Sends under a slot that is held. Raises `ChannelClosed`; `SerializationError` with the slot still held."""
        message = encode_message(self.client, value)
        message.check_inline()
        with LOCK:
            self._permits -= 1
            try:
                if self._failure is not None:
                    self.client.release(message.tokens)
                    raise self.refusal(value)
                self.stream.commit(message.data, message.tokens)
            finally:
                self.leave_if_done()

    def release_permit(self) -> None:
        with LOCK:
            self._permits -= 1
            self.stream.give_back(1)
            self.leave_if_done()

    # The end itself.

    def clone(self) -> SendPort:
        """Raises `ChannelClosed` when this end is closed."""
        with LOCK:
            if not self._is_open:
                raise self.refusal()
            port = SendPort(self.client, self.holding.identity, self.kind)
            self.holding.attach("sender", port.stream.number)
            return port

    def close(self) -> None:
        with LOCK:
            if self._is_open:
                self._is_open = False
                self._tell_watchers()
                self.leave_if_done()

    async def closed(self, deadline: Deadline, waits: Waits) -> None:
        """Waits until nobody receives any more, or this end is closed. Raises `ChannelTimeout`."""
        with LOCK:
            if self.is_closed:
                return
            if deadline.is_now:
                raise deadline.error()
            waiter = Closed(self)
            self.watchers.add(waiter)
        await waits.wait(waiter, deadline)

    async def receivers_gone(self, deadline: Deadline, waits: Waits) -> None:
        """Of a broadcast or watch: as `closed`, by the number of receivers that the hub last said."""
        with LOCK:
            if self.receivers == 0 and self._knows_receivers:
                return
        await self.closed(deadline, waits)

    def pass_on(self, kept: bool) -> tuple[Token, object]:
        """A clone goes into a value: its token and detail. Raises `ChannelClosed` when this end is closed."""
        if not self._is_open:
            raise self.refusal()
        return self.holding.export(self.kind, kept), self.holding.identity.detail()

    def leave_if_done(self) -> None:
        """Tells the hub that the end is closed, once nothing that was promised room is outstanding. With the lock held."""
        if self._is_open or self._has_left or self._permits > 0 or self.stream.credits.waiting > 0:
            return
        self._has_left = True
        self.stream.close()

    def parked(self, waiter: SlotWaiter) -> None:
        """As a case of a `select`. With the lock held."""
        self._park(waiter)

    async def probe(self, waits: Waits) -> None:
        """Brings a slot here if there is one now."""
        with LOCK:
            known = self.is_closed or self.stream.credits.available > 0
        # What an attempt brings is here as a credit until it is used, or has gone back as surplus.
        if not known and await self._acquire(1, waits):
            with LOCK:
                self.stream.credits.release(1)

    def unparked(self) -> None:
        """Somebody has left the line. With the lock held."""
        self.stream.withdraw()
        self.leave_if_done()

    # Inside.

    def _encode_all(self, values: Sequence[Any]) -> list[Message]:
        messages: list[Message] = []
        try:
            # What was encoded before one that can not be is in the list.
            messages.extend(encode_message(self.client, value) for value in values)
        except BaseException:
            self._let_go(messages)
            raise
        return messages

    async def _ready(self, messages: list[Message], waits: Waits) -> list[Message]:
        """Large ones lie in Ray's store before anything of them is sent."""
        try:
            for index, message in enumerate(messages):
                if len(message.data) > self.client.threshold:
                    messages[index] = await stored(self.client, message, waits)
                else:
                    message.check_inline()
        except BaseException:
            self._let_go(messages)
            raise
        return messages

    async def _send_all(self, messages: list[Message], given: Any, deadline: Deadline, waits: Waits) -> None:
        if deadline.is_now:
            if not await self._attempt(messages, waits):
                raise self.refusal(given) if self.is_closed else deadline.error()
            return
        count = len(messages)
        waiter = SlotWaiter(count, 1 if count > self.capacity else None)
        sent = 0
        try:
            with LOCK:
                if self.is_closed:
                    raise self.refusal(given)
                if count > 1 and self.stream.credits.available < count:
                    # Credits that lie about here could be what another sender's batch waits for.
                    self.stream.return_idle()
                self._park(waiter)
            while sent < count:
                await waits.wait(waiter, deadline)
                with LOCK:
                    granted = self.stream.credits.accept(waiter)
                    if granted == 0:
                        raise self.refusal(given[sent:] if count > 1 else given)
                    for message in messages[sent : sent + granted]:
                        self.stream.commit(message.data, message.tokens)
                    sent += granted
                    self.leave_if_done()
        except BaseException as error:
            self._leave(waiter)
            self._let_go(messages[sent:])
            if sent == 0 or isinstance(error, ChannelClosed) or not isinstance(error, KlawError):
                raise
            unsent = list(given[sent:])
            raise ChannelPartialSend(
                f"{sent} values of the batch were sent, {len(unsent)} were not", sent=sent, unsent=unsent, cause=error
            ) from error

    async def _attempt(self, messages: list[Message], waits: Waits) -> bool:
        try:
            acquired = await self._acquire(len(messages), waits)
        except BaseException:
            self._let_go(messages)
            raise
        if not acquired:
            self._let_go(messages)
            return False
        with LOCK:
            for message in messages:
                self.stream.commit(message.data, message.tokens)
        return True

    async def _acquire(self, count: int, waits: Waits) -> bool:
        """Slots now, or none."""
        with LOCK:
            attempt = self.stream.attempt(count)
        if not isinstance(attempt, Attempt):
            return attempt
        await waits.wait(attempt, Deadline(None, "send"))
        with LOCK:
            return self.stream.attempted(attempt, count)

    def _park(self, waiter: SlotWaiter) -> None:
        self.stream.credits.park(waiter)
        if not waiter.is_settled:
            self.stream.ask()

    def _leave(self, waiter: SlotWaiter) -> None:
        """Slots that the waiter was promised and has not used go to the next, or back."""
        with LOCK:
            waiter.leave()
            self.unparked()

    def _let_go(self, messages: Sequence[Message]) -> None:
        tokens = [token for message in messages for token in message.tokens]
        if tokens:
            with LOCK:
                self.client.release(tokens)

    def _hold(self, count: int) -> None:
        self.receivers = count
        self._knows_receivers = True
        if count == 0 and self.kind != Kind.SENDER:
            self._tell_watchers()

    def _fail(self, failure: Refusal) -> None:
        if self._failure is None:
            self._failure = failure
            self.stream.credits.close()
            self._tell_watchers()

    def _tell_watchers(self) -> None:
        watchers, self.watchers = self.watchers, set()
        for watcher in watchers:
            watcher.settle()
