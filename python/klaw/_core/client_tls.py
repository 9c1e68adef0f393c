"""TLS towards the hub, when the cluster uses it: by the same variables of the environment as Ray itself."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping


def client_tls(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """The context of a client: it shows the node's certificate, and takes one that is of the cluster's authority.

    Names are not compared: certificates of clusters are seldom made out to addresses, and Ray does not compare them either.
    """
    context = ssl.create_default_context(cafile=environment.get("RAY_TLS_CA_CERT") or None)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate = environment.get("RAY_TLS_SERVER_CERT")
    key = environment.get("RAY_TLS_SERVER_KEY")
    if certificate and key:
        context.load_cert_chain(certificate, key)
    return context
