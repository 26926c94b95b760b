"""What is too old goes bit by bit: never what is still needed, and nobody who writes waits for long."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from db.allowances import Allowances
from db.batches import MOST, TARGET, Batches
from db.connection import Database
from db.consents import Consents
from db.corpus import Corpus
from db.datasets import Datasets
from db.erasure import Erasure
from db.generations import Generations
from db.journal import Journal
from db.keys import Keyring
from db.models import Models
from db.outbox import Outbox
from db.retention import Retention
from db.steps import Steps
from states.events import (
    CollectionFailed,
    ConsentPosted,
    EverythingForgotten,
    ForgetAsked,
    OfflineAsked,
    RefreshAsked,
)
from states.model import ProfileSnapshot
from tests.support.clock import HandClock
from tests.support.snapshots import ASKER, NOON, birth, covered, following, messages

DAY = 86400.0
ALL = NOON + timedelta(days=3650)
NONE = NOON - timedelta(days=3650)


def bounds(texts: datetime, steps: datetime) -> Mapping[str, datetime]:
    """Texts that were stored before one time go, and history from before another."""
    return {"messages": texts, "generations": texts, "journal": steps, "measures": NONE}


async def test_a_sweep_erases_what_was_learnt_from_and_is_too_old(
    talked: ProfileSnapshot, corpus: Corpus, clock: HandClock, retention: Retention, generations: Generations
) -> None:
    clock.move(5 * DAY)
    await corpus.store(talked, messages(10, first_id=9000))
    assert (await retention.sweep(bounds(NONE, NONE))).total == 0
    swept = await retention.sweep(bounds(NOON + timedelta(days=1), NONE))
    assert {kind: count for kind, count in swept.counts.items() if count} == {
        "messages": 1200,
        "drafts and what echoes said": 2,
        "parts of datasets": 3,
        "remembered talk": 3,
    }
    assert await corpus.read(talked.id, 99) == messages(10, first_id=9000)
    assert await generations.latest(talked.id, 9) == []
    # So that a refresh reads the channels anew, instead of finding that all was read.
    assert await corpus.ranges(talked.id) == {}


async def test_a_sweep_goes_by_when_a_message_was_stored_first_not_by_when_it_came_again_or_was_edited(
    talked: ProfileSnapshot, corpus: Corpus, clock: HandClock, retention: Retention
) -> None:
    clock.move(5 * DAY)
    await corpus.store(talked, messages(600))
    for message in messages(10):
        assert await corpus.amend(message, talked.id)
    assert (await retention.sweep(bounds(NOON + timedelta(days=1), NONE))).of("messages") == 1200


async def test_a_sweep_leaves_the_ranges_of_a_profile_that_loses_nothing(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, retention: Retention, clock: HandClock
) -> None:
    clock.move(5 * DAY)
    other = (await steps.record(birth(user_id=ASKER))).snapshot
    assert isinstance(other, ProfileSnapshot)
    await corpus.store(other, messages(5), covered(5))
    await retention.sweep(bounds(NOON + timedelta(days=1), NONE))
    assert (await corpus.ranges(talked.id), len(await corpus.ranges(other.id))) == ({}, 1)


async def test_a_sweep_keeps_what_is_still_to_be_learnt_from(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, retention: Retention, datasets: Datasets
) -> None:
    await steps.record(following(talked, RefreshAsked(NOON, 0)))
    assert (await retention.sweep(bounds(ALL, NONE))).of("messages") == 0
    assert await corpus.count(talked.id) == 1200
    assert len(await corpus.ranges(talked.id)) == 1
    assert await datasets.examples(talked.id) == {"train": 6}


async def test_what_a_profile_that_stands_still_has_read_is_not_kept_for_ever(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, retention: Retention
) -> None:
    refreshed = await steps.record(following(talked, RefreshAsked(NOON, 0)))
    await steps.record(following(refreshed.snapshot, CollectionFailed(NOON, "Nothing may be read.", transient=False)))
    assert (await retention.sweep(bounds(ALL, NONE))).of("messages") == 1200
    assert await corpus.ranges(talked.id) == {}, "so that a retry reads the channels anew"


async def test_a_refresh_that_begins_during_a_sweep_keeps_the_rest_and_reads_the_channels_anew(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, retention: Retention, database: Database
) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def begin_at(sql: str) -> None:
        if sql.startswith("DELETE FROM user_messages"):
            loop.call_soon_threadsafe(begun.set)

    async def refresh() -> None:
        await begun.wait()
        await steps.record(following(talked, RefreshAsked(NOON, 0)))

    async with database.write() as connection:
        await connection.set_trace_callback(begin_at)
    swept, _ = await asyncio.gather(retention.sweep(bounds(ALL, NONE)), refresh())
    assert swept.of("messages") < 1200
    assert await corpus.count(talked.id) == 1200 - swept.of("messages") > 0
    assert await corpus.ranges(talked.id) == {}


async def test_a_sweep_keeps_the_model_that_speaks(
    talked: ProfileSnapshot, models: Models, retention: Retention
) -> None:
    await retention.sweep(bounds(ALL, ALL))
    assert len(await models.load(talked.id, 1)) > 100


async def test_a_sweep_drops_old_history_but_nothing_that_is_still_to_be_done(
    steps: Steps, profile: ProfileSnapshot, outbox: Outbox, retention: Retention, database: Database
) -> None:
    await steps.record(following(profile, ConsentPosted(NOON, 9)), settles=1)
    await steps.record(birth(user_id=5))
    swept = await retention.sweep(bounds(NONE, ALL))
    assert (swept.of("journal"), swept.of("finished work")) == (3, 1)
    assert await Journal(database).latest(9) == []
    assert [row.id for row in await outbox.pending()] == [2]


async def test_a_forgotten_profile_goes_with_its_history(
    talked: ProfileSnapshot,
    steps: Steps,
    outbox: Outbox,
    erasure: Erasure,
    retention: Retention,
    database: Database,
    keyring: Keyring,
) -> None:
    forgetting = await steps.record(following(talked, ForgetAsked(NOON, ASKER, "No more.")))
    rows = await erasure.erase(talked.id)
    forgotten = await steps.record(following(forgetting.snapshot, EverythingForgotten(NOON, rows)))
    assert (await retention.sweep(bounds(ALL, ALL))).of("forgotten profiles") == 0, "its last notice is not given yet"
    for row in await outbox.pending():
        await outbox.settle(row.id)
    assert (await retention.sweep(bounds(ALL, NONE))).of("forgotten profiles") == 1
    assert await steps.load() == ([], [])
    assert await Consents(database, keyring).of(talked.id) == [] == await Allowances(database).of(talked.id)
    assert (await steps.record(birth())).snapshot.id > forgotten.snapshot.id


async def test_what_would_go_is_what_goes(talked: ProfileSnapshot, retention: Retention) -> None:
    before = bounds(ALL, NONE)
    found = await retention.due(before)
    assert {due.kind: due.count for due in found if due.count} == {
        "messages": 1200,
        "drafts and what echoes said": 2,
        "parts of datasets": 3,
        "remembered talk": 3,
    }
    assert {due.oldest for due in found if due.count} == {NOON}
    swept = await retention.sweep(before)
    assert all(swept.of(due.kind) == due.count for due in found)
    assert not any(due.count for due in await retention.due(before))


async def test_a_session_goes_once_it_ended_long_ago_and_nothing_of_it_is_kept(
    talked: ProfileSnapshot, steps: Steps, retention: Retention, outbox: Outbox
) -> None:
    _, (session,) = await steps.load()
    assert (await retention.sweep({"sessions": ALL})).total == 0, "it is online"
    await steps.record(following(session, OfflineAsked(NOON, 1, "Enough.")))
    assert (await retention.sweep({"sessions": ALL})).total == 0, "what it said is kept still"
    await retention.sweep(bounds(ALL, NONE))
    assert (await retention.sweep({"sessions": ALL})).total == 0, "something is to be done for it still"
    for row in await outbox.pending():
        await outbox.settle(row.id)
    assert (await retention.sweep({"sessions": NOON})).total == 0
    assert (await retention.sweep({"sessions": NOON + timedelta(seconds=1)})).of("ended sessions") == 1
    assert (await steps.load())[1] == []


async def test_what_would_go_is_what_goes_also_where_one_kind_holds_another(
    talked: ProfileSnapshot, steps: Steps, retention: Retention, outbox: Outbox, erasure: Erasure
) -> None:
    _, (session,) = await steps.load()
    await steps.record(following(session, OfflineAsked(NOON, 1, "Enough.")))
    forgetting = await steps.record(following(talked, ForgetAsked(NOON, ASKER, "No more.")))
    rows = await erasure.erase(talked.id)
    await steps.record(following(forgetting.snapshot, EverythingForgotten(NOON, rows)))
    for row in await outbox.pending():
        await outbox.settle(row.id)
    # What held the sessions and the profile goes in the first night, they themselves in the second.
    for _ in range(3):
        before = {**bounds(ALL, ALL), "sessions": ALL}
        found = {due.kind: due.count for due in await retention.due(before)}
        swept = await retention.sweep(before)
        assert {kind: count for kind, count in swept.counts.items() if count} == {k: n for k, n in found.items() if n}
    assert await steps.load() == ([], [])


def test_batches_follow_how_long_the_last_one_took() -> None:
    batches = Batches()
    for _ in range(10):
        batches.took(batches.size, TARGET / 10)
    assert batches.size == MOST
    batches.took(MOST, 5 * TARGET)
    assert batches.size == MOST // 5
    batches.took(3, TARGET / 10)
    assert batches.size == MOST // 5, "the last rows of a table say nothing of how fast it goes"
    batches.took(1, 100.0)
    assert batches.size == 1
