"""The channel of each kind."""

from __future__ import annotations

from .broadcast_channel import BroadcastChannel
from .channel_spec import ChannelSpec
from .mpmc_channel import MpmcChannel, MpmcOptions
from .sides import ChannelKeeper, HubChannel
from .watch_channel import WatchChannel


def make_channel(spec: ChannelSpec, keeper: ChannelKeeper) -> HubChannel:
    """An empty channel, which nobody holds yet."""
    if spec.kind == "broadcast":
        return BroadcastChannel(spec.capacity, detached=spec.is_detached, keeper=keeper)
    if spec.kind == "watch":
        return WatchChannel(detached=spec.is_detached, keeper=keeper)
    options = MpmcOptions(capacity=spec.capacity, ack=spec.ack, ack_timeout=spec.ack_timeout, detached=spec.is_detached)
    return MpmcChannel(options, keeper)
