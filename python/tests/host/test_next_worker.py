"""When a worker is asked for in advance, and that the next actor gets it."""

from __future__ import annotations

import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: its workers are what is asked for")

from klaw_agent.host import next_worker
from klaw_agent.host.next_worker import KEEP_ALIVE, SWITCH, Need, ask_once, have_one_ready, process_age
from tests.host.actors import Host, run
from tests.host.processes import parent_of, until

OLD = 1000.0


class Raylet:
    """Counts the requests."""

    def __init__(self) -> None:
        self.asked: list[Need] = []

    def __call__(self, need: Need) -> None:
        self.asked.append(need)


@pytest.fixture
def need(tmp_path: Path) -> Need:
    return Need("127.0.0.1:1", b"\1\0\0\0", "{}", str(tmp_path))


def settle(need: Need, raylet: Raylet, age: float = OLD) -> bool:
    return ask_once(need, raylet, lambda: age)


def make_older(need: Need, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(need.note, (then, then))


def test_the_first_actor_asks_and_those_beside_it_do_not(need: Need):
    raylet = Raylet()
    assert [settle(need, raylet) for _ in range(8)] == [True] + [False] * 7
    assert raylet.asked == [need]


def test_of_many_at_once_one_asks(need: Need):
    raylet = Raylet()
    together = threading.Barrier(8)

    def actor() -> None:
        together.wait()
        settle(need, raylet)

    threads = [threading.Thread(target=actor) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raylet.asked == [need]


def test_who_has_got_the_worker_asks_for_the_next(need: Need):
    raylet = Raylet()
    settle(need, raylet)
    make_older(need, 10)
    assert not settle(need, raylet, age=10.5)
    assert settle(need, raylet, age=9.5)
    # The one after that is asked for.
    assert not settle(need, raylet, age=9.5)


def test_a_worker_that_nobody_took_is_asked_for_again(need: Need):
    raylet = Raylet()
    settle(need, raylet)
    make_older(need, KEEP_ALIVE - 5)
    assert not settle(need, raylet)
    make_older(need, KEEP_ALIVE + 5)
    assert settle(need, raylet)
    # A clock that was set back is no reason to wait.
    make_older(need, -100)
    assert settle(need, raylet)


def test_each_job_and_each_environment_has_its_own(need: Need):
    raylet = Raylet()
    others = [need, need._replace(job=b"\2\0\0\0"), need._replace(runtime_env='{"env_vars": {"A": "1"}}')]
    assert all(settle(one, raylet) for one in others)
    assert raylet.asked == others


def test_one_asks_while_another_has_the_note(need: Need):
    raylet = Raylet()
    seen: list[bool] = []

    def slow(need: Need) -> None:
        make_older(need, KEEP_ALIVE + 5)
        seen.append(settle(need, raylet))

    assert ask_once(need, slow, lambda: OLD)
    assert seen == [False]
    assert raylet.asked == []


def test_a_raylet_that_refuses_and_a_folder_that_is_not_there_harm_nobody(need: Need):
    def refuse(_need: Need) -> None:
        raise RuntimeError("unimplemented")

    assert not ask_once(need, refuse)
    assert not ask_once(need._replace(folder=need.folder + "/gone"), refuse)
    # Nobody is there. It has been tried: so soon nobody tries again.
    make_older(need, KEEP_ALIVE + 5)
    assert not ask_once(need)
    assert not settle(need, Raylet())


def test_where_it_is_switched_off_or_no_worker_runs_nothing_is_asked(monkeypatch: pytest.MonkeyPatch):
    def fail(*_all: Any) -> None:
        raise AssertionError("nobody should ask")

    monkeypatch.setattr(threading, "Timer", fail)
    monkeypatch.setattr(next_worker, "_own_need", lambda: 1 / 0)
    have_one_ready()
    monkeypatch.setattr(next_worker, "_own_need", fail)
    monkeypatch.setenv(SWITCH, "0")
    have_one_ready()


def test_the_age_of_this_process():
    age = process_age()
    assert 0 < age < 24 * 3600
    assert process_age() >= age


def test_the_next_actor_gets_a_worker_that_is_there_already(cluster: Any):
    # Workers of this environment are nobody else's.
    mark = uuid.uuid4().hex
    environment = {"env_vars": {"KLAW_TEST_MARK": mark}}

    async def test(host: Host) -> None:
        async def create() -> int:
            """The process id of its worker."""
            number = await host.create(runtime_env=environment, num_cpus=0)
            return parent_of(await host.handle(number).pid.remote())

        used = [await create()]
        is_idle: list[int] = []
        # The name of an idle worker is there a little before Ray can give it to anybody: then the actor gets another one.
        while used[-1] not in is_idle:
            until(lambda: len(idle_workers(mark)) > 0, "there is a worker for the next actor", 60)
            is_idle = idle_workers(mark)
            used.append(await create())
        # It has got one that was there: it was not made for it.
        assert len(set(used)) == len(used)
        until(lambda: len(idle_workers(mark)) > 0, "there is another one", 60)

    run(test, 180)


def idle_workers(mark: str) -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if is_idle_worker(folder, mark.encode())]


def is_idle_worker(folder: Path, mark: bytes) -> bool:
    try:
        # Ray sets the variables of an environment when it starts a worker.
        return (folder / "cmdline").read_bytes().startswith(b"ray::IDLE") and mark in (folder / "environ").read_bytes()
    except OSError:
        return False
