"""The corpus while it is learnt from: every message once, as ids, and which messages stood before which turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from echo.persona.lexicon import Lexicon
from echo.persona.turns import Burst


@dataclass(frozen=True, slots=True)
class Line:
    """One message, whoever wrote it; `message` is its id, 0 where it has none."""

    author: str
    text: str
    own: bool
    ts: float
    message: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """Turns oldest first. `context[i]` and `said[i]` are indices into `lines` for turn i, oldest first."""

    bursts: tuple[Burst, ...]
    lines: tuple[Line, ...]
    context: tuple[tuple[int, ...], ...]
    said: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, bursts: Sequence[Burst], author: str) -> Past:
        """Folds the contexts that neighbouring turns share into one list of lines."""
        ordered = sorted((b for b in bursts if b.texts), key=lambda b: b.ts)
        known: dict[int | tuple[float, str, str], int] = {}
        lines: list[Line] = []

        def place(name: str, ts: float, text: str, own: bool, message: int) -> int:
            key = message or (ts, name, text)
            at = known.get(key)
            if at is None:
                at = known[key] = len(lines)
                lines.append(Line(name, text, own, ts, message))
            return at

        context, said = [], []
        for burst in ordered:
            heard = zip(burst.context, burst.context_ids or repeat(0), strict=False)
            context.append(tuple(place(u.author, u.ts, u.text, u.own, one) for u, one in heard))
            mine = zip(burst.texts, burst.times, burst.ids or repeat(0), strict=False)
            said.append(tuple(place(author, ts, text, True, one) for text, ts, one in mine))
        return cls(tuple(ordered), tuple(lines), tuple(context), tuple(said))

    def lexicon(self) -> Lexicon:
        """The words of all lines."""
        return Lexicon.learn((line.author, line.text, line.own) for line in self.lines)

    def others(self) -> set[str]:
        """Everybody but the subject."""
        return {line.author for line in self.lines if not line.own}
