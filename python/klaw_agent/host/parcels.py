"""Parcels: folders of files under the hash of what is in them, kept in Ray's key-value store and written to each node once.

The text of this module also travels inside of what Ray ships for actors and tasks (`shipping.py`), where this package is not there yet: it
imports nothing of the package.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import msgpack
from ray.experimental import internal_kv

#: Of everything that klaw keeps in Ray's key-value store.
KV_NAMESPACE = b"klaw"
_KEY = "klaw:parcel:"
#: Digits of a hash that name a folder.
_DIGITS = 32
#: Stands in each folder, and lists its files: other things come to lie there, caches of Python's for instance.
_LIST = ".parcel.json"


def hash_of(files: Iterable[tuple[str, bytes]]) -> str:
    """The hash, in hex, of files by their paths."""
    digest = hashlib.sha256()
    for path, content in sorted((path.encode(), content) for path, content in files):
        for part in (path, content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def has_parcel(identity: str) -> bool:
    """Whether the cluster has it. Blocks."""
    return bool(internal_kv._internal_kv_exists(_KEY + _checked(identity), namespace=KV_NAMESPACE))


def store_parcel(identity: str, files: Mapping[str, bytes]) -> None:
    """Gives it to the cluster, for as long as that lives. Blocks. Raises `ValueError` when the hash is another, or a path leads out of the
    folder."""
    for path in files:
        _check_path(path)
    found = hash_of(files.items())
    if found != _checked(identity):
        raise ValueError(f"a parcel announces the hash {identity}, and has {found}")
    packed = zlib.compress(msgpack.packb(dict(files), use_bin_type=True))
    internal_kv._internal_kv_put(_KEY + identity, packed, overwrite=True, namespace=KV_NAMESPACE)


def fetch_parcel(identity: str) -> dict[str, bytes]:
    """Its files by path. Blocks. Raises `LookupError` when the cluster does not have it, and `ValueError` when it is not what it says."""
    packed = internal_kv._internal_kv_get(_KEY + _checked(identity), namespace=KV_NAMESPACE)
    if packed is None:
        raise LookupError(f"the cluster has no code under {identity}: was it restarted without its store?")
    files: dict[str, bytes] = msgpack.unpackb(zlib.decompress(packed), raw=False)
    if hash_of(files.items()) != identity:
        raise ValueError(f"the code under {identity} is not what it was when it was stored")
    return files


def install_parcel(identity: str, links: Mapping[str, Path] | None = None) -> Path:
    """The folder with its files on this node, which is written if it is not there, by whichever process is first. Blocks.

    `links` are symbolic links in the folder, by their names; the folder is then one for these links. Raises what `fetch_parcel` raises,
    and `OSError`.
    """
    links = links or {}
    name = _checked(identity)
    for link, target in sorted(links.items()):
        name = hashlib.sha256(f"{name} {link} {target}".encode()).hexdigest()
    folder = folder_of_ours() / name[:_DIGITS]
    if _is_complete(folder, identity, links):
        return folder
    files = fetch_parcel(identity)
    for path in files:
        _check_path(path)
    if folder.is_dir():
        # Something cleans up behind us. What runs from there goes on: no file is ever seen half written.
        _write(folder, files, links)
        return folder
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        _write(fresh, files, links)
        fresh.rename(folder)
    except OSError:
        # Another process was faster.
        shutil.rmtree(fresh, ignore_errors=True)
        if not _is_complete(folder, identity, links):
            raise
    return folder


@contextlib.contextmanager
def keeping_bytecode() -> Iterator[None]:
    """What is imported within is compiled once for each node, also where Python was told to keep no bytecode: that is meant for its user's
    folders, and the one that this package is in is ours."""
    told = sys.dont_write_bytecode
    sys.dont_write_bytecode = False
    try:
        yield
    finally:
        sys.dont_write_bytecode = told


def folder_of_ours() -> Path:
    """A folder of this machine that only this user can write to, and that is there for the next process too."""
    try:
        user = re.sub(r"\W", "_", getpass.getuser())
    except Exception:  # A user without a name, as in some containers.
        user = str(os.getuid())
    folder = Path(tempfile.gettempdir(), "klaw-" + user)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    ours = stat.S_ISDIR(status.st_mode)
    if ours and hasattr(os, "getuid"):
        ours = status.st_uid == os.getuid() and not status.st_mode & 0o022
    # Where somebody else has made the folder, and could put code into it, each process has one of its own.
    return (folder if ours else Path(tempfile.mkdtemp(prefix="klaw-"))).resolve()


def _write(folder: Path, files: Mapping[str, bytes], links: Mapping[str, Path]) -> None:
    for path, content in files.items():
        _write_file(folder / path, content)
    for link, target in links.items():
        if not _leads_to(folder / link, target):
            beside = _beside(folder / link)
            beside.symlink_to(target, target_is_directory=True)
            beside.replace(folder / link)
    # The last one: without it, the folder is written once more.
    _write_file(folder / _LIST, json.dumps(sorted(files)).encode())


def _write_file(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        if target.read_bytes() == content:
            return
    beside = _beside(target)
    beside.write_bytes(content)
    beside.replace(target)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")


def _is_complete(folder: Path, identity: str, links: Mapping[str, Path]) -> bool:
    try:
        paths: Any = json.loads((folder / _LIST).read_bytes())
        return hash_of((path, (folder / path).read_bytes()) for path in paths) == identity and all(
            _leads_to(folder / link, target) for link, target in links.items()
        )
    except (OSError, ValueError, TypeError):
        return False


def _leads_to(link: Path, target: Path) -> bool:
    try:
        return Path(os.readlink(link)) == target  # noqa: PTH115 - as it stands there
    except OSError:
        return False


def _checked(identity: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", identity):
        raise ValueError(f"a parcel's hash has 64 hexadecimal digits: {identity!r}")
    return identity


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or "\0" in path or "\\" in path or path.startswith("/") or ".." in parts or path == _LIST:
        raise ValueError(f"a parcel can not have a file of the path {path!r}")
