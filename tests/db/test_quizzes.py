"""Moments to guess at: sealed, asked once, and gone with any of their messages; of guesses only counts are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from db.changes import Change, Changes
from db.connection import Database
from db.corpus import Corpus
from db.erasure import Erasure
from db.errors import KeyDestroyed
from db.quizzes import MOST_MOMENTS, Quizzes, RunningQuiz
from db.retention import Retention
from db.steps import Steps
from db.stored import QuizMoment
from states.events import (
    AllowanceGiven,
    AllowanceWithdrawn,
    CollectionFinished,
    CorpusChanged,
    Event,
    TrainingFinished,
)
from states.model import Allowance, ProfileSnapshot
from tests.support.clock import HandClock
from tests.support.files import everything_in
from tests.support.snapshots import (
    ASKER,
    CHANNEL,
    NOON,
    SENTENCES,
    SUBJECT,
    a_moment,
    agreed,
    birth,
    following,
    later,
    messages,
)

GIVEN = AllowanceGiven(NOON, SUBJECT, Allowance.QUIZ, 1, "0f" * 32)
WITHDRAWN = AllowanceWithdrawn(later(1), SUBJECT, Allowance.QUIZ)


@pytest.fixture
async def allowed(steps: Steps, corpus: Corpus, profile: ProfileSnapshot) -> ProfileSnapshot:
    """A ready profile with a hundred messages, whose subject allows the quiz."""
    await corpus.store(profile, messages(100))
    now = (await steps.record(agreed(profile))).snapshot
    events = (CollectionFinished(NOON, 100, 50), TrainingFinished(NOON, "1-1.model", 1, 100, 2.5), GIVEN)
    for event in events:
        now = (await steps.record(following(now, event))).snapshot
    assert isinstance(now, ProfileSnapshot)
    return now


async def told(steps: Steps, profile: ProfileSnapshot, *events: Event) -> ProfileSnapshot:
    for event in events:
        recorded = (await steps.record(following(profile, event))).snapshot
        assert isinstance(recorded, ProfileSnapshot)
        profile = recorded
    return profile


async def open_moments(quizzes: Quizzes, profile: ProfileSnapshot) -> list[QuizMoment]:
    return [kept.moment for kept in await quizzes.moments(profile.id)]


async def test_moments_come_back_as_they_were_and_lie_nowhere_in_the_clear(
    allowed: ProfileSnapshot, quizzes: Quizzes, database: Database, path: Path
) -> None:
    put = [a_moment(1, 2, 3), a_moment(7, 8), a_moment(9, channel_id=CHANNEL + 1)]
    assert await quizzes.put_moments(allowed.id, 1, put) == 3
    kept = await quizzes.moments(allowed.id)
    assert [one.moment for one in kept] == put and {one.version for one in kept} == {1}
    await database.compact()
    found = everything_in(path.parent)
    words = {word for sentence in SENTENCES for word in sentence.encode().split() if len(word) > 5}
    assert not any(word in found for word in (*words, b"invented answer", b"Ottilie"))


async def test_of_what_stood_before_only_the_last_lines_are_kept(
    allowed: ProfileSnapshot, quizzes: Quizzes, corpus: Corpus
) -> None:
    await quizzes.put_moments(allowed.id, 1, [a_moment(1, 2, 3, 4, 5, 6, 7)])
    assert await open_moments(quizzes, allowed) == [a_moment(3, 4, 5, 6, 7)]
    await corpus.remove([2])
    assert len(await quizzes.moments(allowed.id)) == 1


async def test_the_moments_of_a_newer_model_replace_those_of_the_older_one(
    allowed: ProfileSnapshot, quizzes: Quizzes
) -> None:
    await quizzes.put_moments(allowed.id, 1, [a_moment(1, 2)])
    many = [a_moment(one) for one in range(1, 60)]
    assert await quizzes.put_moments(allowed.id, 2, many) == MOST_MOMENTS
    assert {one.version for one in await quizzes.moments(allowed.id)} == {2}
    assert await open_moments(quizzes, allowed) == many[:MOST_MOMENTS]


async def test_a_moment_is_asked_once_and_its_text_goes_then(allowed: ProfileSnapshot, quizzes: Quizzes) -> None:
    put = [a_moment(1, 2), a_moment(3, 4)]
    await quizzes.put_moments(allowed.id, 1, put)
    first, _ = await quizzes.moments(allowed.id)
    await quizzes.note_asked(first.id)
    assert await quizzes.is_kept(first.id)
    assert await open_moments(quizzes, allowed) == [put[1]]
    # The next model is tested on the same messages: they were seen, so they prove nothing any more.
    await quizzes.put_moments(allowed.id, 2, put)
    assert await open_moments(quizzes, allowed) == [put[1]]


async def test_what_an_asked_moment_has_shown_is_not_asked(allowed: ProfileSnapshot, quizzes: Quizzes) -> None:
    put = [a_moment(1, 2), a_moment(2, 3), a_moment(3, 4), a_moment(5, 6)]
    await quizzes.put_moments(allowed.id, 1, put)
    kept = await quizzes.moments(allowed.id)
    await quizzes.note_asked(kept[1].id)
    # What stood before the asked one was the first's answer; the third only begins with the asked one's answer.
    assert await open_moments(quizzes, allowed) == [put[2], put[3]]


@pytest.mark.parametrize("gone", [1, 2])
async def test_a_moment_goes_with_any_of_its_messages_that_is_deleted(
    gone: int, allowed: ProfileSnapshot, quizzes: Quizzes, corpus: Corpus
) -> None:
    await quizzes.put_moments(allowed.id, 1, [a_moment(1, 2), a_moment(3, 4)])
    first, second = await quizzes.moments(allowed.id)
    await corpus.remove([gone])
    assert await quizzes.moments(allowed.id) == [second]
    assert not await quizzes.is_kept(first.id)


async def test_a_moment_goes_with_any_of_its_messages_that_is_edited(
    allowed: ProfileSnapshot, quizzes: Quizzes, corpus: Corpus
) -> None:
    await quizzes.put_moments(allowed.id, 1, [a_moment(1, 2), a_moment(3, 4)])
    await corpus.amend(replace(messages(1)[0], text="Something else."), allowed.id)
    assert await open_moments(quizzes, allowed) == [a_moment(3, 4)]


async def test_moments_go_with_their_channel(allowed: ProfileSnapshot, quizzes: Quizzes, corpus: Corpus) -> None:
    await quizzes.put_moments(allowed.id, 1, [a_moment(1, 2), a_moment(3, 4, channel_id=CHANNEL + 1)])
    await corpus.remove_places([CHANNEL + 1])
    assert await open_moments(quizzes, allowed) == [a_moment(1, 2)]


async def test_moments_of_messages_that_are_not_stored_are_not_kept(allowed: ProfileSnapshot, quizzes: Quizzes) -> None:
    none_known = replace(a_moment(1, 2), message_ids=(0, 0))
    assert await quizzes.put_moments(allowed.id, 1, [a_moment(1, 999), none_known, a_moment(3, 4)]) == 1
    assert await open_moments(quizzes, allowed) == [a_moment(3, 4)]


async def test_no_moments_are_kept_of_a_corpus_that_has_changed_since(
    allowed: ProfileSnapshot, quizzes: Quizzes, steps: Steps, database: Database
) -> None:
    changes = Changes(database)
    await changes.note(allowed.id, Change(removed=1))
    assert await quizzes.put_moments(allowed.id, 1, [a_moment(1, 2)]) == 0
    await changes.take(allowed.id, Change(removed=1))
    assert await quizzes.put_moments(allowed.id, 1, [a_moment(1, 2)]) == 1
    await told(steps, allowed, CorpusChanged(NOON, 99, 0, 1, 0))
    assert await quizzes.put_moments(allowed.id, 2, [a_moment(1, 2)]) == 0
    assert await open_moments(quizzes, allowed) == []


async def test_taking_the_quiz_back_erases_the_moments_and_lets_no_others_come_until_it_is_allowed_again(
    allowed: ProfileSnapshot, quizzes: Quizzes, steps: Steps, database: Database
) -> None:
    await quizzes.put_moments(allowed.id, 1, [a_moment(1, 2), a_moment(3, 4)])
    now = await told(steps, allowed, WITHDRAWN)
    async with database.read() as connection:
        assert list(await connection.execute_fetchall("SELECT * FROM quiz_moments")) == []
        assert list(await connection.execute_fetchall("SELECT * FROM quiz_moment_messages")) == []
    assert await quizzes.put_moments(allowed.id, 2, [a_moment(1, 2)]) == 0
    await told(steps, now, replace(GIVEN, at=later(2)))
    assert await quizzes.put_moments(allowed.id, 2, [a_moment(1, 2)]) == 1


async def test_moments_go_when_the_oldest_of_their_messages_is_too_old(
    allowed: ProfileSnapshot, quizzes: Quizzes, corpus: Corpus, clock: HandClock, retention: Retention
) -> None:
    clock.move(5 * 86400)
    await corpus.store(allowed, messages(10, first_id=9000))
    await quizzes.put_moments(allowed.id, 1, [a_moment(100, 9001), a_moment(9002, 9003)])
    swept = await retention.sweep({"messages": NOON + timedelta(days=1)})
    assert (swept.of("messages"), swept.of("moments for the quiz")) == (100, 1)
    assert await open_moments(quizzes, allowed) == [a_moment(9002, 9003)]


async def test_guesses_are_counted_by_the_models_version(allowed: ProfileSnapshot, quizzes: Quizzes) -> None:
    assert await quizzes.guesses(allowed.id) == {}
    assert await quizzes.count(allowed.id, 1, 2, 5) == (2, 5)
    assert await quizzes.count(allowed.id, 1, 1, 1) == (3, 6)
    await quizzes.count(allowed.id, 2, 0, 4)
    assert await quizzes.guesses(allowed.id) == {1: (3, 6), 2: (0, 4)}


async def test_a_running_quiz_is_known_until_it_ends(allowed: ProfileSnapshot, quizzes: Quizzes) -> None:
    quiz_id = await quizzes.begin(allowed.id, CHANNEL, 77)
    assert await quizzes.running() == [RunningQuiz(quiz_id, allowed.id, CHANNEL, 77)]
    await quizzes.end(quiz_id)
    assert await quizzes.running() == []


async def test_forgetting_leaves_no_moment_or_result_and_takes_none_any_more(
    allowed: ProfileSnapshot, quizzes: Quizzes, erasure: Erasure, database: Database, steps: Steps, corpus: Corpus
) -> None:
    other = (await steps.record(birth(user_id=ASKER))).snapshot
    assert isinstance(other, ProfileSnapshot)
    await corpus.store(other, messages(10, first_id=500))
    for profile, first in ((allowed, 1), (other, 501)):
        await quizzes.put_moments(profile.id, 1, [a_moment(first, first + 1)])
        await quizzes.begin(profile.id, CHANNEL, 77)
        await quizzes.count(profile.id, 1, 1, 2)
    await erasure.erase(allowed.id)
    # Until it is taken down, somebody's words stand there.
    assert allowed.id in {one.profile_id for one in await quizzes.running()}
    for table in ("quiz_moments", "quiz_results"):
        async with database.read() as connection:
            rows = list(await connection.execute_fetchall(f"SELECT profile_id FROM {table}"))
        assert [row["profile_id"] for row in rows] == [other.id]
    for late_word in (
        quizzes.put_moments(allowed.id, 1, [a_moment(1, 2)]),
        quizzes.begin(allowed.id, CHANNEL, 77),
        quizzes.count(allowed.id, 1, 1, 1),
        quizzes.moments(allowed.id),
    ):
        with pytest.raises(KeyDestroyed):
            await late_word
