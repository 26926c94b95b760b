"""Scorecards: testing each new model before it may speak, keeping what that came to, and showing it on the board."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from db.corpus import Corpus
from db.errors import StorageError
from db.scorecards import Scorecards
from db.stored import QuizMoment
from echo.comparing import not_worth_it
from echo.errors import EngineFailed, EngineUnavailable, NoPermission, NotPassed, NotWorthIt
from echo.persona.turns import Burst
from echo.ports import Engine, Examined, PersonaName, TestedMoment
from echo.reach import Reach
from echo.settings import Settings
from states.board import Board, Progress
from states.model import ProfileSnapshot
from states.scores import Axis, AxisKey, Scorecard, share, with_guesses
from states.terms import Purpose

log = logging.getLogger(__name__)

OTHERS: Final = 4
"""Other people of the server who agreed to an echo, against whom style is judged, at most."""
MESSAGES: Final = 600
"""Messages of each of them at most, the newest."""
TELLING: Final = 0.3
"""How far a figure's floor must lie from its ceiling for the gate to go by it."""
LIKENESS: Final = (
    AxisKey.ATTRIBUTION, AxisKey.DETECTION, AxisKey.LENGTH, AxisKey.TURNS, AxisKey.MARKS, AxisKey.WORDS,
)  # fmt: skip
"""The axes that say how like the person the messages are."""
ENOUGH_AXES: Final = 4
"""Of these, so many must have been measured for the gate to go by their mean."""


_REMEDY: Final = "add more messages, choose a later date or more channels, and retry"
_OF_A_MODEL: Final = "choose another model, add more messages, choose a later date or more channels, and retry"
"""Where a base model speaks, which may be what does not do."""


class Guessed(Protocol):
    """What people guess at (`db.quizzes.Quizzes`). Both raise StorageError."""

    async def put_moments(self, profile_id: int, version: int, moments: Sequence[QuizMoment]) -> int:
        """Keep moments, sealed, in place of earlier ones; how many were kept."""

    async def guesses(self, profile_id: int) -> Mapping[int, tuple[int, int]]:
        """By version: how many guesses were right, of how many."""


@dataclass(slots=True)
class Scoring:
    """Tests models and keeps the cards; moments of a test are what people guess at."""

    board: Board
    corpus: Corpus
    scorecards: Scorecards
    quizzes: Guessed
    engine: Engine
    reach: Reach
    settings: Settings
    clock: Callable[[], datetime]

    async def load(self) -> None:
        """Show what earlier runs found."""
        for profile_id, cards in (await self.scorecards.every()).items():
            await self._show(profile_id, cards)

    async def show(self, profile_id: int) -> None:
        """Show the cards of a profile as they are now, with what people guessed."""
        await self._show(profile_id, await self.scorecards.of(profile_id))

    def take_down(self, profile_id: int) -> None:
        """Show nothing of a profile any more: it is forgotten."""
        self.board.score(profile_id, ())

    async def test(self, profile: ProfileSnapshot, version: int, name: str, bursts: Sequence[Burst]) -> None:
        """Test the model that was learnt from `bursts`, keep the card and show it.

        Raises NotPassed with the reason where the model must not speak. Where the test itself fails, the model is
        not held back: the guard looks at each message all the same.
        """
        if not self.settings.scorecard_moments:
            return
        try:
            # What it is asked in are moments of theirs, and an engine elsewhere would be shown them.
            await self.reach.check(profile.id)
            examined = await self._examined(profile, version, name, bursts)
        except (EngineFailed, EngineUnavailable, NoPermission, StorageError) as problem:
            log.warning("Version %d of profile %d was not tested: %s", version, profile.id, problem)
            return
        await self._pass(profile.id, version, examined)

    async def compare(self, profile: ProfileSnapshot, tuned: PersonaName, name: str, bursts: Sequence[Burst]) -> None:
        """Test a fine-tuned model beside the prompt-only persona of the same `bursts`, and keep the card of the better.

        Raises NotWorthIt with the reason where the prompt alone is to speak, also where the test could not be made:
        weights must not speak unseen. Raises NotPassed where neither must; EngineUnavailable and StorageError, which
        may pass.
        """
        if not self.settings.scorecard_moments:
            raise NotWorthIt("A fine-tuned model speaks only after its test: set scorecard_moments, and refresh.")
        version, gate = tuned.version, self.settings.scorecard_gate
        try:
            await self.reach.check(profile.id)
            prompted = await self._examined(profile, version, name, bursts)
            weighed = await self._examined(profile, version, name, bursts, tuned)
        except (EngineFailed, NoPermission) as problem:
            raise NotWorthIt(f"The fine-tuned model could not be tested: {problem}") from problem
        reason = barred(weighed, gate) or not_worth_it(weighed, prompted)
        if reason is None:
            await self._keep(profile.id, version, weighed, None)
            return
        await self._pass(profile.id, version, prompted)
        raise NotWorthIt(reason)

    async def _pass(self, profile_id: int, version: int, examined: Examined) -> None:
        reason = barred(examined, self.settings.scorecard_gate, by_model=self.settings.engine == "ollama")
        await self._keep(profile_id, version, examined, reason)
        if reason is not None:
            raise NotPassed(reason)

    async def _examined(
        self,
        profile: ProfileSnapshot,
        version: int,
        name: str,
        bursts: Sequence[Burst],
        tuned: PersonaName | None = None,
    ) -> Examined:
        what = "testing how like them it is" if tuned is None else "testing the fine-tuned model"

        def progress(far: float) -> None:
            done = round(100 * min(1.0, max(0.0, far)))
            self.board.advance(profile.key, Progress("testing", done, 100, "%", what))

        progress(0.0)
        return await self.engine.examine(
            name,
            bursts,
            await self._others(profile),
            seed=profile.id * 1000 + version,
            moments=self.settings.scorecard_moments,
            progress=progress,
            timeout=float(self.settings.model_training_timeout),
            tuned=tuned,
            base=profile.base,
            examples=profile.terms.allows(Purpose.EXAMPLES),
        )

    async def _others(self, profile: ProfileSnapshot) -> list[list[str]]:
        """What others of the same server wrote who agreed to an echo of theirs; it is read, and kept nowhere."""
        found = []
        here = self.board.profiles_in(profile.server_id).values()
        agreed = [p for p in here if p.has_consent and p.id != profile.id]
        # Who is invisible to echoes is so to others' tests as well.
        agreed = [p for p in agreed if not self.corpus.is_unseen(p.server_id, p.user_id)]
        for other in sorted(agreed, key=lambda p: -p.messages)[:OTHERS]:
            texts: deque[str] = deque(maxlen=MESSAGES)
            try:
                async for page in self.corpus.stream(other.id):
                    texts.extend(row.text for row in page if row.own and row.text.strip())
            except StorageError as error:
                # They may be forgotten at this moment; a test without them is better than none.
                log.info("Nobody is compared with profile %d: %s", other.id, error)
                continue
            found.append(list(texts))
        return found

    async def _keep(self, profile_id: int, version: int, examined: Examined, reason: str | None) -> None:
        card = Scorecard(
            version=version,
            axes=examined.axes,
            weakest=examined.weakest,
            passed=reason is None,
            sentence=examined.sentence if reason is None else reason,
            moments=examined.moments,
            seconds=round(examined.seconds, 3),
            at=self.clock(),
        )
        try:
            await self.scorecards.put(profile_id, card)
            if reason is None:
                await self.quizzes.put_moments(profile_id, version, [_to_guess(one) for one in examined.quiz])
            await self.show(profile_id)
        except StorageError as error:
            log.warning("The scorecard of profile %d could not be kept: %s", profile_id, error)

    async def _show(self, profile_id: int, cards: Sequence[Scorecard]) -> None:
        guesses = await self.quizzes.guesses(profile_id)
        self.board.score(profile_id, tuple(with_guesses(c, *guesses.get(c.version, (0, 0))) for c in cards))


