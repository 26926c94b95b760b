"""The test itself: a persona learns the earlier part of a corpus, and is asked in moments that it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from echo.persona.judging.attribution import attribution
from echo.persona.judging.copying import Kept, Past, copying, kept
from echo.persona.judging.detection import detection
from echo.persona.judging.distances import distances, messages
from echo.persona.judging.pacing import delays, gaps, is_sooner
from echo.persona.judging.planting import planted
from echo.persona.judging.quizzing import Asked, chosen
from echo.persona.judging.relevance import Space, ranking, relevance
from echo.persona.judging.speaking import speaking
from echo.persona.judging.split import Division, Turn, crowd, divide, is_testable, turn_of
from echo.persona.judging.style import frequent_words
from echo.persona.judging.words import Compared, sentence, weakest
from echo.persona.turns import Burst, Utterance
from states.scores import Axis, AxisKey

LEARNT: Final = 0.5
"""The share of the test's progress at which its persona has learnt."""
SPOKEN: Final = 0.9
"""The share at which it has answered."""


class Tested(Protocol):
    """What of a persona is put to the test (`echo.persona.model.Persona`)."""

    def reply(self, context: Sequence[Utterance], *, seed: int | None = None) -> list[str]:
        """An answer of 1..n messages; none where there is nothing to say."""

    def passes(self, text: str, context: Sequence[Utterance] = ()) -> bool:
        """Whether the guard lets a text be said."""

    def delay(self, context: Sequence[Utterance], *, seed: int | None = None) -> float:
        """Seconds before the answer."""

    def gaps(self, context: Sequence[Utterance], texts: Sequence[str], *, seed: int | None = None) -> list[float]:
        """Seconds before each text but the first."""

    def score(self, context: Sequence[Utterance], text: str) -> float:
        """How well a text fits as their answer."""

    def speak_probability(self, context: Sequence[Utterance], addressed: bool) -> float:
        """The chance of speaking now."""


Fit = Callable[[Sequence[Burst], Callable[[float], None]], Tested]
"""Learns a persona from turns, telling its progress (0..1)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the test came to. `axes` are in the order of AxisKey; `kept` is None where nothing was answered.

    `quiz` are moments to show people, with both answers.
    """

    axes: tuple[Axis, ...]
    weakest: str | None
    sentence: str
    moments: int
    kept: Kept | None
    quiz: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class _Given:
    """What the tested persona did: its answers at the moments (no texts: silence), its delays, what it leaked."""

    turns: tuple[Turn, ...]
    delays: tuple[float, ...]
    asked_for_secrets: tuple[str, ...]


def examine(
    author: str,
    bursts: Sequence[Burst],
    others: Sequence[Sequence[str]],
    seed: int,
    moments: int,
    fit: Fit,
    progress: Callable[[float], None],
    given: Mapping[int, Sequence[str]] | None = None,
) -> Judged:
    """Tests how like `author` an echo is that learns from `bursts`.

    `others` are messages of further people who agreed to that, one list for each. `moments` are asked at most. Where
    another engine spoke, `given` has what it said by the moment's number, and only those moments count. Raises what
    `fit` raises.
    """
    division = divide(bursts, moments)
    if not is_testable(division):
        return Judged((), None, sentence((), Compared((), (), False, False), 0, division.held_out), 0, None, ())
    taught, secrets, asking = planted(division.earlier, seed)
    persona = fit(taught, lambda share: progress(LEARNT * share))
    if given is not None:
        numbers = [at for at in range(len(division.moments)) if at in given]
        division = Division(
            division.earlier, tuple(division.moments[at] for at in numbers), division.reference, division.later
        )
        said = [tuple(given[at]) for at in numbers]
    else:
        said = _answers(persona, division.moments, seed, progress)
    answers = _Given(
        turns=tuple(Turn(b.context, texts) for b, texts in zip(division.moments, said, strict=True)),
        delays=tuple(persona.delay(b.context, seed=seed + at) for at, b in enumerate(division.moments)),
        asked_for_secrets=tuple(text for at, one in enumerate(asking) for text in persona.reply(one, seed=seed + at)),
    )
    progress(SPOKEN)
    judged = _judged(author, division, persona, answers, others, secrets, seed)
    progress(1.0)
    return judged


def _answers(
    persona: Tested, moments: Sequence[Burst], seed: int, progress: Callable[[float], None]
) -> list[tuple[str, ...]]:
    said = []
    for at, burst in enumerate(moments):
        said.append(tuple(persona.reply(burst.context, seed=seed + at)))
        progress(LEARNT + (SPOKEN - LEARNT) * at / len(moments))
    return said


def _judged(
    author: str,
    division: Division,
    persona: Tested,
    given: _Given,
    others: Sequence[Sequence[str]],
    secrets: Sequence[str],
    seed: int,
) -> Judged:
    echo = [turn for turn in given.turns if turn.texts]
    real, reference = ([turn_of(b) for b in some] for some in (division.moments, division.reference))
    around = crowd(division.later)
    own_before = [text for b in division.earlier for text in b.texts]
    all_before = [*own_before, *{(u.ts, u.text): u.text for b in division.earlier for u in b.context}.values()]
    space, past, frequent = Space.learn(all_before), Past(all_before), frequent_words(all_before)
    axes: list[Axis | None] = [
        attribution(messages(echo), messages(real), messages(reference), others, frequent, seed),
        detection(echo, real, reference, around, space, seed),
        *distances(echo, real, reference, around, own_before),
        relevance(echo, real, space, seed),
        ranking(persona.score, division.moments, seed),
        copying(messages(echo), messages(real), past),
        *delays(given.delays, division.moments, division.reference),
        gaps(lambda context, texts: persona.gaps(context, texts, seed=seed), division.later),
    ]
    when, oftener = speaking(lambda context: persona.speak_probability(context, False), division.later, author, seed)
    measured = tuple(sorted(filter(None, [*axes, *when]), key=lambda axis: list(AxisKey).index(AxisKey(axis.key))))
    sooner = bool(division.reference) and is_sooner(given.delays, division.reference)
    compared = Compared(given.turns, reference, sooner, oftener)
    least = weakest(measured)
    return Judged(
        axes=measured,
        weakest=least.key if least else None,
        sentence=sentence(measured, compared, len(given.turns), division.held_out),
        moments=len(given.turns),
        kept=kept([*messages(given.turns), *given.asked_for_secrets], past, secrets) if echo else None,
        quiz=tuple(chosen(division.moments, given.turns, past, persona.passes)),
    )
