"""The card: a readable description of how somebody writes, each line with the figure behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from echo.persona.lexicon import Lexicon
from echo.persona.past import Past
from echo.persona.tokens import EMOJI, EMOTICON, LAUGH, LINK, pieces, words

FAVOURITES: Final = 12
"""Words on the line of favourites."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """One trait. `key` names it for good, `text` is a sentence for people, `figure` the number behind it.

    Figures are shares 0..1 unless the key says otherwise (`length` and `burst` are medians and means, in words and
    messages; `favourites` is how many words are named).
    """

    key: str
    text: str
    figure: float


def _share(texts: Sequence[str], holds: Callable[[str], object]) -> float:
    return sum(bool(holds(t)) for t in texts) / max(1, len(texts))


def _often(share: float) -> str:
    for floor, word in (
        (0.8, "nearly always"),
        (0.5, "mostly"),
        (0.25, "often"),
        (0.08, "sometimes"),
        (0.01, "rarely"),
    ):
        if share >= floor:
            return word
    return "never"


def _initial_capital(text: str) -> bool:
    first = next((c for c in text if c.isalpha()), "")
    return first.isupper()


def describe(past: Past, lexicon: Lexicon) -> list[CardLine]:
    """The card of a corpus: about a dozen lines, the same ones for everybody."""
    texts = [past.lines[i].text.strip() for said in past.said for i in said]
    texts = [t for t in texts if t] or [""]
    prose = [t for t in texts if any(c.isalpha() for c in t)] or [""]
    lengths = sorted(len(t.split()) for t in texts)
    turns = [len(b.texts) for b in past.bursts] or [1]
    median, long = lengths[len(lengths) // 2], lengths[int(len(lengths) * 0.9)]
    capital = _share(prose, _initial_capital)
    lower = _share(prose, lambda t: t == t.lower())
    several = sum(n > 1 for n in turns) / len(turns)
    stop = _share(prose, lambda t: t.endswith((".", "。")) and not t.endswith("..."))
    dots = _share(texts, lambda t: "..." in t or "…" in t)
    lines = [
        CardLine("length", f"Usually writes {median} words a message; one in ten has {long} or more.", float(median)),
        CardLine("burst", f"{_often(several).capitalize()} sends several messages in a row.", float(np.mean(turns))),
        CardLine("capitals", f"{_often(capital).capitalize()} begins with a capital letter.", capital),
        CardLine("lower", f"{_often(lower).capitalize()} writes all in lower case.", lower),
        CardLine("full_stop", f"{_often(stop).capitalize()} ends with a full stop.", stop),
        CardLine("dots", f"{_often(dots).capitalize()} trails off with dots.", dots),
    ]
    for key, what, holds in _TRAITS:
        share = _share(texts, holds)
        lines.append(CardLine(key, f"{_often(share).capitalize()} {what}.", share))
    return [*lines, *_signs(texts), *_words(past, lexicon), *_edges(texts), _hours(past)]


_TRAITS: Final[tuple[tuple[str, str, Callable[[str], object]], ...]] = (
    ("exclaims", "uses exclamation marks", lambda t: "!" in t),
    ("asks", "asks something", lambda t: "?" in t),
    ("laughs", "laughs in writing", LAUGH.search),
    ("emoji", "uses emoji", EMOJI.search),
    ("emoticons", "uses emoticons", EMOTICON.search),
    ("links", "posts links", LINK.search),
    ("commas", "uses commas", lambda t: "," in t),
)


def _signs(texts: Sequence[str]) -> list[CardLine]:
    """The emoji and emoticons they like best."""
    found = Counter(m for t in texts for m in (*EMOJI.findall(t), *EMOTICON.findall(t)))
    best = [sign for sign, n in found.most_common(5) if n >= 2]
    if not best:
        return []
    return [CardLine("signs", f"Favourite signs: {' '.join(best)}", sum(found[s] for s in best) / len(texts))]


def _words(past: Past, lexicon: Lexicon) -> list[CardLine]:
    """The words they use much more than the others do, and that others use as well, so that nothing is given away."""
    own = Counter(w for said in past.said for i in said for w in set(words(past.lines[i].text)))
    enough = min(2, len(past.others()))
    scored = [
        (float(lexicon.affinity[lexicon.ids[w]]) * np.log(n), w)
        for w, n in own.items()
        if n >= 5 and len(w) > 2 and w.isalpha() and lexicon.people[lexicon.ids[w]] >= enough
    ]
    best = [w for s, w in sorted(scored, reverse=True)[:FAVOURITES] if s > 0]
    return [CardLine("favourites", f"Favourite words: {', '.join(best)}.", float(len(best)))] if best else []


def _edges(texts: Sequence[str]) -> list[CardLine]:
    """How messages begin and end, where a word or mark does so again and again."""
    first = Counter(p[0].strip().lower() for t in texts if (p := pieces(t)))
    last = Counter(p[-1].strip().lower() for t in texts if (p := pieces(t)))
    out = []
    for key, verb, found in (("openings", "Often begins with", first), ("closings", "Often ends with", last)):
        best = [w for w, n in found.most_common(6) if w and n >= max(3, len(texts) // 200)]
        if best:
            share = sum(found[w] for w in best) / len(texts)
            out.append(CardLine(key, f"{verb}: {', '.join(best)}", share))
    return out


def _hours(past: Past) -> CardLine:
    """The eight hours of the day (UTC) in which they write most."""
    count = Counter(datetime.fromtimestamp(b.ts, UTC).hour for b in past.bursts)
    total = sum(count.values()) or 1
    start = max(range(24), key=lambda h: (sum(count[(h + k) % 24] for k in range(8)), -h))
    share = sum(count[(start + k) % 24] for k in range(8)) / total
    return CardLine("hours", f"Writes mostly from {start:02d} to {(start + 8) % 24:02d} h UTC.", share)
