"""Queued effects come back as they were, oldest first, until they are settled."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.codec import effect_from_text, effect_to_text, time_from_text, time_to_text
from db.connection import Database
from db.errors import NothingStored, StorageError
from db.outbox import Outbox
from db.steps import Steps
from states import effects
from states.decide import Step
from states.effects import QUEUED, RECORDED, Effect, Say, Train
from states.model import ProfileSnapshot
from tests.support.snapshots import NOON, TIMES, agreed, birth, changed_to, later

EFFECTS = (*QUEUED, *RECORDED)


def any_effect() -> st.SearchStrategy[Effect]:
    def fields_of(kind: type[Effect]) -> st.SearchStrategy[Effect]:
        hints = get_type_hints(kind)
        known = {int: st.integers(0, 2**63 - 1), str: st.text(), datetime: TIMES, datetime | None: st.none() | TIMES}
        return st.builds(
            kind,
            **{each.name: known.get(hints[each.name], st.from_type(hints[each.name])) for each in fields(kind)},
        )

    return st.one_of([fields_of(kind) for kind in EFFECTS])


@settings(max_examples=150, deadline=None)
@given(any_effect())
def test_every_effect_comes_back_as_it_was_stored(effect: Effect) -> None:
    assert effect_from_text(*effect_to_text(effect)) == effect


def test_no_effect_is_left_out() -> None:
    found = {kind for kind in vars(effects).values() if isinstance(kind, type) and issubclass(kind, Effect)}
    assert found - {Effect} == set(EFFECTS)


def test_an_effect_of_another_version_is_named_in_one_sentence() -> None:
    with pytest.raises(StorageError, match="asks for 'Dance', which this version of Echo does not know: start"):
        effect_from_text("Dance", "{}")


@settings(max_examples=100, deadline=None)
@given(TIMES, TIMES)
def test_times_come_back_exactly_and_sort_as_text(one: datetime, other: datetime) -> None:
    assert time_from_text(time_to_text(one)) == one
    assert (time_to_text(one) < time_to_text(other)) == (one < other)


def test_a_time_without_a_zone_is_not_stored() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        time_to_text(datetime(2026, 1, 1))


async def test_what_is_pending_comes_oldest_first_with_all_its_fields(
    steps: Steps, outbox: Outbox, profile: ProfileSnapshot
) -> None:
    step = changed_to(profile, profile)
    asked = (Train(3), Say(7, 1))
    recorded = await steps.record(Step(step.before, step.after, step.event, asked))
    pending = await outbox.pending()
    assert [row.effect for row in pending[1:]] == list(asked)
    assert tuple(pending[1:]) == recorded.outbox
    assert {row.key for row in pending} == {profile.key}


async def test_a_settled_row_is_never_pending_again(steps: Steps, outbox: Outbox) -> None:
    row = (await steps.record(birth())).outbox[0]
    await outbox.settle(row.id)
    await outbox.settle(row.id)
    assert await outbox.pending() == []


async def test_beginning_keeps_the_first_tries_time_and_counts_the_tries(steps: Steps, outbox: Outbox) -> None:
    row = (await steps.record(birth())).outbox[0]
    assert (row.started_at, row.tries) == (None, 0)
    first = await outbox.begin(row.id, later(1))
    assert (first.started_at, first.tries) == (later(1), 1)
    assert await outbox.pending() == [first]
    again = await outbox.begin(row.id, later(60))
    assert (again.started_at, again.tries) == (later(1), 2)


async def test_beginning_what_is_not_queued_is_told(outbox: Outbox) -> None:
    with pytest.raises(NothingStored, match="not queued any more"):
        await outbox.begin(99, NOON)


async def test_the_id_of_an_outbox_row_is_never_used_twice(
    steps: Steps, profile: ProfileSnapshot, database: Database
) -> None:
    async with database.write() as connection:
        await connection.execute("DELETE FROM outbox")
    assert {row.id for row in (await steps.record(agreed(profile))).outbox} == {2, 3}
