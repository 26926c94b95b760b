"""What goes wrong while Echo searches: whatever the search leaves out is read, if not now then once it can be."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from db.stored import Outcome
from echo.discord.collecting.walking import ABREAST
from echo.errors import NoPermission, ServiceUnavailable
from echo.sandbox.permissions import Permission
from echo.sandbox.world import World
from tests.discord.collecting import MESSAGES, SEARCH, collector, forbid, nothing
from tests.discord.stand import stand, store
from tests.support.kept import Kept, assert_context_is_whole, words_of_the_subject
from tests.support.troubles import ENDLESS, STALL, Midway, all_of, place, to_search


async def searched(folder: Path, world: World) -> Kept:
    """What a search keeps of the server where nothing goes wrong."""
    async with stand(world) as stage, store(folder, world) as kept:
        await collector(stage, kept, search=True).collect(kept.profile, nothing)
        assert len(stage.asked("GET", SEARCH)) > 4 and 9 < len(stage.asked("GET", MESSAGES)) < 54
        return await all_of(kept)


@pytest.mark.parametrize("requests", [1, 3, 9, 25])
async def test_an_intent_that_is_switched_off_while_searching_is_named_and_nothing_is_concluded(
    tmp_path: Path, requests: int
) -> None:
    expected = await searched(tmp_path / "whole", to_search())
    world = to_search()
    assert expected.own() == words_of_the_subject(world)
    async with stand(world) as stage, store(tmp_path / "troubled", world) as kept:
        trouble = Midway(lambda: stage.sandbox.faults.set({"message_content": False}), requests)
        with pytest.raises(NoPermission, match="Message Content intent"):
            await collector(stage, kept, search=True).collect(kept.profile, trouble)
        assert trouble.came and (await all_of(kept)).is_planned
        stage.sandbox.faults.set({"message_content": True})
        await collector(stage, kept, search=True).collect(kept.profile, nothing)
        found = await all_of(kept)
        assert found.own() == expected.own()
        assert_context_is_whole(found, expected)
        assert len(found.bare()) < 2 * ABREAST


BROKEN_SEARCHES: list[dict[str, Any]] = [
    {"search_forbidden": True},
    {"errors": ENDLESS, "status": 503, "match": "/search"},
    {"malformed": ENDLESS, "match": "/search"},
    {"reset": ENDLESS, "match": "/search"},
    {"indexing": ENDLESS, "match": "/search"},
]


@pytest.mark.parametrize("fault", BROKEN_SEARCHES, ids=lambda fault: next(iter(fault)))
async def test_a_search_that_fails_midway_is_gone_on_with_by_reading(tmp_path: Path, fault: dict[str, Any]) -> None:
    world = to_search()
    async with stand(world) as stage, store(tmp_path, world) as kept:
        trouble = Midway(lambda: stage.sandbox.faults.set(fault), 1)
        collecting = collector(stage, kept, search=True)
        with suppress(ServiceUnavailable):
            await collecting.collect(kept.profile, trouble)
        if (await all_of(kept)).is_planned:
            await collecting.collect(kept.profile, nothing)
        found = await all_of(kept)
        assert trouble.came and found.own() == words_of_the_subject(world)
        result = found.places[world.guild.id]
        assert result.outcome in (Outcome.SKIPPED, Outcome.FAILED) and str(result.reason).endswith(".")


@pytest.mark.parametrize("name", ["errors", "reset", "malformed", "silent", "repeat_pages"])
async def test_context_that_is_not_to_be_had_is_told_and_loses_no_message(tmp_path: Path, name: str) -> None:
    world = to_search()
    bad = place(world, "random")
    async with stand(world) as stage, store(tmp_path, world) as kept:
        stage.sandbox.faults.set({name: ENDLESS, "status": 503, "match": f"/channels/{bad.id}/messages"})
        collecting = collector(stage, kept, search=True, stall=STALL)
        try:
            found = await collecting.collect(kept.profile, nothing)
        except ServiceUnavailable:
            found = await collecting.collect(kept.profile, nothing)
        kept_now = await all_of(kept)
        assert kept_now.own() == words_of_the_subject(world) and found.failed == 0
        assert "could not be read" in str(kept_now.places[bad.id].reason)
        assert {kept_now.rows[one].channel_id for one in kept_now.bare()} == {bad.id}


@pytest.mark.parametrize("requests", [0, 2, 6, 9, 12, 16])
async def test_a_channel_that_opens_after_a_search_is_read_with_its_threads_however_often_that_is_broken_off(
    tmp_path: Path, requests: int
) -> None:
    world = to_search()
    closed = place(world, "random")
    forbid(world, "random", Permission.VIEW_CHANNEL)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        collecting = collector(stage, kept, search=True)
        await collecting.collect(kept.profile, nothing)
        found = await all_of(kept)
        assert found.own() == words_of_the_subject(world, closed.id, place(world, "plans").id)
        assert found.places[closed.id].outcome is Outcome.SKIPPED
        world.delete_overwrite(closed.id, world.bot.id)
        if requests:
            trouble = Midway(lambda: dying.cancel(), requests)
            dying = asyncio.create_task(collecting.collect(kept.profile, trouble))
            with suppress(asyncio.CancelledError):
                await dying
            assert trouble.came
        await collecting.collect(kept.profile, nothing)
        assert (await all_of(kept)).own() == words_of_the_subject(world)
        # Now that all of it is read, it is never asked for again.
        asked = len(stage.asked("GET", MESSAGES))
        assert (await collecting.collect(kept.profile, nothing)).failed == 0
        assert len(stage.asked("GET", MESSAGES)) == asked


async def test_a_channel_that_is_closed_while_a_search_runs_is_told_and_read_once_it_is_open(tmp_path: Path) -> None:
    world = to_search()
    closed = place(world, "random")
    async with stand(world) as stage, store(tmp_path, world) as kept:
        trouble = Midway(lambda: forbid(world, "random", Permission.VIEW_CHANNEL), 1)
        found = await collector(stage, kept, search=True).collect(kept.profile, trouble)
        assert trouble.came and found.failed == 1
        assert (await all_of(kept)).places[closed.id].outcome is Outcome.CLOSED
        world.delete_overwrite(closed.id, world.bot.id)
        found = await collector(stage, kept, search=True).collect(kept.profile, nothing)
        assert found.failed == 0 and (await all_of(kept)).own() == words_of_the_subject(world)
