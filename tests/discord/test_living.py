"""What happens on Discord reaches what is stored, as it happens."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from db.changes import Change
from db.stored import Provenance
from echo.corpus.written import Written
from echo.discord.snowflakes import snowflake_at
from echo.sandbox.world import World
from tests.discord.edge import NOON
from tests.discord.followed import day_of_talk, followed


async def test_a_deleted_message_is_gone_from_the_corpus_and_marks_what_was_trained_stale(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        before = await stage.texts()
        await stage.edge.people.delete("Bo", stage.id_of("line 29 here"))
        profile = await stage.changed(stale=1)
        assert await stage.texts() == [text for text in before if text != "line 29 here"]
        assert profile.messages == await stage.corpus.count(profile.id) == 9
        assert "refresh" in profile.due


async def test_what_others_delete_is_gone_from_the_context_too(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        await stage.edge.people.delete("Cy", stage.id_of("line 28 here"))
        profile = await stage.changed(stale=1)
        assert "line 28 here" not in await stage.texts()
        assert profile.messages == 10


async def test_many_deleted_at_once_are_all_gone_and_told_of_in_few_events(tmp_path: Path) -> None:
    async with followed(tmp_path, day_of_talk(900), rounds=True) as stage:
        await stage.fill()
        said = [row.message_id for row in await stage.rows()]
        for start in range(0, 800, 100):
            await stage.edge.people.delete_many("Ada", said[start : start + 100])
        # Each on its own, besides.
        for one in said[800:850]:
            await stage.edge.people.delete("Ada", one)
        while stage.profile.stale < 850:
            stage.paused.release()
            await stage.more_stale()
        assert [row.message_id for row in await stage.rows()] == said[850:]
        told = [line for line in stage.edge.board.journal if line.event == "CorpusChanged"]
        assert len(told) <= 6


async def test_an_edit_is_cleaned_and_scrubbed_anew(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        edited = stage.id_of("line 29 here")
        await stage.edge.people.edit("Bo", edited, "write to bo@example.org instead")
        await stage.changed(stale=1)
        [row] = await stage.corpus.rows_of(stage.profile.id, [edited])
        assert "bo@example.org" not in row.text and row.text.startswith("write to [")
        assert row.scrubbed and row.own
        assert "line 29 here" not in await stage.texts()


async def test_an_edit_to_a_command_leaves_no_words(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        await stage.edge.people.edit("Bo", stage.id_of("line 29 here"), "!play something")
        profile = await stage.changed(stale=1)
        assert profile.messages == 9
        assert len(await stage.rows()) == 29


async def test_a_card_that_discord_adds_to_a_message_is_no_edit(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        world, channel, now = stage.edge.world, stage.edge.channel("general"), stage.edge.clock.timestamp()
        world.edit_message(channel, stage.id_of("line 26 here"), now=now, embeds=[{"title": "A page"}])
        await stage.edge.people.delete("Bo", stage.id_of("line 29 here"))
        await stage.changed(stale=1)
        assert "line 26 here" in await stage.texts()


async def test_what_is_edited_while_discord_withholds_content_stays_as_it_was(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        stage.edge.sandbox.faults.set({"message_content": False})
        await stage.edge.people.edit("Bo", stage.id_of("line 26 here"), "something else")
        await stage.edge.people.delete("Bo", stage.id_of("line 29 here"))
        await stage.changed(stale=1)
        assert "line 26 here" in await stage.texts()


async def test_with_a_channel_all_that_stood_there_and_in_its_threads_is_gone(tmp_path: Path) -> None:
    start = NOON.timestamp() - 3600
    world = World.populate(
        7,
        "Somewhere",
        [
            Written("Ada", "general", start - 86400, "stays"),
            Written("Bo", "general", start, "stays too"),
            Written("Bo", "garden", start - 86400, "goes"),
            Written("Bo", "shed", start, "goes with it", parent="garden"),
            Written("Bo", "attic", start - 30 * 86400, "goes from the archive", parent="garden"),
        ],
        manager="Ada",
    )
    async with followed(tmp_path, world) as stage:
        await stage.fill("general", "garden", "shed", "attic")
        assert len(await stage.rows()) == 5
        await stage.edge.people.delete_channel("Ada", "garden")
        await stage.changed(stale=3)
        assert await stage.texts() == ["stays", "stays too"]


async def test_edits_and_deletions_reach_a_corpus_whose_date_is_past(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.edge.ready("Cy")
        past = stage.edge.profile("Cy")
        assert past.cutoff < NOON
        before = past.cutoff.timestamp() - 1
        page = [replace(row, ts=before) for row in await stage.page("general", past)]
        await stage.corpus.store(past, page)
        await stage.edge.people.say("Cy", "general", "this is not for keeping")
        await stage.edge.people.delete("Cy", stage.id_of("line 28 here"))
        await stage.edge.until(lambda: stage.edge.profile("Cy").stale == 1)
        assert await stage.corpus.count(past.id) == 9
        texts = [row.text async for page in stage.corpus.stream(past.id) for row in page]
        assert "line 28 here" not in texts and "this is not for keeping" not in texts


# ---------------------------------------------------------------- joining


async def test_a_new_message_joins_with_what_stood_before_it(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        for number in range(6):
            await stage.edge.people.say(("Ada", "Cy")[number % 2], "general", f"new {number}")
        await stage.edge.people.say("Bo", "general", "an answer")
        profile = await stage.changed(unlearned=1)
        rows = await stage.rows()
        assert [row.text for row in rows] == ["new 2", "new 3", "new 4", "new 5", "an answer"]
        assert {row.provenance for row in rows} == {Provenance.LIVE}
        assert [row.own for row in rows] == [False] * 4 + [True]
        assert not rows[-1].bare
        assert profile.messages == 1 and "refresh" in profile.due


async def test_what_stood_before_echo_heard_anything_leaves_a_new_message_bare(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.edge.people.say("Ada", "general", "one thing")
        await stage.edge.people.say("Bo", "general", "an answer")
        await stage.changed(unlearned=1)
        assert [(row.text, row.bare) for row in await stage.rows()] == [("one thing", False), ("an answer", True)]


async def test_after_half_a_day_of_hearing_nothing_is_missing_before_a_message(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.edge.people.say("Ada", "general", "long ago")
        stage.edge.clock.move(13 * 3600)
        await stage.edge.people.say("Ada", "general", "one thing")
        await stage.edge.people.say("Bo", "general", "an answer")
        await stage.changed(unlearned=1)
        assert [(row.text, row.bare) for row in await stage.rows()] == [("one thing", False), ("an answer", False)]


async def test_what_was_missed_between_two_connections_leaves_a_new_message_bare(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        for number in range(6):
            await stage.edge.people.say("Ada", "general", f"new {number}")
        await stage.edge.people.say("Bo", "general", "an answer")
        await stage.changed(unlearned=1)
        was_said = asyncio.Event()

        async def once_it_was_said(shard_id: int | None, *, initial: bool = False) -> None:
            await was_said.wait()

        # In place of five seconds that nextcord waits before it identifies again.
        stage.edge.client.before_identify_hook = once_it_was_said  # type: ignore[method-assign]
        stage.edge.sandbox.faults.set({"invalidate_sessions": True})
        await stage.edge.until(lambda: "discord" in stage.edge.board.conditions)
        await stage.edge.people.say("Ada", "general", "what nobody hears")
        was_said.set()
        await stage.edge.until(lambda: "discord" not in stage.edge.board.conditions)
        await stage.edge.people.say("Bo", "general", "another")
        await stage.changed(unlearned=2)
        assert [row.bare for row in await stage.rows() if row.own] == [False, True]


async def test_deleted_and_edited_context_joins_as_it_is_when_the_subject_answers(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        first = await stage.edge.people.say("Ada", "general", "a slip")
        second = await stage.edge.people.say("Ada", "general", "a tpyo")
        await stage.edge.people.delete("Ada", first["id"])
        await stage.edge.people.edit("Ada", second["id"], "a typo")
        await stage.edge.people.say("Bo", "general", "an answer")
        await stage.changed(unlearned=1)
        assert await stage.texts() == ["a typo", "an answer"]


async def test_commands_join_neither_as_words_nor_as_context(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.edge.people.say("Ada", "general", "!roll 20")
        await stage.edge.people.say("Bo", "general", "!roll 6")
        edited = await stage.edge.people.say("Bo", "general", "!oops")
        await stage.edge.people.edit("Bo", edited["id"], "that was no command")
        await stage.changed(unlearned=1)
        assert [(row.text, row.bare) for row in await stage.rows()] == [("that was no command", True)]


# ---------------------------------------------------------------- against a collecting that is under way


async def test_what_was_deleted_after_its_page_was_read_does_not_come_back(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        page = await stage.page("general")
        await stage.edge.people.delete("Bo", stage.id_of("line 29 here"))
        await stage.edge.people.edit("Cy", stage.id_of("line 28 here"), "line 28 was better")
        # What comes after them was dealt with after them.
        await stage.edge.people.say("Bo", "general", "done")
        await stage.changed(unlearned=1)
        await stage.corpus.store(stage.profile, page)
        await stage.changed(stale=2)
        texts = await stage.texts()
        assert "line 29 here" not in texts and "line 28 here" not in texts
        assert "line 28 was better" in texts


async def test_a_channel_that_was_deleted_after_its_page_was_read_does_not_come_back(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        page = await stage.page("random")
        await stage.edge.people.delete_channel("Ada", "random")
        await stage.edge.people.say("Bo", "general", "done")
        await stage.changed(unlearned=1)
        await stage.corpus.store(stage.profile, page)
        await stage.changed(stale=1)
        assert await stage.texts() == ["done"]


# ---------------------------------------------------------------- failures


async def test_a_locked_database_delays_a_deletion_and_loses_none(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        holder = sqlite3.connect(tmp_path / "echo.db", isolation_level=None, check_same_thread=False)
        try:
            # Not on the loop: what is just being written needs it to come to its end.
            await asyncio.to_thread(holder.execute, "BEGIN IMMEDIATE")
            await stage.edge.people.delete("Bo", stage.id_of("line 29 here"))
            await stage.waited()
        finally:
            holder.close()
        await stage.changed(stale=1)
        assert "line 29 here" not in await stage.texts()


async def test_what_a_crash_left_untold_is_told_at_the_next_start(tmp_path: Path) -> None:
    world = day_of_talk()
    async with followed(tmp_path, world) as stage:
        await stage.changes.note(stage.profile.id, Change(edited=1, removed=2))
    async with followed(tmp_path, world) as stage:
        await stage.changed(stale=3)
        await stage.fill()
        await stage.edge.people.delete("Bo", stage.id_of("line 29 here"))
        await stage.changed(stale=4)
        assert await stage.changes.pending() in ({}, {stage.profile.id: Change(removed=1)}), "it is told of once"


async def test_dispatches_that_are_not_as_described_change_nothing(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        server = str(stage.edge.world.guild.id)
        wild: Any
        for wild in ({}, None, [], {"guild_id": server}, {"guild_id": server, "id": "x", "ids": 3, "channel_id": {}}):
            for event in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"):
                stage.edge.sandbox.gateway.send(event, wild)
            for event in ("CHANNEL_DELETE", "THREAD_DELETE"):
                stage.edge.sandbox.gateway.send(event, wild)
        # Near enough to what Discord sends to be heard, and to stand before and beside what is as it should be.
        general, now = stage.edge.channel("general"), stage.edge.clock()
        near: dict[str, Any] = {"guild_id": server, "channel_id": str(general), "id": str(snowflake_at(now))}
        near |= {"author": {"id": "5"}, "content": "hm", "mentions": [7], "edited_timestamp": now.isoformat()}
        stage.edge.sandbox.gateway.send("MESSAGE_CREATE", near)
        stage.edge.sandbox.gateway.send("MESSAGE_UPDATE", near)
        stage.edge.sandbox.gateway.send("MESSAGE_UPDATE", near | {"id": str(stage.id_of("line 28 here"))})
        await stage.edge.people.delete("Bo", stage.id_of("line 29 here"))
        await stage.changed(stale=1)
        await stage.edge.people.say("Bo", "general", "as it should be")
        await stage.changed(unlearned=1)
        assert (await stage.texts())[-2:] == ["line 28 here", "as it should be"]
