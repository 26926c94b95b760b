"""What every engine decides alike, by the statistical persona: whether to speak, and at what pace."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from echo.persona.avowal import asks, avowal
from echo.persona.decision import SOON
from echo.persona.leaking import NOTHING, Told
from echo.persona.model import Persona
from echo.persona.turns import REPLY_WITHIN, Utterance
from echo.persona.unmasking import bare_words
from echo.ports import Answer, Moment, Why
from states.objections import Objection


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
    persona.link_to(moment.allowed_links)


def verdict(persona: Persona, moment: Moment, chattiness: float, speak: bool | None = None) -> Verdict:
    """An answer is owed when addressed; else it is drawn by the moment's seed, unless `speak` decides it."""
    heed(persona, moment)
    if (moment.addressed or asked(moment) is not None) and speak is not False:
        return Verdict(persona.speak_probability(moment.context, addressed=True), Why.ADDRESSED)
    chance = unasked(persona, moment, chattiness)
    wanted = Random(f"speak/{moment.seed}").random() < chance if speak is None else speak
    return Verdict(chance, Why.WANTED if wanted else Why.UNWANTED)


BEGINS: Final = Verdict(1.0, Why.OPENING)
"""What was decided by the hour already: to begin a conversation."""


def chance_of(persona: Persona, moment: Moment, chattiness: float) -> float:
    """The probability (0..1) with which `verdict` speaks."""
    heed(persona, moment)
    return 1.0 if moment.addressed or asked(moment) is not None else unasked(persona, moment, chattiness)


def unasked(persona: Persona, moment: Moment, chattiness: float) -> float:
    """The probability (0..1) of speaking at this very message without being addressed."""
    chance = persona.speak_probability(moment.context, addressed=False)
    return min(1.0, _each(chance) * max(0.0, chattiness))


def objection(persona: Persona, texts: Sequence[str], moment: Moment, told: Told = NOTHING) -> Objection | None:
    """Why messages, whoever drafted them, must not be said in a moment; None where they may."""
    heed(persona, moment)
    return persona.objection(texts, (*moment.memory, *moment.earlier, *moment.context), told)


ASKED: Final = 4
"""Messages of others since the echo last spoke in which it is looked for a question to it."""


def asked(moment: Moment) -> str | None:
    """In which language the echo was just asked whether it is a bot ("" where that is not told); None where it wasn't.

    It was, where somebody addressed it, or asked right after it had spoken.
    """
    if moment.opens:
        return None
    since: list[Utterance] = []
    for said in reversed(moment.context):
        if said.own:
            break
        since.append(said)
    spoke = len(since) < len(moment.context) and since and since[0].ts - moment.context[~len(since)].ts <= REPLY_WITHIN
    if not (moment.addressed or spoke):
        return None
    company = {one.author for one in moment.context if not one.own}
    for said in since[:ASKED]:
        language = asks(said.text, moment.me, alone=moment.addressed)
        if language is not None and not _calls_another(said, company, moment.me):
            return language
    return None


def _calls_another(said: Utterance, company: Collection[str], me: Collection[str]) -> bool:
    """Whether it begins or ends with the name of somebody else who is here."""
    words, own = bare_words(said.text), {part for name in me for part in bare_words(name)}
    edges = {*words[:1], *words[-1:]} - own
    return any(name != said.author and bare_words(name)[:1] and bare_words(name)[0] in edges for name in company)


def avowed(persona: Persona, moment: Moment) -> list[str]:
    """What every engine says where somebody asks whether it is a bot: that it is; nothing where nobody does."""
    language = asked(moment)
    if language is None:
        return []
    said = [one.text for one in moment.context if one.own]
    return [persona.in_style(avowal(language or persona.language, said, moment.seed))]


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
