from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from client import Client, Failure, Handle, Run

from klaw_agent.channel_handles import ChannelHandle, only_pass_on

DETAIL = {"id": "0123abcd.5", "capacity": float("inf"), "ack": None, "name": "jobs", "namespace": "tests"}
BODY = [7, 1, DETAIL, "0123abcd"]


def handle() -> Handle:
    return Handle(3, list(BODY))


def test_channel_ends_pass_through_objects_unchanged(with_client: Run):
    async def test(client: Client) -> None:
        number, stored = client.put({"to": handle(), "all": [Handle(10, [7, 2, [DETAIL, 4], "0123abcd"])]})
        await stored
        # Another session has another agent, and knows nothing of this one's.
        read = await client.get(number)
        assert read["to"] == handle()
        assert read["all"] == [Handle(10, [7, 2, [DETAIL, 4], "0123abcd"])]

    with_client(test)


def test_a_handle_that_says_too_little_is_refused(with_client: Run):
    async def test(client: Client) -> None:
        for body in (7, [7, 1], ["x", 1, DETAIL, ""], [7, 1, DETAIL, None]):
            with pytest.raises(Failure, match="no token"):
                await client.put(Handle(3, body))[1]

    with_client(test)


def test_both_directions_of_a_pickle_in_a_process_that_passes_them_on():
    only_pass_on()
    pickled = pickle.dumps(ChannelHandle(3, 7, 1, DETAIL, "0123abcd"))
    assert b"klaw_agent.channel_handles" in pickled
    read = pickle.loads(pickled)  # noqa: S301
    assert isinstance(read, ChannelHandle)
    assert (read.kind, read.origin, read.number, read.detail, read.instance) == (3, 7, 1, DETAIL, "0123abcd")


def test_for_a_while_and_of_another_package():
    code = f"""
import pickle, sys, types
from klaw_agent.channel_handles import handle_of, passing_on, restore
klaw = types.ModuleType('klaw')
klaw.restore_handle = lambda *all: End(all)
sys.modules['klaw'] = klaw
class End:
    def __init__(self, all): self.all = all
    def __reduce__(self): return restore, self.all
End.__module__ = 'klaw.senders'
pickled = {pickle.dumps(ChannelHandle(3, 7, 1, None, "x"))!r}
with passing_on():
    print(type(pickle.loads(pickled)).__name__)
end = pickle.loads(pickled)
print(type(end).__name__, handle_of(end), handle_of([end]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    shown = "ChannelHandle(kind=3, origin=7, number=1, detail=None, instance='x')"
    assert done.stdout.splitlines() == ["ChannelHandle", f"End {shown} None"]


@pytest.mark.parametrize(
    ("setting", "printed"),
    [
        # An environment in which only the agent's package is installed.
        ("sys.modules['klaw'] = None", "ChannelHandle 3 7"),
        ("klaw = types.ModuleType('klaw'); klaw.restore_handle = lambda *all: f'klaw {all}'; sys.modules['klaw'] = klaw",
         "klaw (3, 7, 1, None, 'x')"),
    ],
)  # fmt: skip
def test_elsewhere_they_become_what_is_of_use_there(setting: str, printed: str):
    code = f"""
import pickle, sys, types
{setting}
read = pickle.loads({pickle.dumps(ChannelHandle(3, 7, 1, None, "x"))!r})
print(read if isinstance(read, str) else f"{{type(read).__name__}} {{read.kind}} {{read.origin}}")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == printed
