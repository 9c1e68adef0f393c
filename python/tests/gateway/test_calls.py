from __future__ import annotations

import asyncio
from typing import Any

import pytest
from client import Client, Failure, Handle, Run


def test_calls_of_an_actor_run_in_order_also_before_it_is_there(with_client: Run):
    async def test(client: Client) -> None:
        number, created = client.start("shapes", "Counter", 5)
        calls = [client.invoke(number, "add", 1) for _ in range(20)]
        assert [await client.get(call) for call in calls] == list(range(6, 26))
        made = await created
        assert made["description"]["name"] == "Counter"
        assert made["description"]["methods"]["count_to"] == "stream"
        assert made["description"]["methods"]["add"] == "value"
        assert made["description"]["asynchronous"] is False
        await client.ask("actor.ready", number)

    with_client(test)


def test_refs_are_resolved_at_the_top_and_stay_refs_inside(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        number, stored = client.put({"a": [1, 2, 3]})
        top = client.invoke(actor, "see", Handle(1, number))
        inside = client.invoke(actor, "see", [Handle(1, number)])
        kind = client.invoke(actor, "kind_of", Handle(1, number))
        await stored
        assert await client.get(top) == {"a": [1, 2, 3]}
        [ref] = await client.get(inside)
        assert ref.number == number
        assert await client.get(kind) == "builtins.dict"

    with_client(test)


def test_what_is_passed_on_before_it_is_there_is_waited_for_in_order(with_client: Run):
    async def test(client: Client) -> None:
        first, _ = client.start("shapes", "Counter", 100)
        second = await client.create("shapes", "Counter")
        result = client.invoke(first, "add", 1)
        calls = [client.invoke(second, "see", Handle(1, result)), client.invoke(second, "see", 2)]
        large, stored = client.put(bytes(3_000_000))
        calls.append(client.invoke(second, "see", [Handle(1, large)]))
        calls.append(client.invoke(second, "see", 4))
        # Given up before their turn: the calls hold them.
        client.release((result, 1), (large, 1), (first, 1))
        assert await client.get(calls[0]) == 101
        await stored
        seen = await client.get(client.invoke(second, "all_seen"))
        assert seen[0] == 101
        assert seen[1] == 2
        assert isinstance(seen[2][0], Handle)
        assert seen[3] == 4

    with_client(test)


def test_large_arguments_keep_their_turn(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        calls = [client.invoke(actor, "see", bytes(2_000_000)), client.invoke(actor, "see", 1)]
        assert len(await client.get(calls[0])) == 2_000_000
        seen = await client.get(client.invoke(actor, "all_seen"))
        assert [len(seen[0]), seen[1]] == [2_000_000, 1]

    with_client(test)


def test_handles_go_both_ways(with_client: Run):
    async def test(client: Client) -> None:
        one = await client.create("shapes", "Counter", 1)
        two = await client.create("shapes", "Counter", 2)
        assert await client.get(client.invoke(one, "ask", Handle(2, two))) == 12
        [back] = await client.get(client.invoke(one, "give_same", [Handle(2, two)]))
        assert back.kind == 2
        assert back.body[0] == two
        assert back.body[2]["name"] == "Counter"
        [ref] = await client.get(client.invoke(one, "give_ref"))
        assert ref.number >= 2**31
        assert await client.get(ref.number) == "from python"
        [again] = await client.get(client.invoke(one, "give_same", [Handle(1, ref.number)]))
        assert again.number == ref.number
        held = len(client.session.table)
        client.release((ref.number, 1))
        assert len(client.session.table) == held
        client.release((ref.number, 1))
        assert len(client.session.table) == held - 1

    with_client(test)


def test_python_objects_come_back_as_themselves(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        opaque = await client.get(client.invoke(actor, "opaque"))
        assert opaque.type_name == "shapes.Opaque"
        assert await client.get(client.invoke(actor, "open", opaque)) == "secret"

    with_client(test)


def test_options_of_a_call(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        assert await client.get(client.call(actor, "add", [5], name="five")) == 5
        with pytest.raises(Failure, match="nonsense"):
            await client.get(client.call(actor, "add", [5], nonsense=1))

    with_client(test)


@pytest.mark.parametrize(
    ("method", "args", "text"),
    [
        ("missing", [], "has no method 'missing': it has add"),
        ("add", [1, 2, 3], "too many positional arguments"),
        ("count_to", [3], "generator"),
        ("__init__", [], "has no method"),
        ("__dict__", [], "has no method"),
    ],
)
def test_calls_that_can_not_be(with_client: Run, method: str, args: list[Any], text: str):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        call = client.invoke(actor, method, *args)
        with pytest.raises(Failure, match=text) as failure:
            await client.get(call)
        assert failure.value.error.code == "RAY"
        assert await client.settled(call) == 2
        # A ref to it can be passed on all the same, and fails who uses it.
        with pytest.raises(Failure):
            await client.get(client.invoke(actor, "see", Handle(1, call)))

    with_client(test)


def test_cancel_before_and_after_the_start(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Slow")
        waiting = client.invoke(actor, "wait")
        answer = asyncio.ensure_future(client.get(waiting))
        await client.get(client.invoke(actor, "was_cancelled"))
        await client.ask("object.cancel", {"number": waiting, "force": False, "recursive": True})
        with pytest.raises(Failure) as failure:
            await answer
        assert failure.value.error.code == "TASK_CANCELLED"
        assert await client.get(client.invoke(actor, "was_cancelled")) is True

        late, _ = client.start("shapes", "Counter")
        call = client.invoke(late, "add")
        await client.ask("object.cancel", {"number": call, "force": False, "recursive": True})
        with pytest.raises(Failure) as failure:
            await client.get(call)
        assert failure.value.error.code == "TASK_CANCELLED"
        assert await client.get(client.invoke(late, "add")) == 1

    with_client(test)
