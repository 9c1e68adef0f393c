"""What the cluster is made of."""

from __future__ import annotations

import sys
from typing import Any

import ray

from .completions import Completions
from .serving import Request


class Cluster:
    """Answers about the cluster."""

    def __init__(self, completions: Completions, namespace: str) -> None:
        self._completions = completions
        self._namespace = namespace

    async def nodes(self, request: Request) -> list[dict[str, Any]]:
        """`cluster.nodes`."""
        return [
            {
                "nodeId": node["NodeID"],
                "alive": bool(node["Alive"]),
                "hostname": node.get("NodeManagerHostname", ""),
                "address": node.get("NodeManagerAddress", ""),
                "resources": dict(node.get("Resources", {})),
            }
            for node in await self._completions.call(ray.nodes)
        ]

    async def total(self, request: Request) -> dict[str, float]:
        """`cluster.total`: amounts by resource."""
        return dict(await self._completions.call(ray.cluster_resources))

    async def available(self, request: Request) -> dict[str, float]:
        """`cluster.available`: what nobody has claimed."""
        return dict(await self._completions.call(ray.available_resources))

    def about(self) -> dict[str, str]:
        """Where the agent is, for `session.open`."""
        context = ray.get_runtime_context()
        return {
            "rayVersion": ray.__version__,
            "pythonVersion": ".".join(map(str, sys.version_info[:3])),
            "nodeId": context.get_node_id(),
            "jobId": context.get_job_id(),
            "namespace": self._namespace,
        }
