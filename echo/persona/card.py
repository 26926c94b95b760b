"""The card: a readable description of how somebody writes, each line with its figure and the channel's beside it.

Nothing stands on it that only this person's private matters would show: words are named only where several others use
them too, names of people never, and what stands for something scrubbed never.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from echo.persona.languages import shares
from echo.persona.lexicon import Lexicon
from echo.persona.names import NameBook
from echo.persona.past import Past
from echo.persona.secrecy import sensitive
from echo.persona.tokens import EMOJI, EMOTICON, LAUGH, LINK, pieces, words
from echo.persona.traits import OF_PROSE, OPTIONAL, TRAITS, Shows, is_cased, length_of, short_forms

FAVOURITES: Final = 12
"""Words on the line of favourites."""
MOST: Final = 25
"""Lines of a card; as many as one of Discord's menus can offer."""
OWN: Final = 2500
OTHERS: Final = 1500
"""Messages of the subject, and of the others, that are counted at most, spread evenly over time."""
READ: Final = 5000
"""The newest messages of everybody in which it is looked for words that are written large."""
PEOPLE: Final = 2
"""Others who use a word too: fewer, and it may give somebody away."""
MENTIONABLE: Final = 0.01
"""Share from which on an optional trait is told, the subject's or the others'."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """One trait. `key` names it for good, `text` is a sentence for people, `figure` the number behind it.

    `unit` is what the figure counts: "share" (0..1 of messages), "words", "messages", "hours" (share of messages in the
    hours told), or "named" (how many are named). `others` is the same figure of the others in the channel, None where
    there is none. `named` are the words (in lower case) or signs that the sentence names: `echo.persona.evidence` finds
    messages by `key` and them.
    """

    key: str
    text: str
    figure: float
    unit: str = "share"
    others: float | None = None
    named: tuple[str, ...] = ()

    def row(self) -> list[Any]:
        """What is stored of it, as JSON."""
        return list(astuple(self))

    @classmethod
    def of(cls, row: Sequence[Any]) -> CardLine:
        """What `row` gave, also that of an earlier Echo, which ended after the figure."""
        key, text, figure, *more = row
        unit, others, named = more or (_UNITS.get(str(key), "share"), None, ())
        return cls(str(key), str(text), float(figure), str(unit), others, tuple(str(one) for one in named))

    @property
    def is_share(self) -> bool:
        """Whether the figure is a share of messages."""
        return self.unit == "share"

    def figures(self) -> str:
        """The figure in words, with the others': "12 %, others 3 %"; empty where the sentence has it all."""
        if self.unit == "share":
            beside = f", others {_percent(self.others)}" if self.others is not None else ""
            return f"{_percent(self.figure)}{beside}"
        if self.unit in ("words", "messages") and self.others is not None:
            return f"others {self.others:.3g}"
        return _percent(self.figure) if self.unit == "hours" else ""


_UNITS: Final = {"length": "words", "burst": "messages", "favourites": "named", "hours": "hours"}


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %") if share == 0 or share >= 0.005 else "under 1 %"


@dataclass(frozen=True, slots=True)
class _Sides:
    """A sample of the subject's messages, and of the others'; none is empty."""

    own: list[str]
    others: list[str]


def describe(past: Past, lexicon: Lexicon, names: NameBook) -> list[CardLine]:
    """The card of a corpus: up to MOST lines, nearly the same ones for everybody."""
    sides = _Sides(
        _sampled([past.lines[i].text for said in past.said for i in said], OWN),
        _sampled([line.text for line in past.lines if not line.own], OTHERS),
    )
    speakable = _Speakable(past, lexicon, names)
    lines = [
        *_measures(past, sides),
        *_traits(sides),
        *_signs(sides),
        *_languages(sides),
        *_favourites(past, lexicon, speakable),
        *_edges(sides, speakable),
        _hours(past),
    ]
    while len(lines) > MOST:
        optional = [line for line in lines if line.key in OPTIONAL]
        lines.remove(min(optional, key=lambda line: line.figure) if optional else lines[-2])
    return lines


def _sampled(texts: Iterable[str], most: int) -> list[str]:
    kept = [bare for text in texts if (bare := text.strip())]
    step = len(kept) / most
    return kept if step <= 1 else [kept[int(i * step)] for i in range(most)]


