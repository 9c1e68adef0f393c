"""Small values that stay with the agent until something needs a ref of Ray's for them."""

from __future__ import annotations

from typing import Any

import pytest
from client import Client, Failure, Handle, Run

from klaw_agent.gateway import frames, kept
from klaw_agent.gateway.entries import ObjectEntry
from klaw_agent.gateway.kept import Kept


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What this process has put into Ray."""
    ray = pytest.importorskip("ray")
    values: list[Any] = []
    put = ray.put

    def put_and_tell(value: Any, **options: Any) -> Any:
        values.append(value)
        return put(value, **options)

    monkeypatch.setattr(ray, "put", put_and_tell)
    return values


def entry_of(client: Client, number: int) -> ObjectEntry:
    return client.session.table.object(number)


def ref_of(client: Client, number: int) -> Any:
    return entry_of(client, number).ref


async def put(client: Client, value: Any) -> int:
    number, told = client.put(value)
    await told
    return number


def test_what_only_the_client_wants_never_gets_to_ray(with_client: Run, stored: list[Any]):
    async def test(client: Client) -> None:
        all_of_it = client.session.refs.room.left
        value = {"text": "x" * 500, "list": [1, 2.5, None, True], "bytes": b"abc"}
        number = await put(client, value)
        taken = all_of_it - client.session.refs.room.left
        assert 500 < taken < 600
        for _ in range(2):
            assert await client.get(number) == value
        assert await client.settled(number) == frames.HAS_VALUE
        assert await client.settled(number, attempt=True) == frames.HAS_VALUE
        await client.ask("object.cancel", {"number": number, "force": False, "recursive": True})
        assert await client.get(number) == value
        client.release((number, 1))
        assert client.session.refs.room.left == all_of_it
        assert stored == []

    with_client(test)


def test_the_first_who_needs_a_ref_has_the_value_put_and_it_stays_the_same_object(with_client: Run, stored: list[Any]):
    async def test(client: Client) -> None:
        all_of_it = client.session.refs.room.left
        actor = await client.create("shapes", "Counter")
        number = await put(client, [1, 2])
        assert await client.get(client.invoke(actor, "see", Handle(1, number))) == [1, 2]
        assert stored == [[1, 2]]
        assert client.session.refs.room.left == all_of_it
        assert await client.get(client.invoke(actor, "keep", [Handle(1, number)])) == 1
        assert await client.get(client.call(actor, "keep", [[Handle(1, number), Handle(1, number)]])) == 2
        assert await client.get(client.task("shapes", "double", Handle(1, number))) == [1, 2, 1, 2]
        # As part of another value, which is one of Ray's then.
        outer = await put(client, {"inner": Handle(1, number)})
        assert (await client.get(outer))["inner"].number == number
        assert len(stored) == 2
        [same] = await client.get(client.invoke(actor, "give_same", [Handle(1, number)]))
        assert same.number == number
        assert await client.get(number) == [1, 2]

    with_client(test)


def test_who_holds_the_ref_gets_the_value_after_the_client_has_let_go(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        number = await put(client, "kept")
        holding = client.invoke(actor, "keep", [Handle(1, number)])
        client.release((number, 1))
        assert await client.get(holding) == 1
        assert await client.get(client.invoke(actor, "get_kept")) == ["kept"]

    with_client(test)


def test_many_at_once_are_put_by_threads_in_their_turn(with_client: Run, stored: list[Any]):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        numbers = [await put(client, number) for number in range(100)]
        refs = [Handle(1, number) for number in numbers]
        keeping = client.invoke(actor, "keep", [*refs, *refs])
        got = client.invoke(actor, "get_kept")
        again = client.invoke(actor, "keep", refs[:50])
        assert ref_of(client, numbers[-1]) is None
        # They are known by their numbers until the call has been made.
        client.release(*((number, 1) for number in numbers[:50]))
        assert await client.get(got) == [*range(100), *range(100)]
        assert await client.get(keeping) == 200
        assert await client.get(again) == 50
        assert sorted(stored) == list(range(100))
        item, told = client.put(refs[50:])
        await told
        assert [one.number for one in await client.get(item)] == numbers[50:]
        assert client.session.refs.room.left == kept.MOST_OF_ALL

    with_client(test)


def test_what_is_freed_fails_whether_ray_knows_it_or_is_about_to(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        number = await put(client, 1)
        others = [await put(client, number) for number in range(20)]
        seeing = client.invoke(actor, "see", [Handle(1, number) for number in others])
        freeing = client.ask("object.free", [number, *others])
        await freeing
        for one in (number, others[-1]):
            assert await client.settled(one) == frames.HAS_FAILED
            with pytest.raises(Failure, match="freed") as failure:
                await client.get(one)
            assert failure.value.error.code == "OBJECT_FREED"
        with pytest.raises(Failure, match="freed"):
            await client.get(client.invoke(actor, "add", Handle(1, number)))
        await client.get(seeing)
        assert client.session.refs.room.left == kept.MOST_OF_ALL

    with_client(test)


def test_what_is_large_or_not_plain_or_has_no_room_is_put_at_once(with_client: Run):
    numpy = pytest.importorskip("numpy")

    async def test(client: Client) -> None:
        inner = await put(client, 1)
        for value in (bytes(kept.MOST_OF_ONE), numpy.arange(3.0), {"a": Handle(1, inner)}, {1, 2}):
            assert ref_of(client, await put(client, value)) is not None
        room = client.session.refs.room
        room.left = 1_500
        numbers = [await put(client, bytes([index]) * 1_000) for index in range(3)]
        assert [ref_of(client, number) is None for number in numbers] == [True, False, False]
        client.release((numbers[0], 1))
        assert room.left == 1_500
        numbers[0] = await put(client, bytes(1_000))
        assert ref_of(client, numbers[0]) is None
        assert [(await client.get(number))[0] for number in numbers] == [0, 1, 2]

    with_client(test)


def test_what_ray_does_not_take_fails_who_needs_it_there(with_client: Run, monkeypatch: pytest.MonkeyPatch):
    ray = pytest.importorskip("ray")

    def refuse(_value: Any) -> None:
        raise ray.exceptions.ObjectStoreFullError("there is no room left")

    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Counter")
        numbers = [await put(client, number) for number in range(20)]
        refs = [Handle(1, number) for number in numbers]
        with monkeypatch.context() as patch:
            patch.setattr(ray, "put", refuse)
            for argument in (refs[0], refs):
                with pytest.raises(Failure, match="no room left"):
                    await client.get(client.invoke(actor, "see", argument))
        assert await client.get(numbers[0]) == 0
        assert await client.get(client.invoke(actor, "keep", refs)) == 20
        assert await client.get(client.invoke(actor, "get_kept")) == list(range(20))

    with_client(test)


def test_what_was_released_before_it_came_takes_no_room(with_client: Run):
    async def test(client: Client) -> None:
        for kept_one in (Kept(b"\x01"), Kept(b"\x01")):
            entry = client.session.table.make_object(client.number())
            client.release((entry.number, 1))
            client.session.refs.keep_or_put(entry, kept_one)
        assert client.session.refs.room.left == kept.MOST_OF_ALL

    with_client(test)
