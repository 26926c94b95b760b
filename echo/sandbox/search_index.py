"""Finding messages all over the server by who wrote them, between which ids, and by words. Pure."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from echo.sandbox.history import History, Message


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: messages by one of `authors` (by anybody, if empty) with ids between `after` and `before`,
    neither of them included, that have every one of the `words` (case-folded)."""

    authors: tuple[int, ...] = ()
    after: int = -1
    before: int = 1 << 64
    words: tuple[str, ...] = ()
    oldest_first: bool = False

    def page(self, histories: Iterable[History], offset: int, limit: int) -> tuple[int, list[Message]]:
        """How many messages fit in all, and `limit` of them after the first `offset`, in order of their ids."""
        total = 0
        streams: list[Iterator[tuple[int, History]]] = []
        for history in histories:
            for author in self.authors or (None,):
                ids = history.ids(author)
                fitting = self._fitting(history, ids)
                total += len(fitting)
                streams.append(_placed(history, ids, fitting if self.oldest_first else reversed(fitting)))
        merged = heapq.merge(*streams, key=_id_of, reverse=not self.oldest_first)
        shown = (history.peek(number) for number, history in islice(merged, offset, offset + limit))
        return total, [message for message in shown if message is not None]

    def _fitting(self, history: History, ids: Sequence[int]) -> range | list[int]:
        """Where in `ids` those stand that fit. Without words that costs the same however much was written."""
        found = range(bisect_right(ids, self.after), bisect_left(ids, self.before))
        return [at for at in found if self._worded(history.peek(ids[at]))] if self.words else found

    def _worded(self, message: Message | None) -> bool:
        return message is not None and all(word in message.content.casefold() for word in self.words)


def _placed(history: History, ids: Sequence[int], fitting: Iterable[int]) -> Iterator[tuple[int, History]]:
    return ((ids[at], history) for at in fitting)


def _id_of(found: tuple[int, History]) -> int:
    return found[0]
