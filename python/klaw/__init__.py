"""klaw's channels for Python programs on a Ray cluster: in drivers, tasks and actors, together with programs in TypeScript.

    import klaw

    tx, rx = klaw.channel("jobs")
    tx.send({"id": 1})
    for job in rx:
        ...

What is here blocks; `klaw.aio` has the same for coroutines. Both can be used side by side, and `tx.aio` and `tx.sync` turn one into the
other. All times are in seconds. `ray.init()` comes first; the hub, which holds the channels, is started when there is none.
"""

from klaw_agent.errors import (
    ChannelBackendError,
    ChannelClosed,
    ChannelConfigMismatch,
    ChannelEmpty,
    ChannelFull,
    ChannelLagged,
    ChannelNotFound,
    ChannelPartialSend,
    ChannelTimeout,
    KlawError,
    RuntimeClosedError,
    SerializationError,
)
from klaw_agent.serializers import deregister_serializer, register_serializer

from . import aio
from ._core.receive_port import Delivery
from .broadcasts import BroadcastReceiver, BroadcastSender
from .cases import Selected, after, sending
from .channels import (
    broadcast,
    channel,
    configure,
    delete_channel,
    get_channel,
    list_channels,
    oneshot,
    shutdown,
    watch,
)
from .oneshots import OneshotReceiver, OneshotSender
from .permits import Permit
from .receivers import Receiver
from .restoring import restore_handle
from .selecting import select
from .senders import Sender
from .stats import ChannelInfo, ChannelStats, NodeStats
from .watches import WatchReceiver, WatchSender

__all__ = [
    "BroadcastReceiver",
    "BroadcastSender",
    "ChannelBackendError",
    "ChannelClosed",
    "ChannelConfigMismatch",
    "ChannelEmpty",
    "ChannelFull",
    "ChannelInfo",
    "ChannelLagged",
    "ChannelNotFound",
    "ChannelPartialSend",
    "ChannelStats",
    "ChannelTimeout",
    "Delivery",
    "KlawError",
    "NodeStats",
    "OneshotReceiver",
    "OneshotSender",
    "Permit",
    "Receiver",
    "RuntimeClosedError",
    "Selected",
    "Sender",
    "SerializationError",
    "WatchReceiver",
    "WatchSender",
    "after",
    "aio",
    "broadcast",
    "channel",
    "configure",
    "delete_channel",
    "deregister_serializer",
    "get_channel",
    "list_channels",
    "oneshot",
    "register_serializer",
    "restore_handle",
    "select",
    "sending",
    "shutdown",
    "watch",
]
