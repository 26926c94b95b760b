"""Who answers where several echoes hear the same message."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from db.connection import Database
from db.turns import Decided, Turns
from echo.errors import EngineFailed
from echo.floor import Floor, Limits, Ruling, bot_turns, drawn
from echo.ports import Heard, Why
from echo.share import Ceiling
from states.board import Board
from states.effects import Compose
from states.model import ProfileSnapshot, ProfileState, SessionSnapshot, SessionState
from tests.support.clock import HandClock
from tests.support.snapshots import CHANNEL, NOON, bare_step, birth, session_birth
from tests.support.stored_steps import steps_of

NO_CEILING = Ceiling(1.0, 1.0)
CHANCES = {1: 0.6, 2: 0.3, 3: 0.1}


# ---------------------------------------------------------------- the draw


def test_nobody_or_one_is_drawn_as_often_as_their_chances_say() -> None:
    found = Counter(drawn(CHANCES, message).profile_id for message in range(4000))
    nobody = 0.4 * 0.7 * 0.9
    assert abs(found[None] / 4000 - nobody) < 0.03
    for profile_id, chance in CHANCES.items():
        assert abs(found[profile_id] / 4000 - (1 - nobody) * chance) < 0.03


def test_the_chance_that_is_told_is_the_one_of_being_drawn() -> None:
    one = next(found for message in range(99) if (found := drawn(CHANCES, message)).profile_id == 2)
    assert one.chance == pytest.approx((1 - 0.4 * 0.7 * 0.9) * 0.3)
    alone = next(found for message in range(99) if (found := drawn({5: 0.4}, message)).profile_id)
    assert (alone.profile_id, alone.why) == (5, "wanted") and alone.chance == pytest.approx(0.4)


def test_the_message_is_the_seed_whatever_the_order() -> None:
    for message in range(50):
        assert drawn(CHANCES, message) == drawn(dict(reversed(CHANCES.items())), message)
    assert drawn({}, 1) == drawn({1: 0.0}, 1) == Decided(None, 0.0, "unwanted")
    assert drawn({1: 1.0}, 1).profile_id == 1


# ---------------------------------------------------------------- counting turns


def said(number: int, speaker: int | None = None, author: int = 100) -> Heard:
    """A message: a human's, or that of the echo of a profile."""
    human = speaker is None
    author_id = author if human else 0
    return Heard(number, CHANNEL, author_id, "somebody", NOON.timestamp(), "hm", human=human, speaker=speaker)


def test_messages_in_a_row_of_one_bot_are_one_turn() -> None:
    assert bot_turns([said(1), said(2, 7), said(3, 7), said(4, 8), said(5, 7)]) == 3
    assert bot_turns([said(1, 7), said(2)]) == bot_turns([]) == 0
    assert bot_turns([said(1, 7), said(2, 8)]) == 2, "also where no human is known to have spoken"


# ---------------------------------------------------------------- the floor


@dataclass
class Stage:
    """A channel with the echoes of some profiles, each of which would speak with its chance."""

    board: Board
    turns: Turns
    limits: Limits
    clock: HandClock
    called: dict[int, frozenset[int]] = field(default_factory=dict)
    chances: dict[int, float] = field(default_factory=dict)
    asked: int = 0

    def floor(self) -> Floor:
        return Floor(
            self.board, self.turns, lambda _, message: self.called.get(message, frozenset()), self.limits, self.clock
        )

    def session(self, number: int) -> SessionSnapshot:
        return self.board.sessions[number]

    def set(self, number: int, **changes: object) -> SessionSnapshot:
        changed = replace(self.session(number), **changes)  # type: ignore[arg-type]
        self.board.show(changed)
        return changed

    def hears(self, *numbers: int, message: int, addressed: bool = False, turn: int = 1) -> None:
        """These sessions think about a message."""
        for number in numbers:
            self.set(number, state=SessionState.COMPOSING, heard_id=message, addressed=addressed, turn=turn)

    async def chance(self, session: SessionSnapshot) -> float:
        self.asked += 1
        chance = self.chances[session.profile_id]
        if math.isnan(chance):
            raise EngineFailed("The model is damaged: train the echo again.")
        return chance

    async def rule(self, floor: Floor, number: int, *heard: Heard) -> Ruling:
        session = self.session(number)
        return await floor.ruling(session, Compose(session.turn, session.heard_id), heard, self.chance)


