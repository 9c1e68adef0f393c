"""What channels are made with, checked."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from ._core.pending import check_seconds

#: Ends with its holders or with the session that made it, or stays until it is deleted.
Lifetime = Literal["detached", "session"]
#: `"manual"`: deliveries have to be acknowledged.
Ack = Literal["manual"]

#: The namespace of channels that do not name one.
NAMESPACE: Final = "klaw"
CAPACITY: Final = 10_000
ACK_TIMEOUT: Final = 30.0


def channel_spec(
    name: str | None,
    *,
    capacity: int | None,
    unbounded: bool,
    namespace: str,
    ack: str | None,
    ack_timeout: float | None,
    lifetime: str | None,
    ttl: float | None,
) -> dict[str, Any]:
    """As the hub reads it. Raises `TypeError` or `ValueError`, which names the argument, its value and what is allowed."""
    spec = named_spec("mpmc", name, namespace=namespace, lifetime=lifetime, ttl=ttl)
    spec["capacity"] = _checked_capacity(capacity, unbounded)
    if ack not in (None, "manual"):
        raise ValueError(f"'ack' must be 'manual' or None, got {ack!r}")
    if ack_timeout is not None and ack is None:
        raise TypeError("'ack_timeout' is only for channels with ack='manual'")
    check_seconds("ack_timeout", ack_timeout, positive=True)
    spec["ack"] = ack is not None
    spec["ackTimeout"] = (ACK_TIMEOUT if ack_timeout is None else ack_timeout) * 1000.0
    return spec


def broadcast_spec(
    name: str | None, *, capacity: int, namespace: str, lifetime: str | None, ttl: float | None
) -> dict[str, Any]:
    """As `channel_spec`."""
    spec = named_spec("broadcast", name, namespace=namespace, lifetime=lifetime, ttl=ttl)
    spec["capacity"] = _checked_capacity(capacity, False)
    return spec


def named_spec(
    kind: str, name: str | None, *, namespace: str = NAMESPACE, lifetime: str | None = None, ttl: float | None = None
) -> dict[str, Any]:
    """What all kinds of channels have in common."""
    if name is not None:
        check_name("name", name)
    check_name("namespace", namespace)
    if lifetime not in (None, "detached", "session"):
        raise ValueError(f"'lifetime' must be 'detached', 'session' or None, got {lifetime!r}")
    if name is None and (lifetime == "detached" or ttl is not None):
        option = "lifetime" if ttl is None else "ttl"
        raise TypeError(f"'{option}' needs a 'name': nobody could find the channel again")
    check_seconds("ttl", ttl)
    spec: dict[str, Any] = {
        "kind": kind,
        "capacity": 1,
        "ack": False,
        "ackTimeout": math.inf,
        "namespace": namespace,
        "lifetime": lifetime or ("session" if name is None else "detached"),
    }
    if name is not None:
        spec["name"] = name
    if ttl is not None:
        spec["ttl"] = ttl * 1000
    return spec


def check_name(argument: str, name: object) -> None:
    """Raises `TypeError` or `ValueError`."""
    if not isinstance(name, str):
        raise TypeError(f"'{argument}' must be a str, got {name!r}")
    if name == "":
        raise ValueError(f"'{argument}' must be a str that is not empty, got ''")


def _checked_capacity(capacity: object, unbounded: bool) -> float:
    if unbounded:
        if capacity is not None:
            raise TypeError(f"'capacity' and unbounded=True exclude each other, got {capacity!r}")
        return math.inf
    if capacity is None:
        return CAPACITY
    if capacity in (0, math.inf):
        raise ValueError(
            f"'capacity' must be a positive integer, got {capacity!r}; for a channel without a limit use unbounded=True"
        )
    if isinstance(capacity, bool) or not isinstance(capacity, int):
        raise TypeError(f"'capacity' must be a positive integer, got {capacity!r}")
    if capacity < 1 or capacity > 2**53 - 1:
        raise ValueError(f"'capacity' must be a positive integer, got {capacity!r}")
    return capacity
