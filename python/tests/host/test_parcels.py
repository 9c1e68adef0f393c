from __future__ import annotations

import base64
import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: parcels lie in its store")

from klaw_agent.host import parcels
from klaw_agent.host.parcels import fetch_parcel, has_parcel, hash_of, install_parcel, store_parcel

FILES = {"a.mjs": b"export {}\n", "deep/er/b.js": b"\x00\xff" * 500, "ä.txt": b""}
GOLDEN = json.loads((Path(__file__).parents[3] / "test/fixtures/parcels/hashes.json").read_text("utf-8"))
IDENTITY = hash_of(FILES.items())


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, bytes], bytes]:
    """Ray's key-value store, as a dictionary."""
    kept: dict[tuple[str, bytes], bytes] = {}

    class Store:
        @staticmethod
        def _internal_kv_put(key: str, value: bytes, overwrite: bool, namespace: bytes) -> None:
            assert overwrite
            kept[key, namespace] = value

        @staticmethod
        def _internal_kv_get(key: str, namespace: bytes) -> bytes | None:
            return kept.get((key, namespace))

        @staticmethod
        def _internal_kv_exists(key: str, namespace: bytes) -> bool:
            return (key, namespace) in kept

    monkeypatch.setattr(parcels, "internal_kv", Store)
    return kept


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(parcels.tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    # Nothing is left beside what belongs there.
    leftovers = [path for path in tmp_path.rglob(".*") if path.name != ".parcel.json"]
    assert leftovers == []


def test_the_hash_is_of_paths_and_contents_in_the_order_of_their_bytes():
    assert hash_of([("b", b"2"), ("a", b"1")]) == hash_of([("a", b"1"), ("b", b"2")])
    assert hash_of([("a", b"1b2")]) != hash_of([("a", b"1"), ("b", b"2")])
    assert hash_of([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_hashes(name: str):
    files = {path: base64.b64decode(content) for path, content in GOLDEN[name]["files"].items()}
    assert hash_of(files.items()) == GOLDEN[name]["hash"]


def test_what_is_stored_comes_back(store: dict[tuple[str, bytes], bytes]):
    assert not has_parcel(IDENTITY)
    store_parcel(IDENTITY, FILES)
    assert has_parcel(IDENTITY)
    assert fetch_parcel(IDENTITY) == FILES
    [key] = store
    assert key == (f"klaw:parcel:{IDENTITY}", b"klaw")


def test_another_hash_and_paths_that_lead_elsewhere_are_refused(store: dict[tuple[str, bytes], bytes]):
    with pytest.raises(ValueError, match="announces the hash"):
        store_parcel("0" * 64, FILES)
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        has_parcel("../../etc/passwd")
    for path in ("../x", "/etc/x", "a/../../x", "a\\b", "", ".", ".parcel.json", "a\0b"):
        files = {path: b""}
        with pytest.raises(ValueError, match="can not have a file"):
            store_parcel(hash_of(files.items()), files)
    assert store == {}


def test_what_the_cluster_does_not_have_or_has_broken_is_said(store: dict[tuple[str, bytes], bytes], folder: Path):
    with pytest.raises(LookupError, match="no code under"):
        install_parcel(IDENTITY)
    store_parcel(IDENTITY, FILES)
    other = hash_of([("x", b"")])
    store[f"klaw:parcel:{other}", b"klaw"] = store[f"klaw:parcel:{IDENTITY}", b"klaw"]
    with pytest.raises(ValueError, match="not what it was"):
        install_parcel(other)


def test_a_node_has_its_files_once(store: dict[tuple[str, bytes], bytes], folder: Path):
    store_parcel(IDENTITY, FILES)
    path = install_parcel(IDENTITY)
    assert path.name == IDENTITY[:32]
    assert {name: (path / name).read_bytes() for name in FILES} == FILES
    assert stat.S_IMODE(path.parent.lstat().st_mode) == 0o700
    # Now nothing of the store is needed any more, and other things may lie there.
    store.clear()
    (path / "__pycache__").mkdir()
    (path / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert install_parcel(IDENTITY) == path


def test_files_that_were_changed_or_removed_are_written_again(store: dict[tuple[str, bytes], bytes], folder: Path):
    store_parcel(IDENTITY, FILES)
    path = install_parcel(IDENTITY)
    untouched = (path / "a.mjs").stat().st_mtime_ns
    (path / "deep/er/b.js").unlink()
    (path / "ä.txt").write_bytes(b"more")
    assert install_parcel(IDENTITY) == path
    assert {name: (path / name).read_bytes() for name in FILES} == FILES
    assert (path / "a.mjs").stat().st_mtime_ns == untouched
    (path / ".parcel.json").write_text('["a.mjs"]')
    assert install_parcel(IDENTITY) == path
    (path / ".parcel.json").write_text("nonsense")
    assert install_parcel(IDENTITY) == path
    assert json.loads((path / ".parcel.json").read_text()) == sorted(FILES)


def test_a_folder_for_each_combination_of_links(store: dict[tuple[str, bytes], bytes], folder: Path):
    store_parcel(IDENTITY, FILES)
    one, other = folder / "one", folder / "other"
    first = install_parcel(IDENTITY, {"node_modules": one})
    assert (first / "node_modules").readlink() == one
    second = install_parcel(IDENTITY, {"node_modules": other})
    assert len({first, second, install_parcel(IDENTITY)}) == 3
    # One that was bent is put right.
    (first / "node_modules").unlink()
    (first / "node_modules").symlink_to(other)
    assert install_parcel(IDENTITY, {"node_modules": one}) == first
    assert (first / "node_modules").readlink() == one


def test_a_folder_of_somebody_elses_is_not_used(store: dict[tuple[str, bytes], bytes], folder: Path):
    store_parcel(IDENTITY, FILES)
    expected = install_parcel(IDENTITY).parent
    expected.chmod(0o777)
    elsewhere = install_parcel(IDENTITY)
    assert elsewhere.parent != expected
    assert (elsewhere / "a.mjs").read_bytes() == FILES["a.mjs"]


def test_several_at_once_write_one_folder(store: dict[tuple[str, bytes], bytes], folder: Path):
    files = {f"{number}.js": os.urandom(2000) for number in range(50)}
    identity = hash_of(files.items())
    store_parcel(identity, files)
    path = _install_at_once(identity)
    assert {name: (path / name).read_bytes() for name in files} == files
    assert [each.name for each in path.parent.iterdir()] == [identity[:32]]


def test_several_at_once_put_a_folder_right(store: dict[tuple[str, bytes], bytes], folder: Path):
    files = {f"{number}.js": os.urandom(2000) for number in range(50)}
    identity = hash_of(files.items())
    store_parcel(identity, files)
    path = install_parcel(identity)
    for number in range(0, 50, 2):
        (path / f"{number}.js").unlink()
    for number in range(1, 50, 4):
        (path / f"{number}.js").write_bytes(b"half")
    assert _install_at_once(identity) == path
    assert {name: (path / name).read_bytes() for name in files} == files
    # Nothing is left of what was written beside the files.
    assert {each.name for each in path.iterdir()} == {*files, ".parcel.json"}


def _install_at_once(identity: str) -> Path:
    """Has several write it at the same moment; returns the folder of which all of them say that it is there."""
    barrier = threading.Barrier(8)
    paths: list[Path] = []

    def install() -> None:
        barrier.wait()
        paths.append(install_parcel(identity))

    threads = [threading.Thread(target=install) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 8
    assert set(paths) == {paths[0]}
    return paths[0]
