from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from klaw_agent.lane.hello import UNKNOWN_CONNECTION, WELCOME
from klaw_agent.tls import tls_from_environment, tls_to_cluster
from klaw_agent.wire.frame import write_header
from tests.lane.client import Echoes, TcpClient
from tests.peer import listening, until


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A certificate that is its own authority."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *arguments, *names], check=True, capture_output=True)  # noqa: S603
    return {
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": str(certificate),
        "RAY_TLS_SERVER_KEY": str(key),
        "RAY_TLS_CA_CERT": str(certificate),
    }


def _client(environment: dict[str, str], with_certificate: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=environment["RAY_TLS_CA_CERT"])
    if with_certificate:
        context.load_cert_chain(environment["RAY_TLS_SERVER_CERT"], environment["RAY_TLS_SERVER_KEY"])
    return context


def test_who_has_no_certificate_of_the_authority_is_refused(environment: dict[str, str]) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(4))
        writer.close()

    async def ask(port: int, with_certificate: bool) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=_client(environment, with_certificate))
        try:
            writer.write(b"ping")
            return await reader.readexactly(4)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def test() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=tls_from_environment(environment))
        port = server.sockets[0].getsockname()[1]
        assert await ask(port, True) == b"ping"
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await ask(port, False)
        server.close()
        await server.wait_closed()

    asyncio.run(asyncio.wait_for(test(), 30))


def test_a_connection_over_tls_outlives_its_lanes(environment: dict[str, str]) -> None:
    async def test() -> None:
        echoes = Echoes()
        async with listening(echoes.serve, tls=tls_from_environment(environment)) as (_, port):
            client = TcpClient(port, _client(environment, True))
            for _ in range(4):
                for _ in range(10):
                    client.say(bytes(200_000))
                assert await client.connect() == WELCOME
                await until(lambda: len(client.heard) > len(client.said) - 7)
                await client.cut()
            assert await client.connect() == WELCOME
            await until(lambda: len(client.heard) == len(client.said))
            assert client.heard == client.said
            echoes.all[0].transport.write([write_header(0x13, 0, 7, 3_000_000), bytes(3_000_000)])
            echoes.all[0].transport.close()
            await client.is_lost.wait()
            assert client.stream.is_over
            assert client.heard[-1][0] == 7
            assert await client.connect() == UNKNOWN_CONNECTION

    asyncio.run(asyncio.wait_for(test(), 30))


def test_no_tls() -> None:
    assert tls_from_environment({}) is None
    with pytest.raises(RuntimeError, match="RAY_TLS_SERVER_CERT"):
        tls_from_environment({"RAY_USE_TLS": "1"})


def test_processes_of_the_cluster_know_each_other(environment: dict[str, str]) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=tls_from_environment(environment))
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls_to_cluster(environment))
            assert await reader.read() == b"hello"
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            # A certificate for another name is none.
            with pytest.raises(ssl.SSLCertVerificationError, match="not valid for 'elsewhere'"):
                await asyncio.open_connection(
                    "127.0.0.1", port, ssl=tls_to_cluster(environment), server_hostname="elsewhere"
                )

    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_process_without_a_certificate_can_not_reach_others() -> None:
    with pytest.raises(RuntimeError, match="RAY_TLS_SERVER_CERT"):
        tls_to_cluster({"RAY_USE_TLS": "1"})