Build = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    """Makes a stage of so many echoes: profiles and sessions 1, 2, ..."""
    async with Database(tmp_path / "echo.db") as database:

        async def built(count: int = 3, bot_turns: int = 4, ceiling: Ceiling = NO_CEILING) -> Stage:
            board, steps = Board(), steps_of(database)
            for number in range(1, count + 1):
                born = birth(user_id=number).after
                assert isinstance(born, ProfileSnapshot)
                ready = replace(born, state=ProfileState.READY, model_path="m", model_version=1)
                profile = (await steps.record(bare_step(ready))).snapshot
                assert isinstance(profile, ProfileSnapshot)
                board.show(profile)
                board.show((await steps.record(session_birth(profile))).snapshot)
            stage = Stage(board, Turns(database), Limits(bot_turns, ceiling), HandClock())
            stage.chances = dict.fromkeys(range(1, count + 1), 0.5)
            return stage

        yield built


async def test_at_most_one_of_those_who_hear_a_message_speaks(build: Build) -> None:
    stage = await build(3)
    floor, speakers = stage.floor(), Counter[int]()
    for message in range(1, 41):
        stage.hears(1, 2, 3, message=message, turn=message)
        rulings = await asyncio.gather(*(stage.rule(floor, number, said(message)) for number in (1, 2, 3)))
        spoke = [number for number, ruling in enumerate(rulings, 1) if ruling.speaks]
        assert len(spoke) <= 1
        speakers[len(spoke)] += 1
        for ruling in rulings:
            assert ruling.speaks or ruling.why is (Why.ANOTHER if spoke else Why.UNWANTED)
    assert speakers[1] > 20 and speakers[0] > 0
    assert stage.asked == 3 * 40, "each was asked for its chance once"


async def test_a_decision_outlives_the_process_and_another_mood(build: Build) -> None:
    stage = await build(2)
    stage.chances = {1: 1.0, 2: 0.0}
    stage.hears(1, 2, message=5)
    first = [await stage.rule(stage.floor(), number, said(5)) for number in (1, 2)]
    stage.chances = {1: 0.0, 2: 1.0}
    assert [await stage.rule(stage.floor(), number, said(5)) for number in (2, 1)] == first[::-1]
    assert first[0].speaks and not first[1].speaks


async def test_everybody_who_is_addressed_has_the_word_and_nobody_else(build: Build) -> None:
    stage = await build(3)
    stage.chances = dict.fromkeys((1, 2, 3), 1.0)
    floor = stage.floor()
    stage.called[5] = frozenset({1, 2})
    stage.hears(3, message=5)  # before the machines of the others have heard it
    assert (await stage.rule(floor, 3, said(5))).why is Why.ANOTHER
    stage.hears(1, 2, message=5, addressed=True)
    for number in (1, 2):
        assert await stage.rule(floor, number, said(5)) == Ruling(True, 1.0, Why.ADDRESSED)


async def test_while_one_is_about_to_answer_who_addressed_it_nobody_else_begins(build: Build) -> None:
    stage = await build(2)
    stage.chances = {1: 1.0, 2: 1.0}
    floor = stage.floor()
    stage.hears(1, message=5, addressed=True)
    stage.hears(2, message=6, turn=2)
    assert (await stage.rule(floor, 2, said(5), said(6))).why is Why.ANOTHER


async def test_whoever_said_it_or_is_saying_something_is_not_drawn(build: Build) -> None:
    stage = await build(3, bot_turns=9)
    stage.chances = {1: 1.0, 2: 1.0, 3: 0.0}
    stage.set(2, state=SessionState.COMPOSING, generation_id=4, part=1, parts=2)
    for message in range(5, 15):
        stage.hears(3, message=message, turn=message)
        await stage.rule(stage.floor(), 3, said(message, speaker=1))
        assert await stage.turns.of(CHANNEL, message) == Decided(None, 0.0, "unwanted")


