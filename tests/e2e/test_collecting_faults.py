"""What goes wrong between Echo and Discord while it collects: what passes is waited out, what lasts is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from db.connection import Database
from db.corpus import Corpus
from db.errors import DatabaseFull
from db.keys import Keyring
from db.stored import Outcome
from echo.errors import ServiceUnavailable
from states.board import Progress
from tests.discord.collecting import MESSAGES, collector, nothing
from tests.discord.stand import NOON, Stand, Store, stand, store
from tests.support.kept import words_of_the_subject
from tests.support.troubles import ENDLESS, STALL, Midway, a_server, all_of, place, undisturbed

FAULTS = ("rate_limit", "errors", "reset", "malformed")
PASSING: list[dict[str, Any]] = [
    {"rate_limit": 4, "rate_limit_scope": "user", "retry_after": 0.01},
    {"rate_limit": 4, "rate_limit_scope": "shared", "retry_after": 0.01},
    {"rate_limit": 4, "rate_limit_scope": "global", "retry_after": 0.01},
    {"errors": 1, "status": 500},
    {"errors": 3, "status": 503},
    {"reset": 3},
    {"malformed": 3},
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: " ".join(map(str, fault.values())))
async def test_trouble_that_passes_leaves_no_trace(tmp_path: Path, fault: dict[str, Any]) -> None:
    expected = await undisturbed(a_server)
    assert expected.own() == words_of_the_subject(a_server())
    world = a_server()
    async with stand(world) as stage, store(tmp_path / "troubled", world) as kept:
        trouble = Midway(lambda: stage.sandbox.faults.set({**fault, "match": "/messages"}))
        found = await collector(stage, kept).collect(kept.profile, trouble)
        assert trouble.came and not any(stage.sandbox.faults.shown()[name] for name in FAULTS)
        assert found.failed == 0
        assert await all_of(kept) == expected


@pytest.mark.parametrize("name", [*FAULTS[1:], "repeat_pages"])
async def test_one_place_in_lasting_trouble_is_told_and_the_others_are_read(tmp_path: Path, name: str) -> None:
    expected = await undisturbed(a_server)
    world = a_server()
    bad = place(world, "general")
    async with stand(world) as stage, store(tmp_path / "troubled", world) as kept:
        stage.sandbox.faults.set({name: ENDLESS, "status": 503, "match": f"/channels/{bad.id}/messages"})
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert found.failed == 1
        result = (await all_of(kept)).places[bad.id]
        assert result.outcome is Outcome.FAILED and result.reason is not None and result.reason.endswith(".")
        assert set((await all_of(kept)).own()) >= set(words_of_the_subject(world, bad.id))
        assert stage.sandbox.faults.shown()[name] > ENDLESS - 20
        stage.sandbox.faults.clear()
        assert (await collector(stage, kept).collect(kept.profile, nothing)).failed == 0
        assert await all_of(kept) == expected


async def finished(stage: Stand, kept: Store, progress: Callable[[Progress], None] = nothing) -> int:
    """How many places were not read at last. One end of a collecting for want of an answer is forgiven: then nobody
    could know whether it was the connection or that place."""
    collecting = collector(stage, kept, stall=STALL)
    try:
        return (await collecting.collect(kept.profile, progress)).failed
    except ServiceUnavailable:
        return (await collecting.collect(kept.profile, nothing)).failed


@pytest.mark.parametrize(
    "fault",
    [{"silent": ENDLESS}, {"rate_limit": ENDLESS, "retry_after": 86_400}],
    ids=["silence", "a day's wait"],
)
async def test_a_place_that_never_answers_holds_up_no_other(tmp_path: Path, fault: dict[str, Any]) -> None:
    world = a_server()
    bad = place(world, "general")
    async with stand(world) as stage, store(tmp_path, world) as kept:
        stage.sandbox.faults.set({**fault, "match": f"/channels/{bad.id}/messages"})
        assert await finished(stage, kept) == 1
        found = await all_of(kept)
        assert found.outcomes() == {Outcome.READ: 4, Outcome.FAILED: 1} and "nothing for 2 s" in str(
            found.places[bad.id].reason
        )
        assert found.own() == words_of_the_subject(world, bad.id)


WORN_OUT: list[dict[str, Any]] = [
    {"silent": ENDLESS},
    {"rate_limit": ENDLESS, "rate_limit_scope": "global", "retry_after": 86_400},
    {"rate_limit": ENDLESS, "rate_limit_scope": "shared", "retry_after": 86_400},
    {"errors": ENDLESS, "status": 503},
    {"reset": ENDLESS},
]


@pytest.mark.parametrize(
    "fault", WORN_OUT, ids=lambda fault: " ".join(map(str, fault)) + str(fault.get("rate_limit_scope", ""))
)
async def test_a_discord_that_answers_nothing_more_ends_the_run_and_the_next_goes_on(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    expected = await undisturbed(a_server)
    world = a_server()
    async with stand(world) as stage, store(tmp_path / "troubled", world) as kept:
        trouble = Midway(lambda: stage.sandbox.faults.set(fault))
        with pytest.raises(ServiceUnavailable) as told:
            await collector(stage, kept, stall=STALL).collect(kept.profile, trouble)
        assert str(told.value).endswith(".") and trouble.came
        before = await all_of(kept)
        assert before.is_planned and set(before.own()) < set(expected.own())
        stage.sandbox.faults.clear()
        asked = len(stage.asked("GET", MESSAGES))
        assert (await collector(stage, kept).collect(kept.profile, nothing)).failed == 0
        assert await all_of(kept) == expected
        assert len(stage.asked("GET", MESSAGES)) - asked == expected.pages() - before.pages()


async def test_a_gateway_that_breaks_off_does_not_end_the_collecting(tmp_path: Path) -> None:
    expected = await undisturbed(a_server)
    world = a_server()
    async with stand(world) as stage, store(tmp_path / "troubled", world) as kept:
        trouble = Midway(lambda: stage.sandbox.faults.set({"drop_sockets": True}))
        await collector(stage, kept).collect(kept.profile, trouble)
        assert trouble.came and await all_of(kept) == expected


async def test_a_full_disk_midway_is_named_and_there_is_no_loss_once_there_is_room(tmp_path: Path) -> None:
    expected = await undisturbed(a_server)
    world = a_server()
    async with store(tmp_path / "full", world) as kept:
        profile = kept.profile
    async with stand(world) as stage, Database(tmp_path / "full" / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        kept = Store(Corpus(database, keyring, lambda: NOON), profile)
        await room(database, 6)
        with pytest.raises(DatabaseFull, match=r"The disk is full, .* free some space and try again"):
            await collector(stage, kept).collect(profile, nothing)
        before = await all_of(kept)
        assert before.is_planned and 0 < len(before.own()) < len(expected.own())
        await room(database, 1_000_000)
        asked = len(stage.asked("GET", MESSAGES))
        await collector(stage, kept).collect(profile, nothing)
        assert await all_of(kept) == expected
        assert len(stage.asked("GET", MESSAGES)) - asked == expected.pages() - before.pages()


async def room(database: Database, pages: int) -> None:
    """Let the database grow by so many pages at most."""
    async with database.write() as connection:
        (size,) = await connection.execute_fetchall("PRAGMA page_count")
        await connection.execute(f"PRAGMA max_page_count = {size[0] + pages}")
