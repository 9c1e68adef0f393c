"""The command ``ray`` for a head, whose client sessions get ports that no other head on the machine uses.

Ray's proxy for clients picks the port of a session's process, on 127.0.0.1 and from one range for every head, about a second before
that process binds it. So of two heads that are asked at the same time one would serve the session of the other. Ray has no option for
the range; the proxy is started through ``client_server.py`` instead, which gives it another one.

Arguments: the path of the command ``ray``, then that command's own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

_PROXY = ["-m", "ray.util.client.server"]


def with_own_proxy(command: list[str]) -> list[str]:
    """The command that starts a proxy, through our script; any other one as it is."""
    if "--mode=proxy" not in command:
        return command
    for start in range(len(command) - 1):
        if command[start : start + 2] == _PROXY:
            script = str(Path(__file__).with_name("client_server.py"))
            return [*command[:start], script, *command[start + 2 :]]
    return command


def main() -> None:
    ray_command, *arguments = sys.argv[1:]
    try:
        from ray._private import services
        from ray.scripts.scripts import main as run
    except ImportError:
        # This Python is not the command's own: the head then starts as Ray would start it.
        os.execv(ray_command, [ray_command, *arguments])  # noqa: S606
    start_ray_process = services.start_ray_process

    def start(command: list[str], *rest: Any, **options: Any) -> Any:
        return start_ray_process(with_own_proxy(command), *rest, **options)

    services.start_ray_process = start
    sys.argv = [ray_command, *arguments]
    sys.exit(run())


if __name__ == "__main__":
    # What this folder holds is not for the programs of Ray to find.
    sys.path.pop(0)
    main()
