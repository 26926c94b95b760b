"""The shape of a moment in numbers: who spoke, to whom, how fast, how long ago the subject did. No topics here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.names import NameBook, keys_of, lead_of
from echo.persona.tokens import LINK
from echo.persona.turns import CONTEXT_AGE, CONTEXT_LENGTH, Utterance

Floats = NDArray[np.float64]

SHAPE: Final = (
    "named", "led", "leads_other", "asks", "asks_end", "length", "pause", "pace", "since_count", "since_time",
    "own_share", "people", "run", "partner", "spoke_to", "named_since", "own_asked", "context", "link", "code",
    "exclaims", "tie", "hour_sin", "hour_cos", "weekend", "own_named_last", "first_pause", "asks_since",
    "own_delay", "own_delays",
)  # fmt: skip
"""Names of the features that `shape` gives, in order."""


def shape(context: Sequence[Utterance], names: NameBook, ties: Mapping[str, float]) -> list[float]:
    """Features of the moment after the last message of the context, in the order of SHAPE.

    Times are in log seconds. `ties` is how readily the subject answers each author (log-odds). Looks at what is in
    the context only, so it can be computed alike in the past and now.
    """
    context = context[-CONTEXT_LENGTH:]
    if not context:
        return [0.0] * len(SHAPE)
    mine = [i for i, said in enumerate(context) if said.own]
    found = {
        **_last_words(context[-1], names),
        **_company(context, mine, ties),
        **_tempo(context),
        **_since(context, mine, names),
    }
    return [found[name] for name in SHAPE]


def _last_words(last: Utterance, names: NameBook) -> dict[str, float]:
    """What the last message says, and when in the week."""
    text, lead = last.text, lead_of(last.text)
    led = lead is not None and lead in names.own
    hour = last.ts / 3600 % 24 * math.tau / 24
    return {
        "named": float(names.names_me(text)),
        "led": float(led),
        "leads_other": float(lead is not None and not led and lead in names.known),
        "asks": float("?" in text),
        "asks_end": float(text.rstrip().endswith("?")),
        "length": math.log1p(len(text)),
        "link": float(LINK.search(text) is not None),
        "code": float("`" in text or "();" in text or "{" in text),
        "exclaims": float("!" in text),
        "hour_sin": math.sin(hour),
        "hour_cos": math.cos(hour),
        "weekend": float((int(last.ts // 86400) + 3) % 7 >= 5),
    }


def _company(context: Sequence[Utterance], mine: list[int], ties: Mapping[str, float]) -> dict[str, float]:
    """Who is there, and how the last author and the subject stand to each other."""
    author = context[-1].author
    partner, spoke_to, own_asked = _exchange(context, mine, author)
    own_text = context[mine[-1]].text.lower() if mine else ""
    return {
        "own_share": len(mine) / len(context),
        "people": float(len({said.author for said in context if not said.own})),
        "run": float(sum(1 for _ in itertools.takewhile(lambda said: said.author == author, reversed(context)))),
        "partner": partner,
        "spoke_to": spoke_to,
        "own_asked": own_asked,
        "context": float(len(context)),
        "tie": ties.get(author, 0.0),
        "own_named_last": float(any(k in own_text for k in keys_of(author))),
    }


def _tempo(context: Sequence[Utterance]) -> dict[str, float]:
    """How fast the talk goes, and how fast the subject has answered in it."""
    pairs = list(itertools.pairwise(context))
    gaps = [math.log1p(max(0.0, b.ts - a.ts)) for a, b in pairs]
    took = [gap for gap, (a, b) in zip(gaps, pairs, strict=True) if b.own and not a.own]
    return {
        "pause": gaps[-1] if gaps else 8.0,
        "pace": sum(gaps) / len(gaps) if gaps else 8.0,
        "own_delay": took[-1] if took else 5.0,
        "own_delays": sum(took) / len(took) if took else 5.0,
    }


def _since(context: Sequence[Utterance], mine: list[int], names: NameBook) -> dict[str, float]:
    """What has happened since the subject last spoke."""
    own_at = mine[-1] if mine else -1
    since, own = context[own_at + 1 :], context[own_at]
    return {
        "since_count": float(len(since)) if mine else CONTEXT_LENGTH + 1.0,
        "since_time": math.log1p(max(0.0, context[-1].ts - own.ts)) if mine else math.log1p(CONTEXT_AGE),
        "named_since": float(sum(names.names_me(said.text) for said in since)),
        "first_pause": math.log1p(max(0.0, since[0].ts - own.ts)) if mine and since else 8.0,
        "asks_since": float(sum("?" in said.text for said in since)),
    }


def _exchange(context: Sequence[Utterance], mine: list[int], author: str) -> tuple[float, float, float]:
    """Whether the last author spoke right before the subject last did, is named there, and was asked something."""
    if not mine:
        return 0.0, 0.0, 0.0
    at = mine[-1]
    before = at
    while before >= 0 and context[before].own:
        before -= 1
    partner = float(before >= 0 and context[before].author == author)
    own = context[at].text
    lead = lead_of(own)
    return partner, float(lead is not None and lead in keys_of(author)), float("?" in own)


def matrix(rows: Sequence[Sequence[float]]) -> Floats:
    """Rows of `shape` as an array (n, len(SHAPE))."""
    return np.array(rows, np.float64).reshape(len(rows), -1) if rows else np.zeros((0, len(SHAPE)))


def learn_ties(turns: Sequence[Sequence[Utterance]]) -> dict[str, float]:
    """How readily the subject answers each author: log-odds of being the last before them, against being around."""
    last: dict[str, int] = {}
    around: dict[str, int] = {}
    for context in turns:
        for author in {said.author for said in context if not said.own}:
            around[author] = around.get(author, 0) + 1
        if context and not context[-1].own:
            last[context[-1].author] = last.get(context[-1].author, 0) + 1
    base = (sum(last.values()) + 1) / (sum(around.values()) + 2)
    ties = {}
    for author, n in around.items():
        rate = (last.get(author, 0) + 4 * base) / (n + 4)
        ties[author] = math.log(rate / (1 - min(rate, 0.99)) / (base / (1 - min(base, 0.99))))
    return ties
