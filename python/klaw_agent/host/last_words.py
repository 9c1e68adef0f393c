"""Why a Node process has ended: kept in Ray's key-value store under the actor's id, for whoever asks after the actor has died."""

from __future__ import annotations

import logging
import threading
from typing import Final

from ray.experimental import internal_kv

from ..codec import decode, encode
from ..errors import KlawError
from .parcels import KV_NAMESPACE

_log = logging.getLogger(__name__)

_KEY: Final = "klaw:last-words:"
#: Seconds for the store to take them: the process is about to end.
_STORE_TIME: Final = 3.0


def leave_last_words(actor_id: str, words: KlawError) -> None:
    """Writes them down, or gives up soon: the process must end all the same. Blocks."""

    def store() -> None:
        try:
            internal_kv._internal_kv_put(_KEY + actor_id, _encoded(words), overwrite=True, namespace=KV_NAMESPACE)
        except Exception:
            _log.exception("why the Node process has ended could not be written down: %s", words)

    thread = threading.Thread(target=store, name="klaw-last-words", daemon=True)
    thread.start()
    thread.join(_STORE_TIME)


def read_last_words(actor_id: str) -> BaseException | None:
    """What an actor has ended of, if it has said so. Blocks."""
    data = internal_kv._internal_kv_get(_KEY + actor_id, namespace=KV_NAMESPACE)
    words = None if data is None else decode(data)
    return words if isinstance(words, BaseException) else None


def forget_last_words(actor_id: str) -> None:
    """The actor is alive again. Blocks."""
    internal_kv._internal_kv_del(_KEY + actor_id, namespace=KV_NAMESPACE)


def _encoded(words: KlawError) -> bytes:
    try:
        return encode(words)
    except Exception:
        # What the process has said refers to something that only its session knows.
        return encode(type(words)(str(words)))
