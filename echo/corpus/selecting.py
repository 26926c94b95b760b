"""Which of the subject's messages are learnt where there are more than may be: the newest and the most telling ones.

Half of them are the newest. The others are older turns, those first that tell most: that answer somebody, that are of
some length, that have words which the subject uses rarely, and that are not said again later. The same corpus always
gives the same choice. A corpus goes by twice, page by page, and of the first time only figures stay in memory.
"""

from __future__ import annotations

import itertools
import math
import zlib
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from db.stored import StoredMessage
from echo.corpus.conversations import Line, Link, line_of, link
from echo.corpus.pauses import SHORTEST_GAP, Pauses
from echo.persona.tokens import folded, words
from echo.persona.turns import CONTEXT_AGE, CONTEXT_LENGTH, REPLY_WITHIN

ANSWERING: Final = 1.0
"""What a turn's score gains by answering somebody; length and rarity give up to 1 each."""
AGAIN: Final = 2.0
"""What a message's score loses where the subject says the same again later."""
ENOUGH: Final = 12
"""Words from which on more length tells no more."""
LOOKED_AT: Final = 8
"""Different words of a message whose rarity counts."""
SLOTS: Final = 2**18
"""Words are counted by a hash of this many values."""
CHUNK: Final = 50_000
"""Messages whose words are looked at in one go."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Selected:
    """What is learnt from: the `chosen` of the subject's messages (None: all) among `rows`, in any order.

    `gaps` are those of whole channels, in seconds by channel; None where `rows` are everything.
    """

    rows: list[StoredMessage]
    chosen: frozenset[int] | None = None
    gaps: Mapping[str, float] | None = None


class Weighing:
    """Takes a corpus oldest first and says which of the subject's messages are chosen."""

    def __init__(self) -> None:
        self._pauses = Pauses()
        self._last: dict[int, Line] = {}
        self._ids, self._replies = array("q"), array("q")
        self._turns, self._turn_of_channel = array("q"), dict[int, int]()
        self._answers, self._lengths = array("b"), array("d")
        self._prints, self._words = array("I"), array("i")
        self._counts: NDArray[np.int64] = np.zeros(SLOTS, np.int64)
        self._turn = -1

    @property
    def own(self) -> int:
        """How many of the subject's messages with text were seen."""
        return len(self._ids)

    def add(self, page: Iterable[StoredMessage]) -> None:
        """Takes the next messages."""
        for row in page:
            line = line_of(row, "")
            before = self._last.get(row.channel_id)
            self._last[row.channel_id] = line
            self._pauses.add(line.channel, line.ts, own=line.own, bare=line.bare)
            if line.own and line.text.strip():
                self._weigh(row, line, before)

    def gaps(self) -> dict[str, float]:
        """The gaps of the channels, in seconds."""
        return self._pauses.gaps()

    def replied(self, chosen: Iterable[int]) -> frozenset[int]:
        """The messages that the chosen ones reply to."""
        mine = frozenset(chosen)
        pairs = zip(self._ids, self._replies, strict=True)
        return frozenset(reply for message, reply in pairs if reply and message in mine)

    def choose(self, most: int) -> frozenset[int]:
        """`most` of the messages seen, or all of them where they are no more.

        The newest half is cut where it ends; of older turns whole ones are taken, so long as they fit.
        """
        if self.own <= most:
            return frozenset(self._ids)
        newest = self.own - (most + 1) // 2
        left = most // 2
        places: list[int] = []
        turns = np.frombuffer(self._turns, np.int64)[:newest]
        for rows in _best_first(turns, self._scores()[:newest]):
            if len(rows) <= left:
                places.extend(rows)
                left -= len(rows)
            if not left:
                break
        if left:
            # Only turns too long to fit are left over: the newest of what was passed over make up the number.
            taken = set(places)
            spare = (at for at in range(newest - 1, -1, -1) if at not in taken)
            places.extend(itertools.islice(spare, left))
        return frozenset([*self._ids[newest:], *(self._ids[at] for at in places)])

    def _weigh(self, row: StoredMessage, line: Line, before: Line | None) -> None:
        # Whether a turn goes on does not depend on the gap, which is never shorter than this.
        if link(before, line, SHORTEST_GAP) is not Link.JOINS or row.channel_id not in self._turn_of_channel:
            self._turn += 1
            self._turn_of_channel[row.channel_id] = self._turn
        heard = (
            before is not None and not (before.own or before.cut or row.bare) and line.ts - before.ts <= REPLY_WITHIN
        )
        answers = heard or row.reply_to is not None
        found = words(row.text)
        slots = [_hash(word) % SLOTS for word in list(dict.fromkeys(found))[:LOOKED_AT]]
        self._counts[slots] += 1
        self._ids.append(row.message_id)
        self._replies.append(row.reply_to or 0)
        self._turns.append(self._turn_of_channel[row.channel_id])
        self._answers.append(answers)
        self._lengths.append(min(1.0, math.log1p(len(found)) / math.log1p(ENOUGH)))
        self._prints.append(_hash(folded(row.text)))
        self._words.extend([*slots, *[-1] * (LOOKED_AT - len(slots))])

    def _scores(self) -> Floats:
        """How telling each message is by itself, (own,)."""
        prints = np.frombuffer(self._prints, np.uint32)[::-1]
        again = np.ones(self.own, np.bool_)
        again[np.unique(prints, return_index=True)[1]] = False
        score = self._rarities() - AGAIN * again[::-1]
        score += np.frombuffer(self._lengths, np.float64)
        score += ANSWERING * np.frombuffer(self._answers, np.int8)
        return score

    def _rarities(self) -> Floats:
        """How rare the words of each message are on average, (own,), 0 to 1: their inverse document frequency."""
        out: Floats = np.empty(self.own, np.float64)
        rare = np.log((self.own + 1) / (self._counts + 1)) / math.log(self.own + 1)
        slots = np.frombuffer(self._words, np.int32).reshape(-1, LOOKED_AT)
        for start in range(0, self.own, CHUNK):
            some = slots[start : start + CHUNK]
            there = some >= 0
            out[start : start + CHUNK] = (rare[some] * there).sum(axis=1) / np.maximum(1, there.sum(axis=1))
        return out


