"""Which tested moments can be shown to people: two answers each, one real and one the echo's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from echo.persona.judging.copying import Past
from echo.persona.judging.split import Turn
from echo.persona.placeholders import PLACEHOLDER
from echo.persona.secrecy import INVITE, sensitive
from echo.persona.tokens import folded, words
from echo.persona.turns import Burst, Utterance

MOST: Final = 30
"""Moments that are chosen."""
LONGEST_TURN: Final = 3
"""Messages of an answer at most."""
FEWEST_WORDS: Final = 3
"""Words of an answer that tells something about who gave it."""
SHOWN: Final = 6
"""Messages of the context that are shown."""

Passes = Callable[[str, Sequence[Utterance]], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """A held-out moment: the turn that was really written, and what the echo said in its place."""

    burst: Burst
    context: tuple[Utterance, ...]
    echo: tuple[str, ...]


def chosen(moments: Sequence[Burst], turns: Sequence[Turn], past: Past, passes: Passes) -> list[Asked]:
    """Up to MOST moments, spread in time: the telling ones first, shorter ones where there are too few of those."""
    fit = [
        Asked(burst, burst.context[-SHOWN:], turn.texts)
        for burst, turn in zip(moments, turns, strict=True)
        if turn.texts and _is_clean(burst, turn, past, passes)
    ]
    telling = [one for one in fit if _tells(one.burst.texts) and _tells(one.echo)]
    if len(telling) < MOST:
        rest = [one for one in fit if one not in telling]
        telling += _spread(rest, MOST - len(telling))
    return sorted(_spread(telling, MOST), key=lambda one: one.burst.ts)


def _tells(texts: Sequence[str]) -> bool:
    return len(texts) <= LONGEST_TURN and any(len(words(text)) >= FEWEST_WORDS for text in texts)


def _is_clean(burst: Burst, turn: Turn, past: Past, passes: Passes) -> bool:
    shown = [*(said.text for said in burst.context[-SHOWN:]), *burst.texts, *turn.texts]
    if any(PLACEHOLDER.search(text) or sensitive(text) or INVITE.search(text) for text in shown):
        return False
    if not all(text.strip() and passes(text, burst.context) for text in turn.texts):
        return False
    if any(past.has_span(text) or past.has_whole(text) for text in (*burst.texts, *turn.texts)):
        return False
    return [folded(text) for text in burst.texts] != [folded(text) for text in turn.texts]


def _spread(some: Sequence[Asked], most: int) -> list[Asked]:
    if len(some) <= most:
        return list(some)
    return [some[at * len(some) // most] for at in range(most)]
