"""What every engine decides alike, by the statistical persona: whether to speak, and at what pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from db.stored import Wishes
from echo.persona.decision import SOON
from echo.persona.model import Persona
from echo.ports import Answer, Moment, Why


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to speak now, and with what probability (0..1) that was so."""

    chance: float
    why: Why

    @property
    def speaks(self) -> bool:
        """Whether something is to be said."""
        return self.why in (Why.ADDRESSED, Why.WANTED, Why.OPENING)


def heed(persona: Persona, moment: Moment) -> None:
    """Lets the persona know what its subject is called and wishes and how it was found so far, before anything is asked
    of it."""
    persona.known_as(moment.me)
    persona.wish(moment.wishes)
    persona.mark(moment.marks)


def verdict(persona: Persona, moment: Moment, chattiness: float, speak: bool | None = None) -> Verdict:
    """An answer is owed when addressed; else it is drawn by the moment's seed, unless `speak` decides it."""
    heed(persona, moment)
    if moment.addressed and speak is not False:
        return Verdict(persona.speak_probability(moment.context, addressed=True), Why.ADDRESSED)
    chance = unasked(persona, moment, chattiness)
    wanted = Random(f"speak/{moment.seed}").random() < chance if speak is None else speak
    return Verdict(chance, Why.WANTED if wanted else Why.UNWANTED)


BEGINS: Final = Verdict(1.0, Why.OPENING)
"""What was decided by the hour already: to begin a conversation."""


def chance_of(persona: Persona, moment: Moment, chattiness: float) -> float:
    """The probability (0..1) with which `verdict` speaks."""
    heed(persona, moment)
    return 1.0 if moment.addressed else unasked(persona, moment, chattiness)


def unasked(persona: Persona, moment: Moment, chattiness: float) -> float:
    """The probability (0..1) of speaking at this very message without being addressed."""
    chance = persona.speak_probability(moment.context, addressed=False)
    return min(1.0, _each(chance) * max(0.0, chattiness))


def allowed(persona: Persona, texts: Sequence[str], wishes: Wishes) -> bool:
    """Whether the subject, who wishes this now, lets the messages be said."""
    persona.wish(wishes)
    return persona.allows(texts)


def silent(ruling: Verdict) -> Answer:
    """Nothing is said: it wasn't wanted, or there was nothing to say."""
    why = Why.NOTHING_TO_SAY if ruling.speaks else ruling.why
    return Answer((), 0.0, (), ruling.chance, why)


def paced(persona: Persona, moment: Moment, ruling: Verdict, texts: Sequence[str]) -> Answer:
    """The texts at the person's own pace. Nobody waits for an opening, so that it comes as soon as it is typed."""
    delay = 0.0 if ruling.why is Why.OPENING else persona.delay(moment.context, seed=moment.seed)
    gaps = persona.gaps(moment.context, texts, seed=moment.seed)
    chance = ruling.chance if ruling.why is Why.WANTED else 1.0
    typing = len(texts[0]) / persona.typing_speed() if texts else 0.0
    return Answer(tuple(texts), delay, tuple(gaps), chance, ruling.why, typing)


def _each(chance: float) -> float:
    """The chance at one message, from the chance of speaking within the next SOON of them: it is asked at each."""
    return float(1.0 - (1.0 - chance) ** (1 / SOON))
