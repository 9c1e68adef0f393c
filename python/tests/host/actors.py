"""Makes actors and tasks in TypeScript as a client does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from klaw_agent.codec import encode
from klaw_agent.host.parcels import hash_of
from tests.gateway.client import CONTEXT, Client, Handle

RUNTIME = {"node_modules/@klaw/core/dist/entry/ray-host.js": b"// The stand-in runs instead.\n"}
MODULE = {"module.mjs": b"export {}\n"}
METHODS = dict.fromkeys(
    ("echo", "created", "next", "pid", "throw", "sleep", "aborted", "exit", "signal", "fail", "full"), "value"
) | {"count": "stream"}


def run(test: Callable[[Host], Awaitable[None]], seconds: float = 90) -> None:
    """Runs a test on a loop of its own, with a client whose session ends afterwards."""

    async def main() -> None:
        client = Client()
        try:
            host = Host(client)
            await host.store()
            await asyncio.wait_for(test(host), seconds)
        finally:
            await client.session.close()

    asyncio.run(main())


class Host:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.runtime = hash_of(RUNTIME.items())
        self.module = hash_of(MODULE.items())

    async def store(self) -> None:
        for identity, files in ((self.runtime, RUNTIME), (self.module, MODULE)):
            if not await self.client.ask("parcel.has", identity):
                await self.client.ask("parcel.store", {"hash": identity, "files": files})

    def code(self, name: str = "Counter", **more: Any) -> dict[str, Any]:
        return {"runtime": self.runtime, "module": self.module, "source": "/app/shapes.ts", "name": name, **more}

    def start(
        self,
        *args: Any,
        name: str = "Counter",
        handles: list[Any] | None = None,
        resolved: list[Any] | None = None,
        limits: dict[str, Any] | None = None,
        ray_name: str | None = None,
        **options: Any,
    ) -> tuple[int, asyncio.Future[Any]]:
        """Creates an actor; returns its number, and the answer."""
        number = self.client.number()
        if ray_name is not None:
            options["name"] = ray_name
        argument = {
            "number": number,
            "code": self.code(name, methods=METHODS, asynchronous=True),
            "args": [None if one is None else encode(one, CONTEXT) for one in args],
            "handles": handles or [],
            "resolved": resolved or [],
            "options": {"num_cpus": 0, **options},
            "maxConcurrency": None,
            "maxTaskRetries": 0,
            "maxPendingCalls": -1,
            **(limits or {}),
        }
        return number, self.client.ask("typescript.create", argument)

    async def create(self, *args: Any, **options: Any) -> int:
        number, answer = self.start(*args, **options)
        await answer
        return number

    def adopt(self, ref: Any) -> Handle:
        """A ref of this process' as one of the client's."""
        table = self.client.session.table
        entry = table.make_object(self.client.number())
        entry.ref = ref
        table.identify(entry, ref.binary())
        entry.be_born()
        return Handle(1, entry.number)

    def handle(self, number: int) -> Any:
        """Ray's own."""
        return self.client.session.table.actor(number).handle

    def submit(
        self, name: str, *args: Any, handles: list[Any] | None = None, resolved: list[Any] | None = None, **options: Any
    ) -> int:
        number = self.client.number()
        argument = {
            "number": number,
            "code": self.code(name),
            "args": [None if one is None else encode(one, CONTEXT) for one in args],
            "handles": handles or [],
            "resolved": resolved or [],
            "options": options,
        }
        self.client.ask("typescript.submit", argument)
        return number
