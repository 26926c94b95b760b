"""What is heard on Discord and not collected is neither stored nor remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from echo.discord.collecting.places import Exclusions
from states.events import ConsentRevoked
from states.model import ProfileState
from states.terms import Terms
from tests.discord.followed import day_of_talk, followed


async def test_nothing_of_anybody_is_stored_unless_the_subject_answers(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.edge.people.say("Ada", "general", "nobody answers this")
        await stage.edge.people.say("Ada", "random", "nor this")
        await stage.edge.people.say("Bo", "random", "but this")
        await stage.changed(unlearned=1)
        assert await stage.texts() == ["nor this", "but this"]


async def test_nothing_joins_from_where_collecting_would_not_read(tmp_path: Path) -> None:
    world = day_of_talk()
    found = world.find_channel("random")
    assert found is not None
    async with followed(tmp_path, world, exclusions=Exclusions(channels={found.id})) as stage:
        people = stage.edge.people
        await people.create_channel("Ada", "adults", nsfw=True)
        await people.create_channel("Ada", "hidden")
        await people.permit("Ada", "hidden", "Echo", deny=["read_message_history"])
        for channel in ("random", "adults", "hidden", "general"):
            await people.say("Ada", channel, f"spoken of in {channel}")
            await people.say("Bo", channel, f"said in {channel}")
        await stage.changed(unlearned=1)
        assert await stage.texts() == ["spoken of in general", "said in general"]
        held = [
            stage.following.living.rings.before(stage.edge.world.guild.id, stage.edge.channel(name)).messages
            for name in ("random", "adults", "hidden")
        ]
        assert held == [(), (), ()], "nor is it held in memory"


async def test_nothing_joins_from_where_its_person_does_not_let_it_be_read(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        agreed = Terms(reads=frozenset({stage.edge.channel("general")}))
        stage.edge.board.show(replace(stage.profile, terms=agreed))
        for channel in ("random", "general"):
            await stage.edge.people.say("Bo", channel, f"said in {channel}")
        await stage.changed(unlearned=1)
        assert await stage.texts() == ["said in general"]


async def test_what_was_heard_is_forgotten_when_nobody_joins_any_more(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.edge.people.say("Ada", "general", "one thing")
        await stage.edge.people.say("Bo", "general", "an answer")
        await stage.changed(unlearned=1)
        assert len(stage.following.living.rings)
        await stage.edge.command("Bo", "echo forget")
        await stage.edge.until(lambda: stage.edge.profile("Bo").state is not ProfileState.READY)
        assert not len(stage.following.living.rings)


async def test_who_was_met_and_what_was_edited_is_out_of_memory_when_nobody_agrees_any_more(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.fill()
        await stage.edge.people.edit("Ada", stage.id_of("line 27 here"), "line 27 was better")
        await stage.changed(stale=1)
        assert len(stage.acquaintance) and stage.following.living.remembered
        await stage.edge.command("Bo", "echo forget")
        await stage.edge.until(lambda: stage.edge.profile("Bo").state is not ProfileState.READY)
        assert len(stage.acquaintance) == stage.following.living.remembered == 0


async def test_what_a_hidden_channel_is_called_is_not_stored(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        await stage.edge.people.create_channel("Ada", "layoffs", private=True)
        hidden = stage.edge.channel("layoffs")
        await stage.edge.people.say("Bo", "general", f"see <#{hidden}> or <#{stage.edge.channel('random')}>")
        await stage.changed(unlearned=1)
        assert await stage.texts() == ["see #channel or #random"]


async def test_an_edit_of_somebody_elses_message_does_not_reach_what_claims_its_id(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        claimed, own = stage.id_of("line 27 here"), stage.id_of("line 29 here")
        forged = next(row for row in await stage.page("general") if row.message_id == own)
        await stage.corpus.store(stage.profile, [replace(forged, message_id=claimed, text="line 27 is mine"), forged])
        await stage.edge.people.edit("Ada", claimed, "the words of Ada")
        await stage.edge.people.edit("Bo", own, "the words of Bo")
        await stage.changed(stale=1)
        assert await stage.texts() == ["line 27 is mine", "the words of Bo"]


async def test_what_was_heard_before_a_yes_was_taken_back_is_not_stored_after_it(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        profile, page = stage.profile, await stage.page("general")
        own = [row for row in page if row.own]
        assert await stage.corpus.store(profile, own[:1]) == 1
        await stage.edge.give(profile.id, ConsentRevoked(stage.edge.clock(), profile.user_id))
        assert await stage.corpus.store(profile, page) == 0
        assert await stage.corpus.count(profile.id) == 1


async def test_what_terms_leave_out_since_it_was_heard_is_not_stored(tmp_path: Path) -> None:
    async with followed(tmp_path) as stage:
        page = await stage.page("general")
        middle = sorted(row.ts for row in page)[len(page) // 2]
        stage.edge.board.show(replace(stage.profile, cutoff=datetime.fromtimestamp(middle, UTC)))
        profile = stage.edge.profile("Bo")
        await stage.corpus.store(profile, page)
        stored = [row async for rows in stage.corpus.stream(profile.id) for row in rows]
        assert stored and max(row.ts for row in stored) < middle
