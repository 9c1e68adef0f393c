"""klaw's channels for coroutines. The names are those of `klaw`; what waits there is awaited here, on any event loop.

    from klaw import aio

    tx, rx = await aio.channel("jobs")
    await tx.send({"id": 1})
    async for job in rx:
        ...

A coroutine that is cancelled while it receives has taken nothing, and one that is cancelled while it sends has sent nothing. `close` and
`clone` of channels do not wait, and are not awaited.
"""

from ..cases import Selected, after, sending
from .broadcasts import BroadcastReceiver, BroadcastSender
from .channels import broadcast, channel, delete_channel, get_channel, list_channels, oneshot, shutdown, watch
from .oneshots import OneshotReceiver, OneshotSender
from .receivers import Receiver
from .selecting import select
from .senders import Sender
from .watches import WatchReceiver, WatchSender

__all__ = [
    "BroadcastReceiver",
    "BroadcastSender",
    "OneshotReceiver",
    "OneshotSender",
    "Receiver",
    "Selected",
    "Sender",
    "WatchReceiver",
    "WatchSender",
    "after",
    "broadcast",
    "channel",
    "delete_channel",
    "get_channel",
    "list_channels",
    "oneshot",
    "select",
    "sending",
    "shutdown",
    "watch",
]
