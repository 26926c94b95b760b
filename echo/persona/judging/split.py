"""Cutting a corpus in time: what the tested persona learns from, the moments it is asked in, and what it is held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from echo.persona.turns import Burst, Utterance

HELD_OUT: Final = 0.2
"""Share of the answers, the newest, that the tested persona never sees."""
DAYS: Final = 4
"""Held-out days from which on they alternate between moments and reference; below it stretches of talk do."""
STRETCHES: Final = 8
"""Stretches into which fewer days are cut."""
FEWEST: Final = 20
"""Messages of the earlier part without which nothing is learnt, and nothing tested."""
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said in answer, and what it answered, oldest first."""

    context: tuple[Utterance, ...]
    texts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole turn."""
        return "\n".join(self.texts)


@dataclass(frozen=True, slots=True)
class Division:
    """A corpus cut in time. `moments` and `reference` are held-out answers of alternate days; `later` is all that was
    held out, answers or not. Each is oldest first.
    """

    earlier: tuple[Burst, ...]
    moments: tuple[Burst, ...]
    reference: tuple[Burst, ...]
    later: tuple[Burst, ...]

    @property
    def held_out(self) -> int:
        """Answers that the tested persona never sees."""
        return sum(is_answer(burst) for burst in self.later)


def is_answer(burst: Burst) -> bool:
    """Whether a turn has text and answers somebody."""
    return burst.delay is not None and bool(burst.context) and any(text.strip() for text in burst.texts)


def is_testable(division: Division) -> bool:
    """Whether there is something to learn from, and somewhere to be asked."""
    learnt = sum(len(burst.texts) for burst in division.earlier)
    return learnt >= FEWEST and bool(division.moments) and any(is_answer(burst) for burst in division.earlier)


def divide(bursts: Sequence[Burst], most: int) -> Division:
    """Holds out the newest HELD_OUT of the answers; at most `most` moments, spread evenly over them."""
    ordered = sorted((b for b in bursts if b.texts), key=lambda b: (b.ts, b.channel))
    answers = [b for b in ordered if is_answer(b)]
    if not answers:
        return Division(tuple(ordered), (), (), ())
    cut = answers[min(len(answers) - 1, int(len(answers) * (1 - HELD_OUT)))].ts
    earlier = tuple(b for b in ordered if b.ts < cut)
    later = tuple(b for b in ordered if b.ts >= cut)
    held = [b for b in later if is_answer(b)]
    side = _sides(held)
    asked = [b for b, even in zip(held, side, strict=True) if even]
    reference = tuple(b for b, even in zip(held, side, strict=True) if not even)
    return Division(earlier, tuple(spread(asked, most)), reference, later)


def _sides(held: Sequence[Burst]) -> list[bool]:
    """Which of the answers are moments: those of every other active day, or of every other stretch of talk."""
    days = sorted({int(b.ts // DAY) for b in held})
    if len(days) >= DAYS:
        place = {day: at for at, day in enumerate(days)}
        return [place[int(b.ts // DAY)] % 2 == 0 for b in held]
    return [at * STRETCHES // len(held) % 2 == 0 for at in range(len(held))]


def spread(some: Sequence[Burst], most: int) -> list[Burst]:
    """At most `most` of them, evenly spread."""
    if len(some) <= most:
        return list(some)
    return [some[at * len(some) // most] for at in range(most)]


def turn_of(burst: Burst) -> Turn:
    """What they really said."""
    return Turn(burst.context, tuple(text for text in burst.texts if text.strip()))


def crowd(bursts: Sequence[Burst]) -> list[Turn]:
    """What others said in the same conversations: of each context the last run of messages of one of them, once."""
    found: dict[tuple[str, float], Turn] = {}
    for burst in bursts:
        end = len(burst.context)
        while end and burst.context[end - 1].own:
            end -= 1
        begin = end
        while begin and burst.context[begin - 1].author == burst.context[end - 1].author:
            begin -= 1
        texts = tuple(u.text for u in burst.context[begin:end] if u.text.strip())
        if texts and begin:
            found.setdefault((burst.context[begin].author, burst.context[begin].ts), Turn(burst.context[:begin], texts))
    return list(found.values())
