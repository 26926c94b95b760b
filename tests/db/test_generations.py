"""What echoes said and why: kept sealed, replaced only while unsaid."""

from __future__ import annotations

import pytest

from db.connection import Database
from db.errors import KeyDestroyed, NothingStored, Tampered
from db.generations import Generation, Generations, Said
from db.keys import Keyring
from db.steps import Steps
from states.model import ProfileSnapshot, SessionSnapshot
from tests.support.snapshots import NOON, SENTENCES, later, session_birth


@pytest.fixture
async def session(steps: Steps, profile: ProfileSnapshot) -> SessionSnapshot:
    recorded = await steps.record(session_birth(profile))
    assert isinstance(recorded.snapshot, SessionSnapshot)
    return recorded.snapshot


async def draft(generations: Generations, session: SessionSnapshot, turn: int, *texts: str) -> int:
    gaps = tuple(1.5 for _ in texts[1:])
    return await generations.draft(session, turn, texts, 4.25, 2.0, gaps, 0.75, "wanted", "1-1", NOON)


async def test_a_draft_comes_back_with_what_was_said_of_it_and_why(
    generations: Generations, session: SessionSnapshot
) -> None:
    made = await draft(generations, session, 3, *SENTENCES)
    await generations.mark_said(made, 0, 900, later(4))
    await generations.mark_said(made, 1, 901, later(6))
    await generations.mark_said(made, 1, 901, later(7))
    assert await generations.texts(made, session.profile_id) == SENTENCES
    assert await generations.latest(session.profile_id, 5) == [
        Generation(
            id=made,
            profile_id=session.profile_id,
            session_id=session.id,
            turn=3,
            created_at=NOON,
            texts=SENTENCES,
            delay=4.25,
            typing=2.0,
            gaps=(1.5, 1.5),
            chance=0.75,
            why="wanted",
            model="1-1",
            said=(Said(0, 900, later(4)), Said(1, 901, later(6))),
        )
    ]


async def test_a_thought_that_is_thought_twice_has_one_draft_the_newer(
    generations: Generations, session: SessionSnapshot
) -> None:
    first = await draft(generations, session, 1, SENTENCES[0])
    assert await draft(generations, session, 1, SENTENCES[1], SENTENCES[2]) == first
    assert await generations.texts(first, session.profile_id) == SENTENCES[1:]
    assert (await generations.latest(session.profile_id, 5))[0].gaps == (1.5,)


async def test_a_draft_of_which_something_was_said_stays(generations: Generations, session: SessionSnapshot) -> None:
    first = await draft(generations, session, 1, SENTENCES[0])
    await generations.mark_said(first, 0, 900, NOON)
    assert await draft(generations, session, 1, SENTENCES[1]) == first
    assert await generations.texts(first, session.profile_id) == SENTENCES[:1]


async def test_the_latest_drafts_come_oldest_first(generations: Generations, session: SessionSnapshot) -> None:
    for turn in range(1, 5):
        await draft(generations, session, turn, SENTENCES[0])
    assert [made.turn for made in await generations.latest(session.profile_id, 3)] == [2, 3, 4]


async def test_a_draft_that_is_not_there_is_told(generations: Generations, profile: ProfileSnapshot) -> None:
    with pytest.raises(NothingStored, match="not stored any more: nothing was said"):
        await generations.texts(1, profile.id)


async def test_a_draft_moved_to_another_thought_does_not_open(
    generations: Generations, session: SessionSnapshot, database: Database
) -> None:
    made = await draft(generations, session, 1, SENTENCES[0])
    async with database.write() as connection:
        await connection.execute("UPDATE generations SET turn = 2")
    with pytest.raises(Tampered):
        await generations.texts(made, session.profile_id)


async def test_no_draft_is_kept_of_a_forgotten_profile(
    generations: Generations, session: SessionSnapshot, keyring: Keyring
) -> None:
    await keyring.destroy(session.profile_id)
    with pytest.raises(KeyDestroyed):
        await draft(generations, session, 1, SENTENCES[0])
