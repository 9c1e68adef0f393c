"""Has Ray start a worker for the next actor like this one, before it is asked for: most of what a new actor waits for is the start of a
Python process, which this takes out of its way.

An acceleration, and nothing else: what goes wrong with it is of no concern to the actor, and only noted for who debugs.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

_log = logging.getLogger(__name__)

#: A variable of the worker's environment: with "0", no worker is asked for in advance.
SWITCH: Final = "KLAW_SPARE_WORKER"
#: Seconds for which Ray keeps the worker for whoever comes. After that it is as any idle worker: Ray ends those that are too many.
KEEP_ALIVE: Final = 60
#: Seconds after which an actor has settled: whoever creates several at once, or begins to work at once, is not to share the CPUs with one
#: more process.
SETTLED: Final = 2.0
#: Seconds for the node's raylet to answer.
_ANSWER_TIME: Final = 5.0
#: Seconds by which the kernel's clock of files, and that of processes, are behind.
_CLOCKS: Final = 0.05


class Need(NamedTuple):
    """What kind of worker, and who is to start it."""

    #: Of the raylet of this node.
    raylet: str
    job: bytes
    #: As Ray has written it: other text is another environment to Ray.
    runtime_env: str
    #: The folder of Ray's session, which all workers of a node share.
    folder: str

    @property
    def note(self) -> Path:
        """A file whose time is that of the last request of this kind on this node."""
        kind = hashlib.sha256(self.runtime_env.encode()).hexdigest()[:16]
        return Path(self.folder, f"klaw-next-worker-{self.job.hex()}-{kind}")


def have_one_ready() -> None:
    """Asks for a worker like this one, in a moment and in the background, unless somebody else on this node has. Never raises."""
    if os.environ.get(SWITCH) == "0":
        return
    try:
        # Now: no thread asks Ray for anything while this process ends.
        need = _own_need()
    except Exception:
        _log.debug("what this worker is like can not be known: none is asked for in advance", exc_info=True)
        return
    timer = threading.Timer(SETTLED, ask_once, [need])
    timer.name = "klaw-next-worker"
    # It keeps no process alive.
    timer.daemon = True
    timer.start()


def ask_once(need: Need, send: Callable[[Need], None] | None = None, age: Callable[[], float] | None = None) -> bool:
    """Asks by `send`, unless there should be such a worker: one for each node, job and environment is enough. Whether it has asked. `age` is
    that of this process. Blocks. Never raises."""
    try:
        with need.note.open("ab") as note:
            if not _is_ours_alone(note) or not _is_due(note, (age or process_age)()):
                return False
            # Before the worker is started, which is younger then.
            note.truncate(0)
            note.write(b"asked\n")
            note.flush()
            (send or _send)(need)
            return True
    except Exception:
        _log.debug("no worker could be asked for in advance", exc_info=True)
        return False


def process_age() -> float:
    """Seconds since this process has started."""
    if sys.platform.startswith("linux"):
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    # Ray brings it along.
    psutil: Any = importlib.import_module("psutil")
    return time.time() - float(psutil.Process().create_time())


def _is_ours_alone(note: IO[bytes]) -> bool:
    """Locks the note until it is closed; if not, somebody else is about to ask."""
    import fcntl

    try:
        fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_due(note: IO[bytes], age: float) -> bool:
    status = os.fstat(note.fileno())
    since = time.time() - status.st_mtime
    was_asked = status.st_size > 0 and 0 <= since < KEEP_ALIVE
    # Whoever is younger than the request has probably got what was asked for.
    return not was_asked or age <= since + _CLOCKS


def _own_need() -> Need:
    from ray._private.worker import global_worker

    node: Any = global_worker.node
    host = node.node_ip_address
    return Need(
        raylet=f"[{host}]:{node.node_manager_port}" if ":" in host else f"{host}:{node.node_manager_port}",
        job=global_worker.current_job_id.binary(),
        runtime_env=global_worker.runtime_env,
        folder=node.get_session_dir_path(),
    )


def _send(need: Need) -> None:
    # Imported here: it takes a while, and most workers never need it.
    from ray.core.generated import common_pb2, node_manager_pb2, node_manager_pb2_grpc

    channel = _channel_to(need.raylet)
    try:
        request = node_manager_pb2.PrestartWorkersRequest(
            language=common_pb2.Language.PYTHON,
            job_id=need.job,
            keep_alive_duration_secs=KEEP_ALIVE,
            num_workers=1,
        )
        request.runtime_env_info.serialized_runtime_env = need.runtime_env
        node_manager_pb2_grpc.NodeManagerServiceStub(channel).PrestartWorkers(request, timeout=_ANSWER_TIME)
    finally:
        channel.close()


def _channel_to(address: str) -> Any:
    """With the cluster's own TLS and tokens."""
    try:
        from ray._private.grpc_utils import init_grpc_channel
    except ImportError:
        # Ray before 2.53 or so.
        from ray._private.utils import init_grpc_channel
    return init_grpc_channel(address)
