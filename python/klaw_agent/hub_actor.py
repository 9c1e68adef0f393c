"""Finds the cluster's hub, the actor that holds all channels, or makes it. For every process that belongs to a cluster."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any, Final, NamedTuple

import ray
import ray.exceptions
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from .errors import ChannelBackendError

NAME: Final = "klaw.hub.1"
NAMESPACE: Final = "klaw.system"

_PACKAGE: Final = "klaw_agent"
#: Calls that wait for something lie in the actor: references to be lent before they have been adopted.
_MOST_CALLS: Final = 10_000
#: Seconds for the hub to say where it listens; Ray may have to start its process first.
_START_TIME: Final = 60.0
#: Seconds for a process of its own to make the hub.
_MAKER_TIME: Final = 120.0
#: Seconds before a hub is looked for again that was not there when it was asked; each time longer.
_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
#: What a head says of itself among its resources.
_HEAD: Final = "node:__internal_head__"
#: Of that there is 1, and Ray counts in steps of 0.0001.
_HEAD_SHARE: Final = 0.001
#: What the environment of a process says about its own job or its own place in it.
_OF_JOB: Final = ("RAY_JOB_CONFIG_JSON_ENV_VAR", "RAY_JOB_ID", "RAY_RUNTIME_ENV_HOOK", "RAY_NAMESPACE")


class HubAddress(NamedTuple):
    """Where the hub listens, and what it wants to hear."""

    host: str
    port: int
    #: 32 bytes as hex.
    token: str
    tls: bool
    #: Which process it is, as hex. Another one knows nothing of what this one held.
    instance: str


def find_or_make_hub() -> Any:
    """The handle of the hub's actor, which may still be starting. Blocks. Raises `ChannelBackendError`."""
    if not ray.is_initialized():
        raise ChannelBackendError("this process belongs to no Ray cluster yet: call ray.init() first")
    found = _find()
    if found is not None:
        return found
    try:
        # A client of Ray Client's is no process of the cluster, and could not start one there: then the hub has the client's environment,
        # which Ray keeps for as long as there is an actor in it.
        if ray.util.client.ray.is_connected() or ray.get_runtime_context().get_runtime_env_string() in ("", "{}"):
            make_hub()
        else:
            _make_elsewhere()
    except ray.exceptions.RayError as error:
        raise ChannelBackendError(f"the hub that holds the cluster's channels could not be made: {error}") from error
    found = _find()
    if found is None:
        raise ChannelBackendError("the hub that holds the cluster's channels was made, and is gone again")
    return found


def start_hub() -> tuple[Any, HubAddress]:
    """The handle of the hub's actor, which is made if there is none, and where it listens. Blocks. Raises `ChannelBackendError`."""
    deadline = time.monotonic() + _START_TIME
    pause = 0.0
    while True:
        hub = find_or_make_hub()
        left = max(deadline - time.monotonic(), 0.0)
        try:
            # Not by `ray.get`, which would warn in the process of an async actor, on whatever thread.
            return hub, read_address(hub.start.remote().future().result(left))
        except (ray.exceptions.ActorDiedError, ray.exceptions.ActorUnavailableError) as error:
            # One that was killed has its name for a moment longer, and one that Ray starts again takes no calls meanwhile; of neither does
            # Ray tell anybody.
            pause = min(pause + _PAUSE, _LONGEST_PAUSE)
            if time.monotonic() + pause > deadline:
                raise _no_answer(error) from error
            time.sleep(pause)
        except FutureTimeout as error:
            raise _no_answer(TimeoutError(f"it has not started within {_START_TIME:g} seconds")) from error
        except ray.exceptions.RayError as error:
            raise _no_answer(error) from error


def _no_answer(error: Exception) -> ChannelBackendError:
    return ChannelBackendError(f"the hub that holds the cluster's channels does not answer: {error}", cause=error)


def read_address(answer: bytes) -> HubAddress:
    """What the actor's `start` has answered. Raises `ChannelBackendError` when it could not start."""
    said = json.loads(answer[1:])
    if answer[0] != 0:
        raise ChannelBackendError(f"the hub that holds the cluster's channels did not start: {said['traceback']}")
    return HubAddress(**said)


def make_hub() -> None:
    """Asks Ray for the actor; whoever was faster has made it. Blocks."""
    options: dict[str, Any] = {
        "name": NAME,
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "get_if_exists": True,
        "num_cpus": 0,
        **_place(),
        "max_restarts": -1,
        "max_concurrency": _MOST_CALLS,
    }
    ray.remote(actor_class()).options(**options).remote({}, {"module": "klaw_agent.hub_agent"})


def package_sources() -> dict[str, str]:
    """The text of this package's modules by their path, wherever it is installed."""
    folder = Path(__file__).parent
    return {
        f"{_PACKAGE}/{path.relative_to(folder).as_posix()}": path.read_text("utf-8") for path in folder.rglob("*.py")
    }


def _find() -> Any:
    try:
        return ray.get_actor(NAME, namespace=NAMESPACE)
    except ValueError:
        return None


@functools.cache
def actor_class() -> Any:
    """The loader, as a class that nobody can import, so that Ray ships the class itself; and with it the sources: as an argument they
    would be an object of their maker's, and gone with it when the actor starts again."""
    sources = package_sources()
    namespace: dict[str, Any] = {"__name__": "klaw_hub_loader"}
    text = sources[f"{_PACKAGE}/loader.py"]
    exec(compile(text, "klaw_hub_loader.py", "exec"), namespace)  # noqa: S102 - it is our own
    made = namespace["KlawAgent"]
    made.__name__ = made.__qualname__ = "KlawHub"
    made.sources = sources
    return made


def _place() -> dict[str, Any]:
    """The head, if there is one that says so: other nodes come and go, and one on which nothing but the hub runs counts as idle."""
    for node in ray.nodes():
        if node.get("Alive") and _HEAD in node.get("Resources", {}):
            # The affinity alone is only a wish: Ray asks any node for the actor, and one that has just come may not have heard of the head yet.
            # The resource is the next head's as well.
            affinity = NodeAffinitySchedulingStrategy(node["NodeID"], soft=True)
            return {"scheduling_strategy": affinity, "resources": {_HEAD: _HEAD_SHARE}}
    # By itself it would go where its maker's placement group is, and with that.
    return {"scheduling_strategy": "DEFAULT"}


def _make_elsewhere() -> None:
    """Has a process of its own make the hub, as a job without a runtime environment: what a process makes has at least its own
    environment, and the hub must not depend on one that somebody has sent along for a session. Blocks."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_JOB}
    code = f"import sys; sys.path[:] = {sys.path!r}; from klaw_agent.hub_actor import main; main(*sys.argv[1:])"
    context = ray.get_runtime_context()
    command = [sys.executable, "-c", code, context.gcs_address, ray.util.get_node_ip_address()]
    try:
        done = subprocess.run(  # noqa: S603 - our own code, with Ray's own addresses
            command,
            check=False,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_MAKER_TIME,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ChannelBackendError(
            f"the hub that holds the cluster's channels could not be made: {error}", cause=error
        ) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise ChannelBackendError(f"the hub that holds the cluster's channels could not be made: {said}")


def main(address: str, node: str) -> None:
    """What the process of its own does: makes the hub in the cluster of that address, from its node `node`."""
    ray.init(address=address, _node_ip_address=node, log_to_driver=False, configure_logging=False)
    make_hub()
    # What is under way to Ray when a job ends may be lost.
    ray.get(ray.get_actor(NAME, namespace=NAMESPACE).start.remote(), timeout=_START_TIME)
    ray.shutdown()
