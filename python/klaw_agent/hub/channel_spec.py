"""What a channel is made with."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

from ..errors import ChannelConfigMismatch
from .arguments import Arguments

KINDS = ("mpmc", "oneshot", "broadcast", "watch")


class ChannelSpec(NamedTuple):
    """As `ChannelSpec` of `src/engine/channel-engine.ts`."""

    kind: str
    #: Infinite: unbounded.
    capacity: float
    ack: bool
    #: Milliseconds until an unacknowledged delivery is made again; infinite: never.
    ack_timeout: float
    name: str | None
    namespace: str
    lifetime: str
    #: Milliseconds without a holder after which a named channel goes; None: it stays.
    ttl: float | None

    @property
    def is_detached(self) -> bool:
        """Whether it outlives those who hold it."""
        return self.name is not None and self.lifetime == "detached"

    def check(self, asked: ChannelSpec) -> None:
        """Raises `ChannelConfigMismatch` when a channel that is like this can not be what was asked for."""
        for key, is_one, was_asked in (
            ("kind", self.kind, asked.kind),
            ("capacity", _shown(self.capacity), _shown(asked.capacity)),
            ("ack", _shown(self.ack), _shown(asked.ack)),
        ):
            if is_one != was_asked:
                raise ChannelConfigMismatch(
                    f"the channel {json.dumps(self.name, ensure_ascii=False)} in namespace "
                    f"{json.dumps(self.namespace, ensure_ascii=False)} has {key} {is_one}; {key} {was_asked} was asked for"
                )


def read_spec(fields: Arguments) -> ChannelSpec:
    """Raises `SerializationError`, which names the field that is wrong."""
    kind = fields.choice("kind", *KINDS)
    capacity = fields.number("capacity", 1) if kind != "watch" or fields.has("capacity") else 1
    if not math.isinf(capacity):
        capacity = int(capacity)
    name = fields.optional_text("name")
    lifetime = fields.choice("lifetime", "detached", "session") if fields.has("lifetime") else "detached"
    ttl = fields.optional_number("ttl", 0)
    ack_timeout = fields.optional_number("ackTimeout", 0)
    return ChannelSpec(
        kind=kind,
        capacity=capacity,
        ack=fields.flag("ack"),
        ack_timeout=math.inf if ack_timeout is None else ack_timeout,
        name=name,
        namespace=fields.optional_text("namespace") or "",
        lifetime=lifetime,
        ttl=None if ttl is None or math.isinf(ttl) else ttl,
    )


def _shown(value: object) -> str:
    """As JavaScript shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isinf(value):
        return "Infinity"
    return str(value)
