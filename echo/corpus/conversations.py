"""From a stream of messages to turns of talk: what the subject said, and what stood before it."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter

from echo.corpus.written import Written
from echo.persona.turns import BURST_GAP, CONTEXT_AGE, CONTEXT_LENGTH, REPLY_WITHIN, Burst, Utterance


def bursts_of(rows: Iterable[Written], author: str, *, before: float | None = None) -> list[Burst]:
    """The turns of `author`, oldest first, by the rules of `echo.persona.turns`.

    `rows` may come in any order; each channel is a conversation of its own. Rows at or after `before` (seconds since
    the epoch) are left out before anything is looked at, as are rows without text.
    """
    channels: dict[str, list[Written]] = defaultdict(list)
    for row in rows:
        if row.text.strip() and (before is None or row.ts < before):
            channels[row.channel].append(row)
    turns = [burst for name in sorted(channels) for burst in _channel(channels[name], author)]
    return sorted(turns, key=attrgetter("ts"))


def _channel(rows: list[Written], author: str) -> list[Burst]:
    rows.sort(key=attrgetter("ts"))
    times = [row.ts for row in rows]
    out: list[Burst] = []
    at = 0
    while at < len(rows):
        if rows[at].author != author:
            at += 1
            continue
        end = at + 1
        while end < len(rows) and rows[end].author == author and rows[end].ts - rows[end - 1].ts <= BURST_GAP:
            end += 1
        first = max(0, at - CONTEXT_LENGTH, bisect_left(times, rows[at].ts - CONTEXT_AGE))
        out.append(_burst(rows[at:end], rows[first:at], author))
        at = end
    return out


def _burst(said: Sequence[Written], before: Sequence[Written], author: str) -> Burst:
    start = said[0].ts
    context = tuple(Utterance(row.author, row.ts, row.text, row.author == author) for row in before)
    delay = None
    if context and not context[-1].own and start - context[-1].ts <= REPLY_WITHIN:
        delay = start - context[-1].ts
    return Burst(
        ts=start,
        channel=said[0].channel,
        context=context,
        texts=tuple(row.text for row in said),
        times=tuple(row.ts for row in said),
        delay=delay,
        gaps=tuple(b.ts - a.ts for a, b in itertools.pairwise(said)),
    )
