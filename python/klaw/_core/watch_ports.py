"""The ends of a watch at the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klaw_agent.errors import ChannelClosed
from klaw_agent.wire.items import Token

from .client import Client
from .host import Holding
from .identity import CLOSED_RECEIVER, NO_SENDER, Identity, Kind, refusing
from .messages import Arrival
from .pending import LOCK, Deadline, Waits
from .send_port import SendPort
from .watch_replica import Image, WatchReplica


class WatchSendPort:
    """Sends by asking the hub to store, and follows the value like a receiver."""

    def __init__(self, client: Client, identity: Identity, arrive: Arrival, image: Image | None = None) -> None:
        """With the lock held; whoever makes it tells the hub."""
        self.port = SendPort(client, identity, Kind.WATCH_SENDER)
        self.replica = WatchReplica(self.port.holding, arrive, image)
        self._arrive = arrive

    @property
    def client(self) -> Client:
        return self.port.client

    @property
    def holding(self) -> Holding:
        return self.port.holding

    @property
    def is_closed(self) -> bool:
        return self.port.is_closed

    @property
    def receivers(self) -> int:
        return self.port.receivers

    def borrow(self) -> Any:
        if self.is_closed:
            raise self.port.refusal()
        return self.replica.value()

    async def send(self, value: object, waits: Waits) -> None:
        """Raises `ChannelClosed`, `SerializationError`."""
        if self.is_closed:
            raise self.port.refusal(value)
        try:
            # The answer brings this end's own view up to date, so that what was sent can be borrowed.
            await self.replica.store(None, value, waits, Deadline(None, "send"))
        except ChannelClosed as error:
            raise ChannelClosed(error.message, value=value) from error

    async def update(self, change: Callable[[Any], object], waits: Waits) -> None:
        while True:
            if self.is_closed:
                raise self.port.refusal()
            version = self.replica.version
            changed = change(self.replica.value())
            if await self.replica.store(version, changed, waits, Deadline(None, "update")):
                return
            # Somebody else was faster; what the value is now is on its way.
            await self.replica.changed(version, waits, Deadline(None, "update"))

    async def subscribe(self, waits: Waits) -> WatchReceivePort:
        if self.is_closed:
            raise self.port.refusal()
        return await subscribe_watch(self.holding, self._arrive, waits)

    async def closed(self, deadline: Deadline, waits: Waits) -> None:
        await self.port.receivers_gone(deadline, waits)

    def clone(self) -> WatchSendPort:
        with LOCK:
            if self.is_closed:
                raise self.port.refusal()
            made = WatchSendPort(self.client, self.holding.identity, self._arrive, self.replica.image())
            made.attach()
            return made

    def attach(self) -> None:
        """Tells the hub of the sender and of what follows for it. With the lock held."""
        self.holding.attach("sender", self.port.stream.number)
        self.follow()

    def follow(self) -> None:
        self.holding.attach("follower", self.replica.number)

    def close(self) -> None:
        with LOCK:
            if not self.port.is_left:
                self.port.close()
                self.replica.close()

    def pass_on(self, kept: bool) -> tuple[Token, object]:
        with LOCK:
            image = self.replica.image()
        token, detail = self.port.pass_on(kept)
        return token, [detail, {"version": image.version, "bytes": image.data}]


class WatchReceivePort:
    """What one receiver has seen."""

    def __init__(
        self, holding: Holding, arrive: Arrival, image: Image | None = None, *, has_changed: bool = False
    ) -> None:
        """With the lock held; whoever makes it tells the hub."""
        self.holding = holding
        self.replica = WatchReplica(holding, arrive, image)
        self._arrive = arrive
        self._seen = self.replica.version - (1 if has_changed else 0)
        self._is_open = True

    @property
    def client(self) -> Client:
        return self.holding.client

    @property
    def is_closed(self) -> bool:
        return not self._is_open or (self.replica.end is not None and not self.has_changed())

    def has_changed(self) -> bool:
        return self._is_open and self._seen != self.replica.version

    def borrow(self) -> Any:
        if not self._is_open:
            raise self.refusal()
        return self.replica.value()

    def mark_seen(self) -> None:
        self._seen = self.replica.version

    def borrow_and_update(self) -> Any:
        self.mark_seen()
        return self.borrow()

    async def changed(self, deadline: Deadline, waits: Waits) -> None:
        """Raises `ChannelClosed`, `ChannelTimeout`."""
        if not self._is_open or not await self.replica.changed(self._seen, waits, deadline) or not self._is_open:
            raise self.refusal()
        self.mark_seen()

    async def subscribe(self, waits: Waits) -> WatchReceivePort:
        if not self._is_open:
            raise self.refusal()
        return await subscribe_watch(self.holding, self._arrive, waits)

    def clone(self) -> WatchReceivePort:
        with LOCK:
            if not self._is_open:
                raise self.refusal()
            made = WatchReceivePort(self.holding, self._arrive, self.replica.image(), has_changed=self.has_changed())
            self.holding.attach("receiver", made.replica.number)
            return made

    def close(self) -> None:
        with LOCK:
            if self._is_open:
                self._is_open = False
                self.replica.close()

    def refusal(self) -> Exception:
        if not self._is_open:
            return refusing(CLOSED_RECEIVER)(None)
        return (self.replica.end or refusing(NO_SENDER))(None)

    def pass_on(self, kept: bool) -> tuple[Token, object]:
        if not self._is_open:
            raise self.refusal()
        with LOCK:
            image = self.replica.image()
            changed = self.has_changed()
        token = self.holding.export(Kind.WATCH_RECEIVER, kept)
        detail = self.holding.identity.detail()
        return token, [detail, {"version": image.version, "bytes": image.data, "changed": changed}]


async def subscribe_watch(holding: Holding, arrive: Arrival, waits: Waits) -> WatchReceivePort:
    """A new receiver, once the hub counts it and the latest value is here."""
    with LOCK:
        made = WatchReceivePort(holding, arrive)
    deadline = Deadline(None, "subscribe")
    try:
        await holding.attached("receiver", made.replica.number, waits, deadline)
        await made.replica.arrived(waits, deadline)
    except BaseException:
        made.close()
        raise
    made.mark_seen()
    return made
