"""The channels of a hub, by id and by name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from ..errors import ChannelBackendError, ChannelClosed, ChannelNotFound, KlawError
from .channel_spec import ChannelSpec
from .circles import SEARCH_TIME, Circles
from .entry import FOLLOWER, SENDER, Entry, MissingSide, Side
from .keeper import Keeper
from .leasable import Leasable
from .leases import Leases
from .make_channel import make_channel
from .runs import Run
from .session import Session
from .sides import write_ended
from .watch_channel import WatchChannel

#: Of the hub's instance, in the ids of channels.
_PREFIX_LENGTH = 8


class Channels:
    """Makes channels, finds them, and forgets those that nobody needs."""

    def __init__(self, instance: str, leases: Leases, *, search_time: float = SEARCH_TIME) -> None:
        self._prefix = instance[:_PREFIX_LENGTH]
        self._leases = leases
        self._loop = asyncio.get_running_loop()
        self._entries: dict[str, Entry] = {}
        self._names: dict[tuple[str, str], Entry] = {}
        self._next = 1
        self._circles = Circles(self._entries, self._unreachable, search_time)

    def open(
        self,
        session: Session,
        spec: ChannelSpec,
        sender: int,
        receiver: int,
        follower: int | None,
        initial: Run | None,
    ) -> str:
        """Joins the channel of that name, or makes one. Returns its id. Raises `ChannelConfigMismatch`.

        `follower` is the stream by which a watch's sender follows the value, `initial` the value of a new one.
        """
        streams = [stream for stream in (sender, receiver, follower) if stream is not None]
        self._check_free(session, streams)
        entry = self._find(spec) or self._create(spec, session)
        entry.stop_expiry()
        channel = entry.channel
        connection = session.connection
        channel.add_sender(connection, sender)
        if isinstance(channel, WatchChannel):
            if follower is not None:
                channel.add_follower(connection, follower)
            if initial is not None and not channel.has_value:
                channel.store(None, initial)
                initial = None
        if initial is not None and initial.tokens is not None:
            self._leases.release(initial.tokens)
        channel.add_receiver(connection, receiver)
        return entry.id

    def attach(self, session: Session, identifier: str, side: str, stream: int, like: int | None = None) -> None:
        """Opens another end. `like` is the stream of a broadcast receiver of the session that has read as much."""
        self._check_free(session, [stream])
        entry = self._entries.get(identifier)
        if entry is None:
            write_ended(session.connection, stream, self._gone(identifier))
            return
        entry.stop_expiry()
        channel = entry.channel
        if side == SENDER:
            channel.add_sender(session.connection, stream)
        elif side != FOLLOWER:
            channel.add_receiver(session.connection, stream, like)
        elif isinstance(channel, WatchChannel):
            channel.add_follower(session.connection, stream)
        else:
            raise KlawError(f"a channel of kind {entry.spec.kind} has no followers")

    def store(self, identifier: str, expected: int | None, run: Run) -> int:
        """Stores a watch's value, of which there is one version more then; 0 if `expected` is not its version any more."""
        entry = self._entries.get(identifier)
        if entry is None:
            raise self._gone(identifier)
        if not isinstance(entry.channel, WatchChannel):
            raise KlawError(f"a channel of kind {entry.spec.kind} holds no value")
        return entry.channel.store(expected, run)

    def info(self, name: str, namespace: str) -> dict[str, Any] | None:
        """What is known about the channel of that name."""
        entry = self._names.get((namespace, name))
        return None if entry is None else _describe(entry)

    def list(self, namespace: str | None) -> Iterable[dict[str, Any]]:
        """All that have a name, of one namespace or of all."""
        return [_describe(entry) for entry in self._names.values() if namespace in (None, entry.spec.namespace)]

    def delete(self, name: str, namespace: str) -> bool:
        """Ends the channel for everybody. False if there is none."""
        entry = self._names.get((namespace, name))
        if entry is None:
            return False
        self._remove(entry)
        entry.channel.delete(ChannelClosed(f"the channel {json.dumps(name, ensure_ascii=False)} was deleted"))
        return True

    def stats(self, identifier: str) -> dict[str, Any]:
        """Raises `ChannelNotFound`."""
        entry = self._entries.get(identifier)
        if entry is None:
            raise ChannelNotFound("the channel is gone")
        return entry.channel.stats()

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._entries)

    def leasable(self, identifier: str, side: str) -> Leasable:
        """What tokens of that side stand for."""
        entry = self._entries.get(identifier)
        if entry is None:
            return MissingSide(identifier, side, self)
        leasable = entry.sides.get(side)
        if leasable is None:
            leasable = entry.sides[side] = Side(entry, side, self, self._circles)
        return leasable

    def session_ended(self, session: Session) -> None:
        """Nothing more can be sent to the channels that it has made, unless they are detached."""
        made, session.made = session.made, {}
        error = ChannelClosed("the session that made the channel has ended")
        for identifier in made:
            entry = self._entries.get(identifier)
            if entry is not None:
                entry.maker = None
                entry.channel.seal(error)

    # Inside.

    def _find(self, spec: ChannelSpec) -> Entry | None:
        """The channel of that name, if it can be joined."""
        entry = self._by_name(spec)
        if entry is None:
            return None
        entry.spec.check(spec)
        if not entry.channel.is_over:
            return entry
        # Who holds the one that is over still can: it goes with them.
        entry.is_replaced = True
        if not entry.channel.is_held:
            self._remove(entry)
        return None

    def _by_name(self, spec: ChannelSpec) -> Entry | None:
        return None if spec.name is None else self._names.get((spec.namespace, spec.name))

    def _create(self, spec: ChannelSpec, session: Session) -> Entry:
        entry = Entry(f"{self._prefix}.{self._next}", spec)
        self._next += 1
        entry.channel = make_channel(spec, Keeper(entry, self._leases, self._unused))
        self._entries[entry.id] = entry
        if spec.name is not None:
            self._names[spec.namespace, spec.name] = entry
        if not spec.is_detached:
            entry.maker = session
            session.made[entry.id] = None
        return entry

    def _unused(self, entry: Entry) -> None:
        ttl = entry.spec.ttl
        if entry.is_temporary:
            self._remove(entry)
        elif ttl is not None and not entry.is_removed:
            entry.stop_expiry()
            entry.expiry = self._loop.call_later(ttl / 1000, self._expire, entry)

    def _expire(self, entry: Entry) -> None:
        self._remove(entry)
        entry.channel.delete(ChannelClosed("the channel was not used for longer than its ttl"))

    def _unreachable(self, entry: Entry) -> None:
        self._remove(entry)
        entry.channel.delete(ChannelClosed("nobody could reach the channel any more"))

    def _remove(self, entry: Entry) -> None:
        if entry.is_removed:
            return
        entry.is_removed = True
        entry.stop_expiry()
        del self._entries[entry.id]
        spec = entry.spec
        if self._by_name(spec) is entry:
            del self._names[spec.namespace, spec.name or ""]
        if entry.maker is not None:
            entry.maker.made.pop(entry.id, None)
            entry.maker = None
        for side in entry.sides.values():
            self._leases.forget(side)

    def _gone(self, identifier: str) -> Exception:
        """Why there is no channel of that id."""
        if identifier.partition(".")[0] != self._prefix:
            return ChannelBackendError("the hub that held the channel is gone", backend="ray", unconfirmed=0)
        return ChannelClosed("the channel was deleted")

    def _check_free(self, session: Session, streams: Iterable[int]) -> None:
        """Raises `KlawError` when a stream is in use, as they may be only once."""
        seen = set()
        for stream in streams:
            if stream in seen or session.connection.has_stream(stream):
                raise KlawError(f"the stream {stream} is in use")
            seen.add(stream)


def _describe(entry: Entry) -> dict[str, Any]:
    spec = entry.spec
    return {
        "name": spec.name,
        "namespace": spec.namespace,
        "kind": spec.kind,
        "capacity": spec.capacity,
        "ack": spec.ack,
        "stats": entry.channel.stats(),
    }
