"""What changed in a corpus is noted by id until the model knows it, in the transaction in which it changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.amendments import Amendments, Noted
from db.corpus import Corpus
from db.errors import NothingStored
from db.models import Models
from db.steps import Steps
from db.stored import Provenance
from states.events import CollectionFinished, TrainingFinished
from states.model import ProfileSnapshot
from tests.support.snapshots import CHANNEL, NOON, agreed, following, messages


@pytest.fixture
async def learnt(steps: Steps, profile: ProfileSnapshot) -> ProfileSnapshot:
    """A profile with a model."""
    now = (await steps.record(agreed(profile))).snapshot
    now = (await steps.record(following(now, CollectionFinished(NOON, 1200, 100)))).snapshot
    now = (await steps.record(following(now, TrainingFinished(NOON, "models/1-1.model", 1, 1200, 2.5)))).snapshot
    assert isinstance(now, ProfileSnapshot)
    return now


async def test_removed_and_edited_messages_are_noted_and_so_are_new_ones_as_they_are_written(
    corpus: Corpus, amendments: Amendments, learnt: ProfileSnapshot
) -> None:
    await corpus.store(learnt, messages(9))
    assert (await amendments.pending(learnt.id)).message_ids == frozenset(), "what is read joins by learning"
    await corpus.remove([2, 3, 77])
    await corpus.amend(replace(messages(9)[4], text="Something else."), learnt.id)
    await corpus.remove([2])
    others = [replace(row, own=False) for row in messages(1, first_id=21)]
    live = [replace(row, provenance=Provenance.LIVE) for row in (*messages(1, first_id=20), *others)]
    await corpus.store(learnt, live)
    assert (await amendments.pending(learnt.id)).message_ids == {2, 3, 5, 20}


async def test_all_that_stood_in_a_place_that_is_gone_is_noted(
    corpus: Corpus, amendments: Amendments, learnt: ProfileSnapshot
) -> None:
    await corpus.store(learnt, messages(3))
    await corpus.store(learnt, messages(600, first_id=10, channel_id=CHANNEL + 1))
    await corpus.remove_places([CHANNEL + 1])
    assert (await amendments.pending(learnt.id)).message_ids == set(range(10, 610))


async def test_what_is_noted_later_outlives_what_the_model_knows_by_now(
    corpus: Corpus, amendments: Amendments, learnt: ProfileSnapshot
) -> None:
    await corpus.store(learnt, messages(9))
    await corpus.remove([1, 2])
    first = await amendments.pending(learnt.id)
    assert await amendments.newest(learnt.id) == first.upto
    await corpus.remove([3])
    await amendments.drop(learnt.id, first.upto)
    assert (await amendments.pending(learnt.id)).message_ids == {3}
    await amendments.drop(learnt.id, await amendments.newest(learnt.id))
    assert await amendments.pending(learnt.id) == Noted(frozenset(), 0)


async def test_where_no_model_is_nothing_is_noted(
    corpus: Corpus, amendments: Amendments, profile: ProfileSnapshot
) -> None:
    await corpus.store(profile, messages(3))
    await corpus.remove([1, 2])
    assert await amendments.pending(profile.id) == Noted(frozenset(), 0)
    assert await amendments.newest(profile.id) == 0


async def test_near_messages_are_what_may_be_their_context_and_what_they_reply_to(
    corpus: Corpus, learnt: ProfileSnapshot
) -> None:
    far, *rows = messages(30)
    long_ago = replace(far, ts=far.ts - 1e6)
    elsewhere = messages(2, first_id=100, channel_id=CHANNEL + 1)
    late = replace(rows[9], reply_to=long_ago.message_id)
    rows[9] = late
    await corpus.store(learnt, [long_ago, *rows, *elsewhere])
    near = await corpus.near(learnt.id, [late], 120.0)
    assert near == [long_ago, *rows[:12]]


async def test_a_model_is_replaced_whole_and_never_brought_back(models: Models, learnt: ProfileSnapshot) -> None:
    await models.save(learnt.id, 1, b"before")
    await models.replace(learnt.id, 1, b"after")
    assert await models.load(learnt.id, 1) == b"after"
    await models.save(learnt.id, 2, b"newer")
    await models.remove_superseded(learnt.id, 2, {2})
    with pytest.raises(NothingStored, match="is gone"):
        await models.replace(learnt.id, 1, b"too late")
    assert await models.load(learnt.id, 2) == b"newer"
    assert await models.remove_superseded(learnt.id, 2, {2}) == 0
