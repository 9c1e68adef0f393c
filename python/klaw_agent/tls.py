"""TLS, when the cluster uses it: by the same variables of the environment as Ray itself."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping


def tls_from_environment(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext | None:
    """The context for a server; None when `RAY_USE_TLS` is not set. With a CA, clients must have a certificate of it.

    Raises `RuntimeError` when a variable is missing, and what reading the files raises.
    """
    if environment.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = environment.get("RAY_TLS_CA_CERT")
    _identify(context, environment)
    if authority:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def tls_to_cluster(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """The context for a connection to another process of the cluster, whose certificate has to be for its address. Without a CA of the
    cluster's own, one of the system's has to know it. Raises as `tls_from_environment`."""
    context = ssl.create_default_context(cafile=environment.get("RAY_TLS_CA_CERT") or None)
    _identify(context, environment)
    return context


def _identify(context: ssl.SSLContext, environment: Mapping[str, str]) -> None:
    certificate = environment.get("RAY_TLS_SERVER_CERT")
    key = environment.get("RAY_TLS_SERVER_KEY")
    if not certificate or not key:
        raise RuntimeError("RAY_USE_TLS is set, but RAY_TLS_SERVER_CERT or RAY_TLS_SERVER_KEY is not")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
