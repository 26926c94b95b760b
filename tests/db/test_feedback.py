"""What people think of what an echo said, and whom it has met: kept without who they are, and let go."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.connection import Database
from db.contacts import Contacts
from db.erasure import Erasure
from db.errors import KeyDestroyed
from db.feedback import MEMBERS, MOST, Feedback, SaidMessage
from db.generations import Generations
from db.keys import Keyring
from db.steps import Steps
from states.feedback import Rater, Tally, Verdict
from states.model import ProfileSnapshot, SessionSnapshot
from tests.support.clock import HandClock
from tests.support.files import everything_in
from tests.support.snapshots import NOON, SENTENCES, session_birth

ADA, BO, SUBJECT = 111111111111, 222222222222, 333333333333


@pytest.fixture
def feedback(database: Database, keyring: Keyring, clock: HandClock) -> Feedback:
    return Feedback(database, keyring, clock)


@pytest.fixture
async def said(
    steps: Steps, profile: ProfileSnapshot, generations: Generations, feedback: Feedback, keyring: Keyring
) -> SaidMessage:
    session = (await steps.record(session_birth(profile))).snapshot
    assert isinstance(session, SessionSnapshot)
    model = f"{profile.id}-3"
    number = await generations.draft(session, 1, SENTENCES[:2], 1.0, 1.0, (2.0,), 1.0, "wanted", model, NOON)
    await generations.mark_said(number, 1, 900, NOON)
    found = await feedback.said(900)
    assert found is not None
    return found


async def test_a_message_is_known_for_what_was_said_and_by_which_version(said: SaidMessage, feedback: Feedback) -> None:
    assert (said.text, said.version) == (SENTENCES[1], 3)
    assert await feedback.said(901) is None


async def test_what_was_removed_is_no_word_of_any_draft_any_more(
    said: SaidMessage, feedback: Feedback, generations: Generations
) -> None:
    await feedback.give(said, ADA, Rater.MEMBER, Verdict.LIKE)
    await generations.blank(said.profile_id, said.message_id)
    await feedback.drop(said.profile_id, said.message_id)
    [draft] = await generations.latest(said.profile_id, 5)
    assert draft.texts == (SENTENCES[0], "") and await feedback.tallies(said.profile_id) == ()


async def test_thumbs_are_counted_by_version_and_can_be_taken_back(said: SaidMessage, feedback: Feedback) -> None:
    for user_id in (ADA, ADA, BO):
        await feedback.give(said, user_id, Rater.MEMBER, Verdict.LIKE)
    await feedback.give(said, SUBJECT, Rater.SUBJECT, Verdict.UNLIKE)
    assert await feedback.tallies(said.profile_id) == (Tally(3, likes=2, unlike=1),)
    [mark] = await feedback.marks(said.profile_id)
    assert mark.channel_id == said.channel_id
    assert (mark.text, mark.weight) == (SENTENCES[1], -0.8), "whom it imitates weighs most"
    await feedback.withdraw(said.profile_id, said.message_id, SUBJECT, Verdict.UNLIKE)
    await feedback.withdraw(said.profile_id, said.message_id, ADA, Verdict.LIKE)
    assert await feedback.tallies(said.profile_id) == (Tally(3, likes=1),)
    assert [one.weight for one in await feedback.marks(said.profile_id)] == [0.1]
    await feedback.forget_person(said.profile_id, ADA)
    assert await feedback.tallies(said.profile_id) == (Tally(3, likes=1),), "somebody else's"
    await feedback.forget_person(said.profile_id, BO)
    assert await feedback.tallies(said.profile_id) == () == await feedback.marks(said.profile_id)


async def test_many_members_together_weigh_less_than_the_person_and_only_the_newest_count(
    said: SaidMessage, feedback: Feedback, clock: HandClock
) -> None:
    for user_id in range(50):
        await feedback.give(said, user_id, Rater.MEMBER, Verdict.LIKE)
    assert [one.weight for one in await feedback.marks(said.profile_id)] == [MEMBERS]
    for number in range(MOST):
        clock.move(1)
        other = SaidMessage(1000 + number, said.profile_id, 1, 4, f"number {number}")
        await feedback.give(other, ADA, Rater.MEMBER, Verdict.DISLIKE)
    marks = await feedback.marks(said.profile_id)
    assert len(marks) == MOST and said.text not in {one.text for one in marks}


async def test_neither_who_nor_which_words_lie_in_the_clear_and_nothing_outlives_the_echo(
    path: Path,
    said: SaidMessage,
    feedback: Feedback,
    database: Database,
    keyring: Keyring,
    clock: HandClock,
    erasure: Erasure,
) -> None:
    contacts = Contacts(database, keyring, clock)
    assert not await contacts.is_met(said.profile_id, ADA)
    await contacts.meet(said.profile_id, ADA)
    await contacts.meet(said.profile_id, ADA)
    assert await contacts.is_met(said.profile_id, ADA) and not await contacts.is_met(said.profile_id, BO)
    await feedback.give(said, ADA, Rater.MEMBER, Verdict.LIKE)
    await database.compact()
    found = everything_in(path.parent)
    assert str(ADA).encode() not in found and SENTENCES[1].encode() not in found
    assert ADA.to_bytes(6, "big") not in found, "nor as SQLite writes numbers"

    await erasure.erase(said.profile_id)
    feedback.let_go(said.profile_id)
    async with database.read() as connection:
        for table in ("contacts", "feedback"):
            assert list(await connection.execute_fetchall(f"SELECT 1 FROM {table}")) == []
    with pytest.raises(KeyDestroyed):
        await feedback.give(said, ADA, Rater.MEMBER, Verdict.LIKE)
    with pytest.raises(KeyDestroyed):
        await contacts.meet(said.profile_id, ADA)
