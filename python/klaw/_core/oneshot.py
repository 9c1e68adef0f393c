"""A oneshot is a channel with one slot, whose sender closes itself once it has sent."""

from __future__ import annotations

from klaw_agent.errors import ChannelClosed, ChannelFull

from .pending import Waits
from .send_port import SendPort


async def send_once(port: SendPort, value: object, waits: Waits) -> None:
    """Raises `ChannelClosed`, `SerializationError`."""
    try:
        await port.try_send((value,), value, waits)
    except ChannelFull as error:
        raise ChannelClosed("this oneshot has sent its value already", value=value) from error
    port.close()