def _to_guess(tested: TestedMoment) -> QuizMoment:
    """The moment as it is kept. Of a channel, or messages, without an id nothing is known that would name them."""
    burst, shown = tested.burst, tested.shown
    before = burst.context_ids[-shown:] if burst.context_ids else (0,) * shown
    return QuizMoment(
        channel_id=int(burst.channel) if burst.channel.isdecimal() else 0,
        at=burst.ts,
        context=tuple((said.author, said.text) for said in burst.context[-shown:]),
        real=burst.texts,
        echo=tested.echo,
        message_ids=(*before, *(burst.ids or (0,) * len(burst.texts))),
    )


def barred(examined: Examined, gate: float, *, by_model: bool = False) -> str | None:
    """Why a model must not speak, in one sentence; None where it may.

    What copies or tells what must not be told never may. `gate` is the share (0..1, 0 = any) from floor to ceiling that
    being recognised, and the mean of the axes of likeness, must reach where they were measured. `by_model`: a base
    model speaks, and there are others.
    """
    remedy = _OF_A_MODEL if by_model else _REMEDY
    if examined.leaked:
        return (
            f"In its test the echo told what must never be told in {_messages(examined.leaked)}, so it does not speak: "
            "retry, and tell whoever runs this bot if it happens again."
        )
    if examined.copied:
        return (
            f"In its test the echo repeated word for word what was said before in {_messages(examined.copied)}, so it "
            f"does not speak: {remedy}."
        )
    axes = {axis.key: axis for axis in examined.axes}
    style = axes.get(AxisKey.ATTRIBUTION)
    if style is not None and _is_telling(style) and share(style) < gate:
        return (
            f"In its test only {100 * style.figure:.0f} % of the echo's messages were recognised as theirs by style, "
            f"which is hardly more than of anybody else's ({100 * style.floor:.0f} %), so it does not speak: {remedy}."
        )
    alike = [share(axes[key]) for key in LIKENESS if key in axes]
    if len(alike) >= ENOUGH_AXES and sum(alike) / len(alike) < gate:
        return (
            "In its test the echo's messages were as unlike theirs as anybody else's, above all on the axis "
            f"“{_least(axes).label}”, so it does not speak: {remedy}."
        )
    return None


def _is_telling(axis: Axis) -> bool:
    return axis.ceiling - axis.floor >= TELLING


def _least(axes: dict[str, Axis]) -> Axis:
    return min((axes[key] for key in LIKENESS if key in axes), key=share)


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"
