"""Comparing what is stored of a channel with what stands there, purely."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

NAME_WORDS: Final = 4
"""Words that a name has at most: so many may stand where the other text has one invented name."""
_WORD: Final = re.compile(r"\w+|[^\w\s]")


def says_the_same(stored: str, text: str, names: Collection[str]) -> bool:
    """Whether two texts are the same but for names of people: for any of `names` (lower case) any name may stand.

    A name is replaced by an invented one from when it is known, so that the same message gives another text later.
    """
    if stored == text:
        return True
    old, new = _WORD.findall(stored.lower()), _WORD.findall(text.lower())
    for tag, at, end, new_at, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        before, after = old[at:end], new[new_at:new_end]
        if tag != "replace" or not (_stand_for(before, after, names) or _stand_for(after, before, names)):
            return False
    return old != new


def _stand_for(invented: Sequence[str], others: Sequence[str], names: Collection[str]) -> bool:
    return all(one in names for one in invented) and len(others) <= NAME_WORDS * len(invented)


@dataclass(slots=True)
class Track:
    """The stored ids of one channel, oldest first, of which those below `top` are still to be compared.

    `ids` may be any sorted sequence; it is only looked into.
    """

    channel_id: int
    ids: Sequence[int]
    top: int

    @classmethod
    def of(cls, channel_id: int, ids: Sequence[int], below: int | None = None) -> Track:
        """All ids, or those below one."""
        return cls(channel_id, ids, len(ids) if below is None else bisect_right(ids, below - 1))

    @property
    def newest(self) -> int | None:
        """The newest id that was not compared yet; None where all were."""
        return self.ids[self.top - 1] if self.top else None

    def compare(self, page: Iterable[int]) -> Compared:
        """Go past what a page tells of: the ids of all messages, in a row, that stand there up to the newest.

        An empty page tells that nothing stands there at all.
        """
        present = set(page)
        floor = min(present, default=0)
        at = bisect_right(self.ids, floor - 1, 0, self.top)
        span = self.ids[at : self.top]
        self.top = at
        return Compared([one for one in span if one in present], [one for one in span if one not in present])


@dataclass(frozen=True, slots=True)
class Compared:
    """The stored ids of a part of a channel: those that stand there still, and those that do not."""

    standing: list[int]
    missing: list[int]
