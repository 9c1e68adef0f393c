"""This process's session at the hub of the cluster that it belongs to: made when it is first needed, and again when it is lost."""

from __future__ import annotations

import atexit
import math
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from klaw_agent.errors import KlawError

from .background import Background
from .client import Client
from .greeting import HubAddress
from .pending import LOCK, reset_after_fork

#: Seconds for which the hub keeps what this process holds when it has lost touch with it, as in TypeScript.
_GRACE: Final = 30
#: Bytes, as in TypeScript.
_THRESHOLD: Final = 100 * 1024
#: Seconds between two looks whether the program has left its cluster.
_LOOK: Final = 1.0


class Runtime:
    """One a process; tests make others. `find` says where the hub is, and may block; `cluster` says which cluster this is."""

    def __init__(
        self, find: Callable[[], HubAddress], cluster: Callable[[], object], threshold: float = math.inf
    ) -> None:
        self.grace = _GRACE
        #: Bytes of the largest message that goes through the hub; larger ones lie in Ray's store.
        self.threshold: float = threshold
        self._find = find
        self._cluster = cluster
        self._background: Background | None = None
        self._client: Client | None = None
        self._of: object = None
        self._making = threading.Lock()

    def client(self) -> Client:
        """The session, from any thread; it connects by itself. Raises `KlawError` where there is no cluster."""
        cluster = self._cluster()
        with self._making:
            client = self._client
            if client is not None and client.error is None and self._of == cluster:
                return client
            if client is not None and client.error is None:
                client.close()
            if self._background is None:
                self._background = Background()
                self._background.call(self._look)
            self._of = cluster
            with LOCK:
                self._client = Client(self._background, self._find, self.grace, self.threshold)
            return self._client

    def configure(self, grace: int | None, threshold: int | None) -> None:
        """For sessions that begin from now on."""
        with self._making:
            self.grace = self.grace if grace is None else grace
            self.threshold = self.threshold if threshold is None else threshold

    def shutdown(self) -> None:
        """Ends the session, with a goodbye to the hub, and the thread. The next use begins anew."""
        with self._making:
            client, self._client = self._client, None
            background, self._background = self._background, None
        if client is not None:
            client.close()
        if background is not None:
            background.close()

    def forget(self) -> None:
        """In a process that was forked: what it has is its parent's."""
        self._making = threading.Lock()
        client, self._client = self._client, None
        self._background = None
        reset_after_fork()
        if client is not None:
            client.forget()

    def _look(self) -> None:
        """Ray tells nobody that it was shut down."""
        background, client = self._background, self._client
        if background is None or not background.is_current:
            return
        background.loop.call_later(_LOOK, self._look)
        if client is None or client.error is not None:
            return
        try:
            gone = self._cluster() != self._of
        except KlawError:
            gone = True
        if gone:
            client.end()


def _find_hub() -> HubAddress:
    from klaw_agent.hub_actor import start_hub

    actor, address = start_hub()
    token = bytes.fromhex(address.token)
    return HubAddress(address.host, address.port, token, address.tls, address.instance, actor)


def _current_cluster() -> object:
    # Whoever has not imported Ray has not connected to a cluster either.
    ray: Any = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        raise KlawError("this process belongs to no Ray cluster: call ray.init() first")
    if ray.util.client.ray.is_connected():
        return id(ray.util.client.ray.get_context().client_worker)
    address: str = ray.get_runtime_context().gcs_address
    return address


RUNTIME: Final = Runtime(_find_hub, _current_cluster, _THRESHOLD)
atexit.register(RUNTIME.shutdown)
os.register_at_fork(after_in_child=RUNTIME.forget)
