"""What stands behind the shim of one actor in TypeScript: its Node child, and the calls that come from Python."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
from collections.abc import AsyncIterator
from typing import Any, Final

import ray

from ..gateway.ray_errors import send_errors_whole
from .next_worker import have_one_ready
from .node_host import NodeHost, leave_now

#: Seconds that are left to a child to end by itself when its actor ends in good order: its output is still under way.
_LAST_MOMENTS: Final = 2.0


class ActorHost:
    """Starts the child. `config` is what `typescript.create` was asked with, and the actor's description. Blocks; raises why there is none."""

    def __init__(self, config: dict[str, Any]) -> None:
        # What is raised here is read where this package is not.
        send_errors_whole()
        self._config = config
        self._node = NodeHost(config["code"]["runtime"], config["namespace"])
        self._gifts: Any = None
        self._located: dict[str, Any] = {}

    def create(self, handles: list[Any], resolved: list[Any]) -> None:
        """Has the child make the instance. Blocks until its constructor has run. Raises what that throws, or why the child has ended."""
        from ..gateway.gifts import Gifts
        from .last_words import forget_last_words

        context = ray.get_runtime_context()
        self._gifts = Gifts(context.current_actor)
        try:
            self._located = self._make(handles, resolved)
        except BaseException:
            if self._node.was_killed:
                # Not the constructor's fault: Ray may start the actor again.
                self._died(self._node.death)
            self._node.end()
            raise
        # Those of the actor's life before this one, if there was one: Ray says so only with a warning, which would stand in its log.
        forget_last_words(context.get_actor_id())
        atexit.register(self._node.end_child, _LAST_MOMENTS)
        # At once if the child has ended meanwhile.
        self._node.death.add_done_callback(self._died)
        have_one_ready()

    def _make(self, handles: list[Any], resolved: list[Any]) -> dict[str, Any]:
        node, config = self._node, self._config
        code = config["code"]
        path = node.bundle(code["module"])
        address = node.open(self._gifts)
        argument = {
            "id": ray.get_runtime_context().get_actor_id(),
            "path": path,
            "code": code,
            "maxConcurrency": config["maxConcurrency"],
            "args": config["args"],
            "handles": handles,
            "resolved": resolved,
        }
        node.finish(node.session.ask("host.create", argument))
        told = {name: config[name] for name in ("description", "maxTaskRetries", "maxPendingCalls")}
        return {**address, **told}

    async def locate(self) -> dict[str, Any]:
        """Where the child listens, and what callers have to know about the actor."""
        if self._node.death.done():
            # This process ends now, and Ray asks the next one.
            await asyncio.Event().wait()
        return self._located

    async def answer(self, operation: str, *arguments: Any) -> Any:
        """The hub fetches a value that it is to own."""
        if operation != "give":
            raise ValueError(f"an actor is not asked for {operation!r}")
        return self._gifts.give(*arguments)

    async def call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """A call from Python. Cancelling it aborts the method's signal. Raises what the method throws."""
        return await self._ask("host.call", {"method": method, "args": list(arguments)})

    async def stream(self, method: str, arguments: tuple[Any, ...]) -> AsyncIterator[Any]:
        """A call of a generator from Python, value by value."""
        number = await self._ask("host.open", {"method": method, "args": list(arguments)})
        is_open = True
        try:
            while True:
                step = await self._ask("host.next", number)
                if step["done"]:
                    is_open = False
                    return
                yield step["value"]
        except Exception:
            # What it has thrown has ended it.
            is_open = False
            raise
        finally:
            if is_open:
                await self._ask("host.close", number)

    async def _ask(self, operation: str, argument: Any) -> Any:
        session = self._node.session
        try:
            return await asyncio.wrap_future(session.ask(operation, argument))
        except session.peer_lost:
            # This process ends now. What was not answered is Ray's to decide: only the caller knows whether it is to be called again.
            await asyncio.Event().wait()
        except Exception as error:
            # The way that it has come here says nothing to anybody.
            raise error.with_traceback(None) from error.__cause__

    def _died(self, death: concurrent.futures.Future[Any]) -> None:
        from .last_words import leave_last_words

        leave_last_words(ray.get_runtime_context().get_actor_id(), death.result())
        leave_now()
