"""Who reads where, for tests in which nobody is kept out of anything."""

from __future__ import annotations

from collections.abc import Iterable


class AllRead:
    """Everybody reads everything."""

    def recallable(self, server_id: int, here_id: int, source_ids: Iterable[int]) -> frozenset[int]:
        return frozenset(source_ids)