async def test_another_echo_that_cannot_speak_is_no_bar_but_ones_own_trouble_is_told(build: Build) -> None:
    stage = await build(2)
    stage.chances = {1: 1.0, 2: math.nan}
    stage.hears(1, 2, message=5)
    with pytest.raises(EngineFailed):
        await stage.rule(stage.floor(), 2, said(5))
    assert (await stage.rule(stage.floor(), 1, said(5))).speaks


@pytest.mark.parametrize("most", [1, 2, 4, 7])
async def test_bots_take_no_more_turns_than_they_may_however_many_and_eager_they_are(build: Build, most: int) -> None:
    """Three echoes that always want to speak, and are told of each message at once, in every order."""
    stage = await build(3, bot_turns=most)
    stage.chances = dict.fromkeys((1, 2, 3), 1.0)
    floor, talk = stage.floor(), [said(1)]
    for _ in range(3 * most):
        newest = talk[-1].message_id
        for number in (1, 2, 3):
            if talk[-1].speaker != number:
                stage.hears(number, message=newest, turn=newest)
        rulings = {n: await stage.rule(floor, n, *talk) for n in (1, 2, 3) if talk[-1].speaker != n}
        spoke = [number for number, ruling in rulings.items() if ruling.speaks]
        for number in (1, 2, 3):
            stage.set(number, state=SessionState.LISTENING)
        if not spoke:
            assert any(ruling.why is Why.BOTS for ruling in rulings.values())
            break
        talk.append(said(newest + 1, speaker=spoke[0]))
    assert bot_turns(talk) == most
    talk.append(said(talk[-1].message_id + 1))
    stage.hears(1, 2, 3, message=talk[-1].message_id, turn=99)
    assert any([(await stage.rule(floor, n, *talk)).speaks for n in (1, 2, 3)]), "a human's word begins it anew"


async def test_a_turn_that_is_promised_counts_before_it_is_said(build: Build) -> None:
    stage = await build(3, bot_turns=2)
    talk = [said(1), said(2, speaker=3)]
    floor = stage.floor()
    stage.hears(1, 2, message=2, addressed=True, turn=2)
    stage.called[2] = frozenset({1, 2})
    assert (await stage.rule(floor, 1, *talk)).speaks
    assert (await stage.rule(floor, 2, *talk)).why is Why.BOTS
    # After a restart a draft that is made tells the same.
    stage.set(1, generation_id=9, parts=1)
    assert (await stage.rule(stage.floor(), 2, *talk)).why is Why.BOTS


async def test_what_a_human_asks_of_many_is_answered_by_all_of_them(build: Build) -> None:
    stage = await build(3, bot_turns=1)
    stage.called[1] = frozenset({1, 2, 3})
    stage.hears(1, 2, 3, message=1, addressed=True)
    floor = stage.floor()
    assert all([(await stage.rule(floor, number, said(1))).speaks for number in (1, 2, 3)])


async def test_in_a_crowd_an_echo_falls_silent_at_its_share_unless_a_human_addresses_it(build: Build) -> None:
    stage = await build(2, ceiling=Ceiling(0.35, 0.9))
    stage.chances = {1: 1.0, 2: 0.0}
    talk = [said(1), said(2, author=200), said(3, speaker=1), said(4)]
    stage.hears(1, message=4)
    assert (await stage.rule(stage.floor(), 1, *talk)).why is Why.SHARE
    by_human = [*talk, said(5, author=200)]
    stage.called[5] = frozenset({1})
    stage.hears(1, message=5, addressed=True, turn=2)
    assert (await stage.rule(stage.floor(), 1, *by_human)).speaks
    by_echo = [said(0, speaker=1), *talk, said(6, speaker=2)]
    stage.called[6] = frozenset({1})
    stage.hears(1, message=6, addressed=True, turn=3)
    assert (await stage.rule(stage.floor(), 1, *by_echo)).why is Why.SHARE


async def test_an_answer_is_given_no_more_messages_than_fit_its_share(build: Build) -> None:
    stage = await build(1, ceiling=Ceiling(0.35, 0.9))
    stage.chances = {1: 1.0}
    talk = [said(number, author=100 * (1 + number % 2)) for number in range(1, 5)]
    stage.hears(1, message=4)
    ruling = await stage.rule(stage.floor(), 1, *talk)
    assert ruling.speaks and ruling.room == 2
