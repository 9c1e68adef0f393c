"""Actors whose calls share tasks, or do not."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import ray
import ray.actor


class Ledger:
    """Writes down what has run, in a file if it is given one: that outlives the process."""

    def __init__(self, path: str | None = None) -> None:
        self.path = path
        self.entries: list[Any] = []
        self.add = 5

    def add(self, entry: Any) -> int:  # type: ignore[no-redef]
        self.entries.append(entry)
        if self.path is not None:
            with Path(self.path).open("a", encoding="utf-8") as file:
                file.write(f"{entry}\n")
        return len(self.entries)

    def all(self) -> list[Any]:
        return self.entries

    def echo(self, value: Any) -> Any:
        return value

    def slow(self, seconds: float) -> int:
        time.sleep(seconds)
        return len(self.entries)

    def wait_for(self, path: str) -> str:
        """Until there is such a file. That it has begun, another one says."""
        Path(path + ".begun").touch()
        deadline = time.monotonic() + 30
        while not Path(path).exists():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.001)
        return path

    def pair(self) -> tuple[int, int]:
        return (1, 2)

    def opaque(self) -> Any:
        return Opaque("secret")

    def twice(self) -> Any:
        once = [1]
        return [once, once]

    def large(self, size: int) -> bytes:
        return bytes(size)

    def fail(self, entry: Any) -> None:
        self.entries.append(entry)
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise OddError(f"odd {entry}", 7) from error

    def fail_unpicklably(self) -> None:
        raise Unpicklable("stays")

    def numbers(self, end: int) -> Any:
        yield from (number for number in range(end))

    def two(self, first: Any, second: Any = None) -> list[Any]:
        return [first, second]

    def context(self) -> dict[str, Any]:
        context = ray.get_runtime_context()
        return {"actor": context.get_actor_id(), "node": context.get_node_id(), "task": context.get_task_name()}

    @staticmethod
    def shared(value: int) -> int:
        return value + 1

    def process(self) -> int:
        return os.getpid()

    def exit(self) -> None:
        ray.actor.exit_actor()

    def quit(self) -> None:
        raise SystemExit(3)

    def die(self) -> None:
        os._exit(1)


class Opaque:
    def __init__(self, text: str) -> None:
        self.text = text


class OddError(Exception):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> Any:
        return OddError, (self.args[0], self.code)


class Unpicklable(Exception):
    def __reduce__(self) -> Any:
        raise TypeError("it stays here")


class Asynchronous:
    async def add(self, value: int) -> int:
        return value


class Grouped:
    """Its calls of `open` run beside others."""

    def __init__(self) -> None:
        self.is_open = False

    @ray.method(concurrency_group="side")
    def open(self) -> None:
        self.is_open = True

    def add(self, value: int) -> int:
        return value

    def wait(self) -> bool:
        while not self.is_open:
            time.sleep(0.001)
        return True


GroupedActor = ray.remote(concurrency_groups={"side": 1})(Grouped)