def _often(share: float) -> str:
    for floor, word in (
        (0.8, "Nearly always"),
        (0.5, "Mostly"),
        (0.25, "Often"),
        (0.08, "Sometimes"),
        (0.002, "Rarely"),
    ):
        if share >= floor:
            return word
    return "Never"


def _share(texts: Sequence[str], holds: Shows) -> float | None:
    return sum(bool(holds(text)) for text in texts) / len(texts) if texts else None


def _measures(past: Past, sides: _Sides) -> list[CardLine]:
    """How long messages are, and how many come in a row."""
    low, median, high, longest = _quantiles([length_of(text) for text in sides.own])
    beside = _quantiles([length_of(text) for text in sides.others])[1] if sides.others else None
    turns = [len(burst.texts) for burst in past.bursts] or [1]
    usual = f"{low} to {high} words a message mostly, {median} in the middle"
    if low == high:
        usual = f"{low} word{'s' * (low != 1)} a message mostly"
    few = f"; one in ten has {longest} or more" if longest > low else ""
    several = sum(n > 1 for n in turns) / len(turns)
    most = _quantiles(turns)[3]
    return [
        CardLine(
            "length",
            f"Writes {usual}{few}.",
            float(median),
            "words",
            None if beside is None else float(beside),
        ),
        CardLine(
            "burst",
            f"{_often(several)} sends several messages in a row: {np.mean(turns):.1f} on average, one time in ten "
            f"{most} or more.",
            float(np.mean(turns)),
            "messages",
        ),
    ]


def _quantiles(numbers: Sequence[int]) -> tuple[int, int, int, int]:
    """The first, second and third quartile, and the ninth decile."""
    ordered = sorted(numbers) or [0]
    low, median, high, longest = (ordered[int(len(ordered) * share)] for share in (0.25, 0.5, 0.75, 0.9))
    return low, median, high, longest


def _traits(sides: _Sides) -> list[CardLine]:
    out = []
    for key, (what, holds) in TRAITS.items():
        of_prose = key in OF_PROSE
        own = [text for text in sides.own if is_cased(text)] if of_prose else sides.own
        others = [text for text in sides.others if is_cased(text)] if of_prose else sides.others
        share, beside = _share(own, holds), _share(others, holds)
        if share is None or (key in OPTIONAL and max(share, beside or 0.0) < MENTIONABLE):
            continue
        out.append(CardLine(key, f"{_often(share)} {what}.", share, "share", beside))
    return [_kinds(line, sides.own) for line in out]


def _kinds(line: CardLine, own: Sequence[str]) -> CardLine:
    """How somebody laughs, and which words they write short, belongs to the line that says that they do."""
    if line.key == "laughs":
        count = Counter(_laugh(found) for text in own for found in LAUGH.findall(text))
    elif line.key == "abbreviations":
        count = Counter(word for text in own for word in short_forms(text))
    else:
        return line
    kinds = tuple(kind for kind, n in count.most_common(5) if n >= 2)
    if not kinds:
        return line
    text = f"{line.text[:-1]} ({', '.join(kinds)})."
    return CardLine(line.key, text, line.figure, line.unit, line.others, kinds)


def _laugh(found: str) -> str:
    """A laugh's kind: two syllables stand for any number of them."""
    low = found.lower()
    for kind in ("ha", "he", "ja"):
        if low.startswith(kind * 2):
            return kind * 2
    return {"w": "www", "ㅋ": "ㅋㅋ"}.get(low[0], low.rstrip("d") + "d" if low[0] == "x" else low)


def _signs(sides: _Sides) -> list[CardLine]:
    """The emoji and emoticons they like best."""
    found = Counter(m for text in sides.own for m in (*EMOJI.findall(text), *EMOTICON.findall(LINK.sub(" ", text))))
    best = tuple(sign for sign, n in found.most_common(5) if n >= 2)
    if not best:
        return []
    share = sum(any(sign in text for sign in best) for text in sides.own) / len(sides.own)
    beside = _share(sides.others, lambda text: any(sign in text for sign in best))
    return [CardLine("signs", f"Favourite signs: {' '.join(best)}", share, "share", beside, best)]


