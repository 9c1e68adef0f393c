"""Tasks in TypeScript: one Node child for each worker of Ray's, which stays for the worker's next task."""

from __future__ import annotations

import concurrent.futures
import sys
import threading
from typing import Any, Final

import ray

from ..channel_handles import passing_on
from ..gateway.ray_errors import send_errors_whole
from .node_host import NodeHost, leave_now

#: Seconds between looks whether the task was cancelled: Ray's interrupt is seen by a thread that runs, and does not wake one that waits.
_LOOK: Final = 0.1
#: Seconds of a wait for objects, after which it is looked what else the task waits for.
_LENDING: Final = 0.25
#: The same for what Ray does not know of.
_SHORT_LENDING: Final = 0.02
#: Seconds for a task to end once its signal has been aborted; after that the child is ended, for the worker's next task.
_ABORT_TIME: Final = 2.0


class TaskHost:
    """The child of this worker, started by the first task."""

    def __init__(self) -> None:
        self._node: NodeHost | None = None
        self._runtime = ""
        self._is_running = False
        self._lock = threading.Lock()

    def run(self, config: dict[str, Any], handles: list[Any], resolved: list[Any]) -> Any:
        """Runs one task. Blocks. Raises what the function throws, and `KeyboardInterrupt` when it is cancelled."""
        # What is raised here is read where this package is not.
        send_errors_whole()
        # Other tasks of this worker's, in Python, use the ends of channels that they get.
        with passing_on():
            return self._run(config, handles, resolved)

    def _run(self, config: dict[str, Any], handles: list[Any], resolved: list[Any]) -> Any:
        code = config["code"]
        node = self._ready(code["runtime"], config["namespace"])
        try:
            argument = {
                "path": node.bundle(code["module"]),
                "code": code,
                "args": config["args"],
                "handles": handles,
                "resolved": resolved,
            }
            return self._wait(node, node.session.ask("host.run", argument))
        finally:
            with self._lock:
                self._is_running = False

    def _ready(self, runtime: str, namespace: str) -> NodeHost:
        node = self._node
        if node is not None and (self._runtime != runtime or node.death.done()):
            self._drop()
            node = None
        if node is None:
            node = NodeHost(runtime, namespace)
            node.open(None)
            self._node, self._runtime = node, runtime
            node.death.add_done_callback(self._died)
        with self._lock:
            self._is_running = True
        return node

    def _drop(self) -> None:
        node, self._node = self._node, None
        if node is not None:
            node.end()

    def _wait(self, node: NodeHost, asked: concurrent.futures.Future[Any]) -> Any:
        try:
            nothing = ray.ObjectRef.from_random()
            while not asked.done():
                if node.session.is_blocked:
                    lend(asked, node.session.waiting_refs(), nothing)
                else:
                    concurrent.futures.wait([asked], _LOOK)
        except BaseException:
            # Cancelled: the function is told, and the cancel goes on.
            self._abort(node, asked)
            raise
        if isinstance(asked.exception(), node.session.peer_lost):
            # The child has ended, or does so now: `_died` ends this process.
            threading.Event().wait()
        return asked.result()

    def _abort(self, node: NodeHost, asked: concurrent.futures.Future[Any]) -> None:
        node.session.abort()
        concurrent.futures.wait([asked], _ABORT_TIME)
        if not asked.done():
            self._drop()

    def _died(self, death: concurrent.futures.Future[Any]) -> None:
        with self._lock:
            if not self._is_running:
                # The next task starts another one.
                return
        print(f"klaw: a task in TypeScript can not go on: {death.result()}", file=sys.stderr, flush=True)  # noqa: T201
        leave_now()


def lend(asked: concurrent.futures.Future[Any], refs: list[Any], nothing: Any) -> None:
    """Waits inside of Ray's own wait for what the task waits for, so that Ray lends the worker's CPUs meanwhile. `nothing` is a ref that
    never settles. Blocks for a moment."""
    if not refs:
        # It waits for what Ray does not know of: an actor in TypeScript, for instance.
        ray.wait([nothing], timeout=_SHORT_LENDING, fetch_local=False)
        return
    ready, rest = ray.wait(refs, num_returns=1, timeout=_LENDING, fetch_local=False)
    if ready and not asked.done():
        # The child has it in a moment, and then waits no more, or for others.
        ray.wait([*rest, nothing], num_returns=1, timeout=_SHORT_LENDING, fetch_local=False)


_HOST: Final = TaskHost()


def run(config: dict[str, Any], handles: list[Any], resolved: list[Any]) -> Any:
    """Runs a task in TypeScript in this worker's child. Blocks."""
    return _HOST.run(config, handles, resolved)
