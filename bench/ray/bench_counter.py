"""The actor that both sides call."""

from __future__ import annotations

import os


class Counter:
    def __init__(self) -> None:
        self.total = 0

    def add(self, number: int) -> int:
        self.total += number
        return self.total

    def process(self) -> int:
        return os.getpid()
