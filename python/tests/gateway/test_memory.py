from __future__ import annotations

import asyncio

from klaw_agent.gateway.memory import Memory

SIZE = 3 * 1024 * 1024


def test_memory_is_used_again_once_nobody_looks_at_it() -> None:
    async def use() -> None:
        memory = Memory()
        first = memory.take(SIZE)
        view = memoryview(first)[5:10].toreadonly()
        memory.keep(first)
        other = memory.take(SIZE)
        assert other is not first
        del view
        assert memory.take(SIZE - 1) is first
        memory.keep(other)
        assert memory.take(SIZE + 1) is not other
        memory.clear()
        assert memory.take(SIZE) is not other

    asyncio.run(use())


def test_memory_is_not_kept_for_ever_nor_without_bounds() -> None:
    async def use() -> None:
        memory = Memory()
        large = [memory.take(100 * 1024 * 1024) for _ in range(3)]
        for each in large:
            memory.keep(each)
        assert [memory.take(100 * 1024 * 1024) is each for each in large] == [True, True, False]
        memory.keep(memory.take(1000))
        assert len(memory.take(1000)) == 1000
        memory.clear()

    asyncio.run(use())
