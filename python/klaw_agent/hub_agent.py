"""The cluster's hub, as an actor of Ray's: its port, and the references of Ray's that it holds for messages."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final

import ray
import ray.util
from ray.experimental import get_local_object_locations

from .errors import ChannelBackendError
from .estate import Estate, Reference
from .gateway.completions import Completions
from .gateway.watches import Watches, make_watches
from .hub.hub import Hub
from .lane.connections import Connections
from .lane.resumable_transport import ResumableTransport
from .lane.wakefulness import Wakefulness
from .listener import Listener
from .raw_bytes import RawBytes
from .tls import tls_from_environment
from .wire.connection import Connection
from .wire.items import Token

_log = logging.getLogger(__name__)

#: Clients at a time; more are refused.
_MOST_CLIENTS: Final = 20_000
#: Clients that have not said their hello yet: a whole cluster may come at once.
_MOST_UNKNOWN: Final = 4_096


class Agent:
    """The hub's process. Once it has started it says the same every time; what Ray has started again is another instance.

    Other agents call its `answer_…` methods. They name the instance that they mean, or its first digits, since a call may reach the next one.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._instance = secrets.token_hex(16)
        self._token = secrets.token_hex(32)
        #: Binds to that address only; the node's own by itself.
        self._host = settings.get("host")
        self._address: dict[str, Any] | None = None
        self._completions: Completions | None = None
        self._watches: Watches | None = None
        self._hub: Hub | None = None
        self._estate: Estate | None = None

    async def start(self) -> dict[str, Any]:
        """Starts to listen if it does not. Returns `{ host, port, token, tls, instance }`."""
        # Nothing is awaited here: calls at the same time come one after the other.
        if self._address is None:
            _allow_many_files()
            tls = tls_from_environment()
            estate = self._estate = Estate(self._expects)
            self._hub = Hub(self._instance, estate)
            connections = Connections(bytes.fromhex(self._token), self._serve, most=_MOST_CLIENTS)
            wakefulness = Wakefulness(asyncio.get_running_loop())
            listener = Listener(connections, tls=tls, most_unknown=_MOST_UNKNOWN, wakefulness=wakefulness)
            host = self._host or ray.util.get_node_ip_address()
            port = listener.start(host)
            self._completions = Completions(asyncio.get_running_loop())
            self._watches = make_watches(self._completions)
            self._address = {
                "host": host,
                "port": port,
                "token": self._token,
                "tls": tls is not None,
                "instance": self._instance,
            }
            _log.info("hub %s listens on %s:%d", self._instance, host, port)
        return self._address

    async def answer_adopt(self, instance: str, token: Token, reference: Reference) -> None:
        """Holds a reference for as long as its token stands in a message; or says why there is none."""
        self._estate_of(instance).adopt(_checked(token), reference)

    async def answer_promise(self, instance: str, token: Token) -> None:
        """The reference comes when there is a value."""
        self._estate_of(instance).promise(_checked(token))

    async def answer_is_there(self, instance: str, token: Token) -> bool:
        """Whether what the token stands for is there, or only promised."""
        return await self._estate_of(instance).is_there(_checked(token))

    async def answer_cancel(self, instance: str, token: Token) -> None:
        """What makes the object that the token stands for is not wanted any more: whoever has promised it is told."""
        origin, _ = _checked(token)
        self._estate_of(instance)
        if self._hub is not None:
            self._hub.tell(origin, "lease.cancel", {"origin": token[0], "number": token[1]})

    async def answer_lend(self, instance: str, token: Token) -> Reference:
        """What was adopted under the token, as it was; waits for it."""
        return await self._estate_of(instance).lend(_checked(token))

    async def answer_own(self, giver: Any, key: int) -> list[Any]:
        """Makes an object whose owner this process is, in a list of one, and waits until it is stored. Its value is what the agent `giver`
        gives for `key`, and lies on that agent's node. Raises what that agent, or storing, raises."""
        if self._watches is None:
            raise ChannelBackendError("the hub has not been started")
        # Agents of TypeScript actors keep the plain names for the methods of these.
        ask = getattr(giver, "__klaw_ask__", None) or giver.ask
        ref = ask.remote("give", key)
        settled = asyncio.Event()
        end = self._watches.watch(ref, settled.set)
        try:
            await settled.wait()
        finally:
            end()
        where = get_local_object_locations([ref]).get(ref) or {}
        if not where.get("node_ids") and not where.get("did_spill"):
            # Nothing lies in a store, so it is small: a failure, or a small value.
            await ref
        return [ref]

    async def answer_keep(self, reference: list[Any]) -> list[Any]:
        """As `own`, for `RawBytes` that somebody who is no agent has stored: they are copied to this node."""
        if self._completions is None:
            raise ChannelBackendError("the hub has not been started")
        data = await reference[0]
        return [await self._completions.call(lambda: ray.put(RawBytes(data)))]

    def _serve(self, transport: ResumableTransport) -> Connection:
        if self._hub is None:
            raise RuntimeError("the hub has not been started")
        return self._hub.accept(transport)

    def _expects(self, token: Token) -> bool:
        return self._hub is not None and self._hub.expects(token)

    def _estate_of(self, instance: str) -> Estate:
        if self._estate is None or not self._instance.startswith(instance):
            raise ChannelBackendError("the hub that held the channel is gone")
        return self._estate


def _checked(token: Any) -> Token:
    origin, number = token
    return int(origin), int(number)


def _allow_many_files() -> None:
    """Each client is a file. Systems let a process have more than it has at first."""
    try:
        import resource
    except ImportError:
        # Systems without it have no such limit.
        return
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (OSError, ValueError) as error:
        _log.warning("no more than %d files can be open at a time: %s", few, error)
