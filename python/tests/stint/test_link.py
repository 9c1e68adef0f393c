"""The connection of an actor's process, with and without TLS, to an agent of few words."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from klaw_agent.lane import hello
from klaw_agent.stint.link import Address, Link, LinkLost
from klaw_agent.stint.terms import CANCELLED, item_reader
from klaw_agent.tls import tls_from_environment

TOKEN = bytes(range(32))


class Agent:
    """Accepts one connection after the other."""

    def __init__(self, tls: bool) -> None:
        self._tls = tls_from_environment() if tls else None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._reader: Any = item_reader()
        self._socket: socket.socket | None = None
        self.link = Link(Address("127.0.0.1", self._listening.getsockname()[1], tls, TOKEN, bytes(16)))

    def connect(self, status: int = hello.WELCOME) -> Any:
        """Has the link connect; returns what it reports."""
        raised: list[Exception] = []

        def connect() -> None:
            try:
                self.link.connect()
            except Exception as error:
                raised.append(error)

        thread = threading.Thread(target=connect)
        thread.start()
        accepted, _ = self._listening.accept()
        self._socket = accepted if self._tls is None else self._tls.wrap_socket(accepted, server_side=True)
        data = b""
        while len(data) < hello.HELLO_LENGTH:
            data += self._socket.recv(hello.HELLO_LENGTH - len(data))
        asked = hello.read_hello(data, TOKEN)
        assert isinstance(asked, hello.Hello)
        assert asked.connection == bytes(16)
        self._socket.sendall(hello.write_answer(status))
        self._reader = item_reader()
        report = self.hear() if status == hello.WELCOME else None
        thread.join()
        if raised:
            raise raised[0]
        return report

    def say(self, *items: Any) -> None:
        assert self._socket is not None
        self._socket.sendall(b"".join(map(msgpack.packb, items)))

    def hear(self) -> Any:
        assert self._socket is not None
        while True:
            for item in self._reader:
                return item
            self._reader.feed(self._socket.recv(65536))

    def hang_up(self) -> None:
        assert self._socket is not None
        self._socket.close()

    def close(self) -> None:
        self.link.close()
        if self._socket is not None:
            self._socket.close()
        self._listening.close()


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def agent(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    if request.param:
        openssl = shutil.which("openssl")
        if openssl is None:
            pytest.skip("there is no openssl to make a certificate with")
        key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
        arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
        subprocess.run([openssl, *arguments, *names], check=True, capture_output=True)  # noqa: S603
        monkeypatch.setenv("RAY_USE_TLS", "1")
        monkeypatch.setenv("RAY_TLS_SERVER_CERT", certificate)
        monkeypatch.setenv("RAY_TLS_SERVER_KEY", key)
        monkeypatch.setenv("RAY_TLS_CA_CERT", certificate)
    made = Agent(request.param)
    yield made
    made.close()


def test_calls_come_and_outcomes_go_in_their_order(agent: Agent) -> None:
    link = agent.link
    instance, done, last = agent.connect()
    assert (len(instance), done, last) == (16, 0, [])
    agent.say(["add", 1, "two"], ["add", 2])
    assert link.next_call(1, 5, look=False) == ["add", 1, "two"]
    link.done(b"first")
    assert link.next_call(1, 5, look=False) == ["add", 2]
    link.done(b"second")
    assert [agent.hear(), agent.hear()] == [b"first", b"second"]
    assert link.next_call(1, 0.01, look=False) is None


def test_what_was_cancelled_does_not_run(agent: Agent) -> None:
    link = agent.link
    agent.connect()
    agent.say(["a"], ["b"], ["c"], 1)
    assert link.next_call(1, 5, look=True) == ["a"]
    link.done(b"")
    # Too late for this one.
    agent.say(0)
    assert link.next_call(1, 5, look=True) == ["c"]
    link.done(b"")
    assert [agent.hear(), agent.hear(), agent.hear()] == [b"", CANCELLED, b""]


def test_a_stint_that_need_not_wait_does_not(agent: Agent) -> None:
    agent.connect()
    agent.say(["a"], -7)
    assert agent.link.next_call(7, 60, look=False) == ["a"]
    agent.link.done(b"")
    assert agent.link.next_call(7, 60, look=False) is None
    # It was not meant for the next one.
    agent.say(["b"])
    assert agent.link.next_call(8, 60, look=False) == ["b"]


def test_a_lost_connection_is_made_again_and_says_what_has_been_done(agent: Agent) -> None:
    link = agent.link
    instance, _, _ = agent.connect()
    agent.say(["a"], ["b"], ["c"])
    for outcome in (b"1", b"2"):
        assert link.next_call(1, 5, look=False) is not None
        link.done(outcome)
    assert not link.is_over()
    agent.hang_up()

    def read_on() -> None:
        # The third one came before that.
        for _ in range(3):
            link.next_call(1, 5, look=True)

    with pytest.raises(LinkLost):
        read_on()
    assert not link.is_connected
    assert link.is_over()
    assert agent.connect() == [instance, 2, [b"1", b"2"]]
    agent.say(["c"])
    assert link.next_call(2, 5, look=False) == ["c"]


def test_an_agent_that_is_gone_is_noticed_without_reading(agent: Agent) -> None:
    agent.connect()
    agent.say(["a"])
    assert agent.link.next_call(1, 5, look=False) == ["a"]
    assert not agent.link.is_over()
    agent.hang_up()
    if agent.link._address.tls:
        return
    while not agent.link.is_over():
        pass


def test_who_is_refused_says_so(agent: Agent) -> None:
    with pytest.raises(ConnectionRefusedError, match="unknown"):
        agent.connect(hello.UNKNOWN_CONNECTION)
    assert not agent.link.is_connected