def _languages(sides: _Sides) -> list[CardLine]:
    """The languages or scripts that messages which tell are in: all with a twentieth of them, three at most."""
    found = [(name, share) for name, share in shares(sides.own) if share >= 0.05][:3]
    if not found:
        return []
    beside = dict(shares(sides.others)).get(found[0][0], 0.0 if sides.others else None)
    listed = " and ".join(f"{name} ({_percent(share)})" for name, share in found) if len(found) > 1 else found[0][0]
    named = tuple(name for name, _ in found)
    return [CardLine("languages", f"Writes {listed}.", found[0][1], "share", beside, named)]


class _Speakable:
    """Which words may be named on the card: those that several others use too, and that name nobody."""

    def __init__(self, past: Past, lexicon: Lexicon, names: NameBook) -> None:
        self._lexicon, self._names = lexicon, names
        self._others = len(past.others())
        self._capital: Counter[str] = Counter()
        self._inside: Counter[str] = Counter()
        for line in past.lines[-READ:]:
            for word in line.text.split()[1:]:
                bare = word.strip(".,:;!?()\"'")
                self._inside[bare.lower()] += 1
                self._capital[bare.lower()] += bare[:1].isupper() and not bare.isupper()

    def __call__(self, word: str) -> bool:
        at = self._lexicon.ids.get(word)
        if at is None or self._others < PEOPLE or int(self._lexicon.people[at]) < PEOPLE:
            return False
        if word in self._names.known or word in self._names.own or sensitive(word):
            return False
        # Mostly a large letter in the middle of sentences: a name, of a person perhaps. `i` is none.
        return len(word) < 3 or self._capital[word] <= 0.5 * self._inside[word]


def _favourites(past: Past, lexicon: Lexicon, speakable: _Speakable) -> list[CardLine]:
    """The words they use much more than the others do."""
    own = Counter(w for said in past.said for i in said for w in set(words(past.lines[i].text)))
    scored = [
        (float(lexicon.affinity[lexicon.ids[w]]) * math.log(n), w)
        for w, n in own.items()
        if n >= 5 and len(w) > 2 and w.isalpha() and w in lexicon.ids
    ]
    best: list[str] = []
    for score, word in sorted(scored, reverse=True):
        if score <= 0 or len(best) == FAVOURITES:
            break
        if speakable(word):
            best.append(word)
    if not best:
        return []
    return [
        CardLine("favourites", f"Favourite words: {', '.join(best)}.", float(len(best)), "named", None, tuple(best))
    ]


def _edges(sides: _Sides, speakable: _Speakable) -> list[CardLine]:
    """How messages begin and end, where a word or mark does so again and again."""
    out = []
    for key, verb, at in (("openings", "Often begins with", 0), ("closings", "Often ends with", -1)):
        count = Counter(edge(text, at) for text in sides.own)
        enough = max(3, len(sides.own) // 200)
        best = tuple(
            word
            for word, n in count.most_common(20)
            if word and n >= enough and (speakable(word) if any(c.isalnum() for c in word) else _is_mark(word))
        )[:6]
        if best:
            share = sum(count[word] for word in best) / len(sides.own)
            beside = [edge(text, at) in best for text in sides.others]
            others = sum(beside) / len(beside) if beside else None
            out.append(CardLine(key, f"{verb}: {' '.join(best)}", share, "share", others, best))
    return out


def edge(text: str, at: int) -> str:
    """How a message begins (`at` 0) or ends (-1): a word in lower case, a sign, or a whole emoticon."""
    ends = text.split()
    if ends and EMOTICON.fullmatch(ends[at]):
        return ends[at]
    # Of a long message only the edge is looked at.
    cut = pieces(text[:80] if at == 0 else text[-80:])
    return cut[at].strip().lower() if cut else ""


def _is_mark(piece: str) -> bool:
    """Whether it is a few signs, and nothing that stands for a name or for what was scrubbed."""
    return len(piece) <= 4 and piece.isprintable() and not any(c in "<>@[]" for c in piece)


def _hours(past: Past) -> CardLine:
    """The eight hours of the day (UTC) in which they write most."""
    count = Counter(datetime.fromtimestamp(burst.ts, UTC).hour for burst in past.bursts)
    total = sum(count.values()) or 1
    start = max(range(24), key=lambda h: (sum(count[(h + k) % 24] for k in range(8)), -h))
    share = sum(count[(start + k) % 24] for k in range(8)) / total
    text = f"Writes mostly from {start:02d} to {(start + 8) % 24:02d} h UTC."
    return CardLine("hours", text, share, "hours", None, tuple(str((start + k) % 24) for k in range(8)))
