from __future__ import annotations

import asyncio

import pytest
from client import Client, Failure, Handle, Run

from klaw_agent.gateway import frames
from klaw_agent.wire.frame import ERROR, write_frame


def test_values_are_cut_into_pieces_and_others_go_in_between(with_client: Run):
    async def test(client: Client) -> None:
        data = bytes(range(256)) * 20_000
        number, stored = client.put(data)
        small, small_stored = client.put("small")
        await stored
        await small_stored
        large = asyncio.ensure_future(client.get(number))
        assert await client.get(small) == "small"
        assert await large == data
        sizes = [size for kind, _, stream, size in client.log if kind == frames.VALUE and stream == number]
        assert len(sizes) == 5
        order = [stream for kind, _, stream, _ in client.log if kind == frames.VALUE]
        assert order.index(small) < len(order) - 1

    with_client(test)


def test_arrays_arrive_as_arrays(with_client: Run):
    numpy = pytest.importorskip("numpy")

    async def test(client: Client) -> None:
        array = numpy.arange(300_000, dtype="<f8")
        number, stored = client.put({"array": array})
        await stored
        actor = await client.create("shapes", "Counter")
        assert await client.get(client.invoke(actor, "kind_of", Handle(1, number))) == "builtins.dict"
        back = await client.get(number)
        assert (back["array"] == array).all()

    with_client(test)


def test_every_get_is_answered_once(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Slow")
        call = client.invoke(actor, "wait")
        gets = [asyncio.ensure_future(client.get(call)) for _ in range(3)]
        await asyncio.sleep(0)
        # One of them no longer.
        client.send(write_frame(frames.GET, ERROR, call))
        gets.pop().cancel()
        client.invoke(actor, "open")
        assert await asyncio.gather(*gets) == ["open", "open"]
        assert len([1 for kind, _, stream, _ in client.log if (kind, stream) == (frames.VALUE, call)]) == 2

    with_client(test)


def test_watches_tell_what_has_settled_and_how(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Slow")
        waiting = client.invoke(actor, "wait")
        assert await client.settled(waiting, attempt=True) == 0
        watched = asyncio.ensure_future(client.settled(waiting))
        large, _ = client.put(bytes(2_000_000))
        assert await client.settled(large) == 1
        failing = await client.create("shapes", "Counter")
        assert await client.settled(client.invoke(failing, "fail")) == 2
        big = client.invoke(failing, "big", 3_000_000)
        assert await client.settled(big) == 1
        assert await client.settled(big, attempt=True) == 1
        assert not watched.done()
        client.invoke(actor, "open")
        assert await watched == 1
        # Values have not moved.
        assert not [1 for kind, *_ in client.log if kind == frames.VALUE]

    with_client(test)


def test_thousands_of_watches(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Slow")
        calls = [client.invoke(actor, "wait") for _ in range(500)]
        watches = [asyncio.ensure_future(client.settled(call)) for call in calls]
        # They all are sent in the loop's next turn.
        await asyncio.sleep(0)
        one, _ = client.put(1)
        assert await client.settled(one) == 1
        client.send(*(write_frame(frames.WATCH, ERROR, call) for call in calls[:100]))
        client.invoke(actor, "open")
        assert await asyncio.gather(*watches[100:]) == [1] * 400
        assert not any(watch.done() for watch in watches[:100])
        for watch in watches[:100]:
            watch.cancel()

    with_client(test)


def test_freed_objects_fail_and_nobody_waits_for_them(with_client: Run):
    async def test(client: Client) -> None:
        actor = await client.create("shapes", "Slow")
        call = client.invoke(actor, "wait")
        waiting = asyncio.ensure_future(client.get(call))
        number, stored = client.put([1])
        await stored
        await client.ask("object.free", [number, call])
        # Ray has never known of the first.
        for result, digits in ((client.get(number), 0), (waiting, 56)):
            with pytest.raises(Failure) as failure:
                await result
            assert failure.value.error.code == "OBJECT_FREED"
            assert len(failure.value.error.fields.get("objectId", "")) == digits
        assert await client.settled(number) == 2

    with_client(test)


def test_what_is_released_is_gone(with_client: Run):
    async def test(client: Client) -> None:
        number, stored = client.put(1)
        await stored
        client.release((number, 1), (12345, 1))
        assert len(client.session.table) == 0
        with pytest.raises(Failure, match="not held any more"):
            await client.get(number)
        assert await client.settled(number) == 2

    with_client(test)


def test_a_put_of_what_is_no_value_fails_its_object(with_client: Run):
    async def test(client: Client) -> None:
        number = client.number()
        client.send(frames.write_start(frames.PUT, 0, number, 3, 3), b"\xc1\xc1\xc1")
        with pytest.raises(Failure) as failure:
            await client._answer(frames.STORED, number)
        assert failure.value.error.code == "SERIALIZATION"
        with pytest.raises(Failure):
            await client.get(number)

    with_client(test)


def test_a_ref_that_nobody_holds_is_named(with_client: Run):
    async def test(client: Client) -> None:
        number, stored = client.put({"a": object_of_a_lost_number()})
        with pytest.raises(Failure, match="not held") as failure:
            await stored
        assert failure.value.error.path == "value.a"
        assert await client.settled(number) == 2

    with_client(test)


def object_of_a_lost_number() -> Handle:
    return Handle(1, 999)
