"""A Node child and the session with it: started, attached, asked, and ended."""

from __future__ import annotations

import concurrent.futures
import os
import threading
from typing import TYPE_CHECKING, Any, Final

from ..errors import KlawError, RayError
from .node_binary import find_node
from .node_process import NodeProcess
from .parcels import install_parcel, keeping_bytecode
from .witness import Witness

if TYPE_CHECKING:
    from ..gateway.gifts import Gifts
    from .child_session import ChildSession

#: What a child runs, in the folder of the package's parcel.
ENTRY: Final = "node_modules/@klaw/core/dist/entry/ray-host.js"
#: The file of a module's parcel that is to be imported.
BUNDLE: Final = "module.mjs"
#: Seconds for a child to attach itself: with all cores busy, Node may take long to start.
ATTACH_TIME: Final = 60.0
#: Seconds for a child to end that has said goodbye.
_LAST_MOMENTS: Final = 5.0


class NodeHost:
    """Starts the child at once, and imports what serves it while that starts.

    `runtime` is the hash of the package's parcel. Raises `RayError`, and `OSError`, when the child can not be started. Blocks.
    """

    def __init__(self, runtime: str, namespace: str) -> None:
        self._namespace = namespace
        self._witness = Witness()
        self._session: ChildSession | None = None
        self._is_ending = False
        #: Why the child has ended, unless it was ended from here.
        self.death: concurrent.futures.Future[KlawError] = concurrent.futures.Future()
        #: Whether a signal has ended it: then it is not what the child did that was wrong, and it may go well the next time.
        self.was_killed = False
        self._folder = install_parcel(runtime)
        command = [find_node().path, str(self._folder / ENTRY)]
        self._process = NodeProcess(command, self._ended)

    @property
    def process_id(self) -> int:
        return self._process.wait_for_start()

    @property
    def session(self) -> ChildSession:
        """The child's, once it is open."""
        if self._session is None:
            raise RuntimeError("the Node process has not been opened")
        return self._session

    def open(self, gifts: Gifts | None) -> dict[str, Any]:
        """Waits until the child has attached itself; returns where it listens. Blocks. Raises why it has not, and then it is ended."""
        with keeping_bytecode():
            from .child_session import ChildSession

        session = self._session = ChildSession(self._namespace, gifts)
        try:
            agent = session.listen()
            self._process.wait_for_start()
            self._process.tell({"agent": agent, "namespace": self._namespace, "listen": agent["host"]})
            either: list[concurrent.futures.Future[Any]] = [session.attached, self.death]
            concurrent.futures.wait(either, ATTACH_TIME, concurrent.futures.FIRST_COMPLETED)
            if self.death.done():
                raise self.death.result()
            if not session.attached.done():
                raise RayError(f"the Node process did not say that it runs within {ATTACH_TIME:g} seconds")
        except BaseException:
            self.end()
            raise
        session.lost.add_done_callback(lambda _done: self._lost())
        return session.attached.result()

    def bundle(self, module: str) -> str:
        """The path of a module's bundle, by the hash of its parcel. Blocks. Raises what installing it raises."""
        # Beside the bundle, so that it imports the package that the child runs.
        links = {"node_modules": self._folder / "node_modules"}
        return str(install_parcel(module, links) / BUNDLE)

    def finish(self, asked: concurrent.futures.Future[Any]) -> Any:
        """Waits for an answer of the child's, or its end. Blocks. Raises what the child refuses the request with, or why it has ended."""
        concurrent.futures.wait([asked, self.death], return_when=concurrent.futures.FIRST_COMPLETED)
        if asked.done() and not isinstance(asked.exception(), self.session.peer_lost):
            return asked.result()
        # Without its session a child is ended.
        raise self.death.result()

    def end(self) -> None:
        """Ends the child and the session with it. Blocks. Idempotent."""
        self.end_child(0.0)
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def end_child(self, seconds: float) -> None:
        """Ends the child, to which so long is left to do so itself. Blocks. Idempotent."""
        self._is_ending = True
        self._process.end(seconds)

    def _lost(self) -> None:
        """The session is over, as when the child ends by itself: if it does not, it is of no use any more."""
        killing = threading.Timer(_LAST_MOMENTS, self._process.kill)
        killing.daemon = True
        killing.start()

    def _ended(self, code: int) -> None:
        if self._is_ending:
            return
        session = self._session
        if session is not None:
            session.hear_out()
            self._witness.failing = session.failing
        self.was_killed = code < 0
        self.death.set_result(self._witness.testify(code))


def leave_now() -> None:
    """Ends this process so that Ray starts it again, where it may. Not `exit_actor`: that is an end that was wanted."""
    os._exit(1)
