"""Channels over TLS, as a cluster with certificates has them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from in_process_hub import InProcessHub

import klaw
from klaw._core.runtime import RUNTIME
from klaw_agent.tls import tls_from_environment


def certificate(folder: Path, name: str) -> dict[str, str]:
    """A certificate that is its own authority."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, made = folder / f"{name}-key.pem", folder / f"{name}.pem"
    arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run([openssl, *arguments, *names], check=True, capture_output=True)  # noqa: S603
    return {
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": str(made),
        "RAY_TLS_SERVER_KEY": str(key),
        "RAY_TLS_CA_CERT": str(made),
    }


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    made = certificate(tmp_path, "cluster")
    hub = InProcessHub(tls_from_environment(made))
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(RUNTIME, "_find", lambda: hub.address)
    monkeypatch.setattr(RUNTIME, "_cluster", lambda: "a cluster")
    try:
        yield made
    finally:
        RUNTIME.shutdown()
        hub.close()


def test_items_flow_over_tls(environment: dict[str, str]) -> None:
    tx, rx = klaw.channel(capacity=10)
    tx.send_batch(range(10))
    assert rx.recv_batch() == list(range(10))
    tx.close()
    assert list(rx) == []


def test_a_hub_with_another_certificate_is_refused(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_TLS_CA_CERT", certificate(tmp_path, "stranger")["RAY_TLS_CA_CERT"])
    with pytest.raises(klaw.KlawError, match="certificate"):
        klaw.channel()
