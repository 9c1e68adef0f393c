"""Each head's client sessions have ports of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "klaw_cluster"))

from client_server import claim_range
from head import with_own_proxy


def test_two_claims_have_no_port_in_common():
    first = claim_range()
    second = claim_range()
    assert first is not None
    assert second is not None
    with first[1], second[1]:
        assert set(first[0]).isdisjoint(second[0])
        for ports, _ in (first, second):
            assert 24_000 < ports.start < ports.stop <= 32_000


def test_only_the_proxy_is_started_in_another_way():
    proxy = ["python", "setup_worker.py", "-m", "ray.util.client.server", "--port=1", "--mode=proxy"]
    changed = with_own_proxy(proxy)
    assert changed[:2] == proxy[:2]
    assert Path(changed[2]).name == "client_server.py"
    assert Path(changed[2]).is_file()
    assert changed[3:] == proxy[4:]
    for other in (["gcs_server", "--port=1"], [*proxy[:-1], "--mode=specific-server"], ["x", "--mode=proxy"]):
        assert with_own_proxy(other) == other


FOLDER = str(Path(__file__).parents[2] / "klaw_cluster")
STARTED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import client_server
from ray.util.client.server import proxier, server
server.main = lambda: print(os.environ["GRPC_ENABLE_FORK_SUPPORT"], proxier.MIN_SPECIFIC_SERVER_PORT >= 24_000)
client_server.main()
"""


def test_the_proxy_forks_without_waiting_for_grpc():
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_ENABLE_FORK_SUPPORT"}
    for told, expected in (({}, "0 True"), ({"GRPC_ENABLE_FORK_SUPPORT": "1"}, "1 True")):
        command = [sys.executable, "-c", STARTED, FOLDER]
        done = subprocess.run(command, env={**environment, **told}, capture_output=True, text=True, check=True)  # noqa: S603
        assert done.stdout.split("\n")[-2] == expected