class Keeping:
    """Takes a corpus oldest first again and keeps the chosen messages, what stood before them, and `replied`."""

    def __init__(self, chosen: frozenset[int], replied: frozenset[int]) -> None:
        self._chosen, self._replied = chosen, replied
        self._passed: dict[int, deque[StoredMessage]] = {}

    def add(self, page: Iterable[StoredMessage]) -> list[StoredMessage]:
        """What of the next messages, and of those just before them, is to be kept."""
        return [kept for row in page for kept in self._add(row)]

    def _add(self, row: StoredMessage) -> Iterator[StoredMessage]:
        passed = self._passed.setdefault(row.channel_id, deque(maxlen=CONTEXT_LENGTH))
        if row.message_id in self._chosen:
            # The last one counts however old it is: it tells whether a conversation begins.
            yield from (old for old in passed if row.ts - old.ts <= CONTEXT_AGE or old is passed[-1])
            passed.clear()
            yield row
        elif row.message_id in self._replied:
            yield row
        else:
            passed.append(row)


def _best_first(turns: NDArray[np.int64], scores: Floats) -> Iterator[list[int]]:
    """The places of each turn's messages, the most telling turn first; of equals, the newer one.

    `turns` numbers the turn of each message, by when turns began.
    """
    order = np.argsort(turns, kind="stable")
    starts = np.flatnonzero(np.diff(turns[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    # Rounded, so that the last bit of a sum, which differs between machines, decides nothing.
    means = np.round(np.add.reduceat(scores[order], starts) / (ends - starts), 6) if len(order) else starts
    for at in np.lexsort((-starts, -means)).tolist():
        yield order[starts[at] : ends[at]].tolist()


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
