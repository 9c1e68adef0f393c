"""What the hub knows about a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NodeStats:
    """Ends of a channel in one process, by the process's label (host name and process id)."""

    senders: int
    receivers: int


@dataclass(frozen=True)
class ChannelStats:
    """Numbers of a channel, as of now."""

    #: How many items it holds at most; infinite when it is unbounded.
    capacity: float
    #: Items that were accepted and not yet taken.
    length: int
    #: The most that `length` has ever been.
    high_water_mark: int
    senders: int
    receivers: int
    #: Operations that wait for room, and for an item.
    waiting_senders: int
    waiting_receivers: int
    #: Items accepted, and taken, so far.
    sent: int
    received: int
    #: Deliveries that were neither acknowledged nor given back, and items that were delivered more than once.
    unacknowledged: int
    redelivered: int
    #: Items a second, over the last seconds.
    sent_rate: float = 0.0
    received_rate: float = 0.0
    nodes: Mapping[str, NodeStats] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> ChannelStats:
        """What the hub has answered."""
        nodes = answer.get("nodes") or {}
        return cls(
            capacity=answer["capacity"],
            length=answer["length"],
            high_water_mark=answer["highWaterMark"],
            senders=answer["senders"],
            receivers=answer["receivers"],
            waiting_senders=answer["waitingSenders"],
            waiting_receivers=answer["waitingReceivers"],
            sent=answer["sent"],
            received=answer["received"],
            unacknowledged=answer["unacknowledged"],
            redelivered=answer["redelivered"],
            sent_rate=answer.get("sentRate") or 0.0,
            received_rate=answer.get("receivedRate") or 0.0,
            nodes={label: NodeStats(node["senders"], node["receivers"]) for label, node in nodes.items()},
        )


@dataclass(frozen=True)
class ChannelInfo:
    """A channel that has a name."""

    name: str
    namespace: str
    #: `mpmc`, `broadcast` or `watch`.
    kind: str
    capacity: float
    #: Whether deliveries have to be acknowledged.
    ack: bool
    stats: ChannelStats

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> ChannelInfo:
        """What the hub has answered."""
        return cls(
            name=answer["name"],
            namespace=answer["namespace"],
            kind=answer["kind"],
            capacity=answer["capacity"],
            ack=answer["ack"],
            stats=ChannelStats.of(answer["stats"]),
        )
