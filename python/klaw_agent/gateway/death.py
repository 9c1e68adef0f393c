"""What actors in TypeScript have died of."""

from __future__ import annotations

from ..errors import ActorDiedError, KlawError
from ..host.last_words import read_last_words
from .ray_errors import as_klaw_error, plain


def explain(actor_id: str, error: BaseException) -> BaseException:
    """What an actor in TypeScript has died of, as its Node process has said it, else as Ray does. Blocks."""
    known = as_klaw_error(error)
    if not isinstance(known, ActorDiedError) or known.cause is not None:
        return known
    words = read_last_words(actor_id)
    if words is None:
        return known
    message = words.message if isinstance(words, KlawError) else plain(words)
    return ActorDiedError(f"the actor died: {message}", cause=words, actor_id=actor_id)
