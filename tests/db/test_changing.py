"""Edits and deletes on Discord reach every corpus that holds the message, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from db.amendments import Amendments
from db.connection import Database
from db.corpus import PAGE, REMOVAL, Corpus
from db.errors import KeyDestroyed
from db.keys import Keyring
from db.steps import Steps
from db.stored import Held, Month, Outcome, PlaceResult, Provenance
from states.model import ProfileSnapshot
from tests.support.snapshots import ASKER, CHANNEL, SERVER, SUBJECT, birth, covered, messages

DEN, ATTIC = 501, 502


@pytest.fixture
async def other(steps: Steps) -> ProfileSnapshot:
    """A second profile, of somebody else."""
    recorded = await steps.record(birth(user_id=ASKER))
    assert isinstance(recorded.snapshot, ProfileSnapshot)
    return recorded.snapshot


async def test_an_edit_replaces_what_was_said_and_nothing_else(corpus: Corpus, profile: ProfileSnapshot) -> None:
    rows = [replace(row, bare=True, provenance=Provenance.EXPORT) for row in messages(3)]
    await corpus.store(profile, rows)
    edited = replace(rows[1], text="Now with \ud800 half a sign.", cut=True, scrubbed={"email": 2})
    # The place and all else in the clear stay as they are stored, whatever comes with the edit.
    assert await corpus.amend(replace(edited, channel_id=9, user_id=9, server_id=9, own=False, ts=0.0), profile.id)
    assert await corpus.read(profile.id, 9) == [rows[0], edited, rows[2]]
    assert await corpus.verify(profile.id) == await corpus.verify(profile.id)


async def test_a_message_of_which_no_words_are_left_does_not_count_any_more(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    rows = messages(3)
    await corpus.store(profile, rows)
    assert await corpus.amend(replace(rows[0], text="", cut=True), profile.id)
    assert await corpus.count(profile.id) == 2
    assert await corpus.amend(rows[0], profile.id)
    assert await corpus.count(profile.id) == 3


async def test_an_edit_of_what_is_not_stored_changes_nothing(
    corpus: Corpus, profile: ProfileSnapshot, other: ProfileSnapshot
) -> None:
    await corpus.store(profile, messages(2))
    assert not await corpus.amend(messages(1, first_id=3)[0], profile.id)
    assert not await corpus.amend(messages(1)[0], other.id)
    assert await corpus.read(profile.id, 9) == messages(2)


async def test_an_edit_in_a_profile_that_was_forgotten_meanwhile_is_refused(
    corpus: Corpus, profile: ProfileSnapshot, keyring: Keyring
) -> None:
    await corpus.store(profile, messages(2))
    outcome, _ = await asyncio.gather(
        corpus.amend(messages(1)[0], profile.id), keyring.destroy(profile.id), return_exceptions=True
    )
    assert outcome is True, "it came first"
    with pytest.raises(KeyDestroyed):
        await corpus.amend(messages(1)[0], profile.id)


async def test_who_holds_which_messages_is_told_over_all_profiles(
    corpus: Corpus, profile: ProfileSnapshot, other: ProfileSnapshot
) -> None:
    await corpus.store(profile, messages(3 * PAGE))
    await corpus.store(other, messages(2, own=False))
    held = await corpus.holding([2, 2, 1, *range(3 * PAGE, 9 * PAGE)])
    assert sorted(held, key=lambda each: (each.profile_id, each.message_id)) == [
        Held(profile.id, SERVER, CHANNEL, 1, SUBJECT, own=True),
        Held(profile.id, SERVER, CHANNEL, 2, SUBJECT, own=True),
        Held(profile.id, SERVER, CHANNEL, 3 * PAGE, SUBJECT, own=True),
        Held(other.id, SERVER, CHANNEL, 1, ASKER, own=False),
        Held(other.id, SERVER, CHANNEL, 2, ASKER, own=False),
    ]
    assert await corpus.holding([]) == []


async def test_deleted_messages_leave_all_corpora(
    corpus: Corpus, profile: ProfileSnapshot, other: ProfileSnapshot
) -> None:
    await corpus.store(profile, messages(2 * REMOVAL), covered(2 * REMOVAL))
    await corpus.store(other, messages(5, own=False))
    assert await corpus.remove(range(3, 10 * REMOVAL)) == {profile.id: 2 * REMOVAL - 2, other.id: 3}
    assert await corpus.remove(range(3, 10 * REMOVAL)) == {}
    assert await corpus.read(profile.id, 9) == messages(2)
    assert await corpus.all_ids(other.id) == {CHANNEL: [2, 1]}
    assert len(await corpus.ranges(profile.id)) == 1, "what was deleted need not be read again"


async def test_a_deleted_channel_leaves_all_corpora_with_its_ranges_and_results(
    corpus: Corpus, profile: ProfileSnapshot, other: ProfileSnapshot
) -> None:
    for each, place, first in ((profile, DEN, 1), (profile, ATTIC, 5000), (other, DEN, 9000)):
        rows = messages(REMOVAL + 1, first_id=first, channel_id=place, own=each is profile)
        await corpus.store(each, rows, covered(REMOVAL + 1, channel_id=place))
    await corpus.note_places(other.id, [PlaceResult(777, Outcome.SKIPPED, "Its name is on the list.")])
    assert await corpus.remove_places([DEN, 12345]) == {profile.id: REMOVAL + 1, other.id: REMOVAL + 1}
    assert list(await corpus.all_ids(profile.id)) == [ATTIC]
    assert (list(await corpus.ranges(profile.id)), list(await corpus.places(profile.id))) == ([ATTIC], [ATTIC])
    assert (await corpus.ranges(other.id), list(await corpus.places(other.id))) == ({}, [777])


async def test_other_steps_get_their_turn_while_a_large_channel_is_removed(
    corpus: Corpus, steps: Steps, profile: ProfileSnapshot
) -> None:
    await corpus.store(profile, messages(8 * REMOVAL))
    removing = asyncio.create_task(corpus.remove_places([CHANNEL]))
    recorded = 0
    while not removing.done():
        await steps.record(birth(user_id=1000 + recorded))
        recorded += 1
    assert await removing == {profile.id: 8 * REMOVAL}
    # One would be recorded even where everything waited for the end.
    assert recorded > 1


async def test_ids_come_by_channel_from_the_newest_down(corpus: Corpus, profile: ProfileSnapshot) -> None:
    largest = 2**63 - 1
    await corpus.store(
        profile,
        [
            *messages(PAGE, channel_id=DEN),
            *messages(PAGE, first_id=2000, channel_id=ATTIC, own=False),
            replace(messages(1, channel_id=ATTIC)[0], message_id=largest, bare=True),
        ],
    )
    assert await corpus.own_ids(profile) == {
        ATTIC: [(largest, True)],
        DEN: [(number, False) for number in range(PAGE, 0, -1)],
    }
    assert await corpus.all_ids(profile.id) == {
        ATTIC: [largest, *range(1999 + PAGE, 1999, -1)],
        DEN: [*range(PAGE, 0, -1)],
    }


async def test_single_messages_can_be_read(
    corpus: Corpus, profile: ProfileSnapshot, other: ProfileSnapshot, database: Database
) -> None:
    await corpus.store(profile, messages(2 * PAGE))
    await corpus.store(other, messages(1, first_id=5000))
    assert await corpus.rows_of(profile.id, [5000, 7, 7, 3]) == [messages(7)[2], messages(7)[6]]
    assert await corpus.rows_of(profile.id, range(5 * PAGE)) == messages(2 * PAGE)
    assert await corpus.rows_of(profile.id, []) == []


async def test_months_count_what_has_words_by_channel_month_and_provenance(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    new_year = 1_767_225_600.0  # 2026-01-01T00:00:00Z
    template = messages(1, channel_id=DEN)[0]
    ends = [
        replace(template, message_id=1, ts=new_year - 0.001),
        replace(template, message_id=2, ts=new_year),
        replace(template, message_id=3, ts=new_year + 5, own=False),
        replace(template, message_id=4, ts=new_year + 6, provenance=Provenance.LIVE),
        replace(template, message_id=5, ts=new_year + 7, text="", cut=True),
        replace(template, message_id=6, ts=new_year + 8, channel_id=ATTIC, own=False),
    ]
    await corpus.store(profile, ends)
    assert await corpus.months(profile.id) == [
        Month(DEN, "2025-12", Provenance.HISTORY, 1, 0),
        Month(DEN, "2026-01", Provenance.HISTORY, 1, 1),
        Month(DEN, "2026-01", Provenance.LIVE, 1, 0),
        Month(ATTIC, "2026-01", Provenance.HISTORY, 0, 1),
    ]


async def test_what_its_subject_does_not_let_be_read_leaves_one_corpus_alone_and_is_noted_for_the_model(
    corpus: Corpus, profile: ProfileSnapshot, other: ProfileSnapshot, database: Database
) -> None:
    rows = [replace(row, channel_id=DEN) for row in messages(REMOVAL + 3)]
    kept = [replace(row, channel_id=ATTIC) for row in messages(2, first_id=5000)]
    await corpus.store(profile, rows + kept, covered(1, channel_id=DEN))
    await corpus.store(other, rows[:2])
    async with database.write() as connection:
        await connection.execute("UPDATE echo_profiles SET model_path = 'm'")
    assert await corpus.channels(profile.id) == {DEN, ATTIC}
    assert await corpus.restrict(profile.id, [DEN]) == len(rows)
    assert await corpus.channels(profile.id) == {ATTIC} and await corpus.channels(other.id) == {DEN}
    assert {row.message_id for row in await corpus.rows_of(other.id, [rows[0].message_id])}
    noted = await Amendments(database).pending(profile.id)
    assert noted.message_ids == {row.message_id for row in rows}
    assert await corpus.ranges(profile.id) == {}
    assert (await corpus.places(profile.id))[DEN].outcome is Outcome.SKIPPED, "read anew where they agree to it later"
