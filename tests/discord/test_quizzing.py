"""`/echo quiz`: only where its person allows it and only what all may read; guesses count once and stay secret."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from db.stored import QuizMoment, StoredMessage, Wishes
from echo.discord import quiz_texts as texts
from echo.discord.access_rows import WATCHING
from echo.discord.quizzing import BEGUN, BUSY, NO_ECHO, NO_MOMENTS, NOT_ALLOWED, NOT_FOR_ALL, NOT_READY, Quizzing
from echo.sandbox.interaction_payloads import COMPONENT
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.world import World
from echo.settings import Settings
from states.model import ProfileSnapshot, ProfileState
from tests.discord.edge import Edge, edge_at, join_quizzing, small_world
from tests.discord.test_presses import forged

Pause = Callable[[], Awaitable[None]]
REAL, ECHO = "really said", "made up"


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


async def stored(edge: Edge, profile: ProfileSnapshot, count: int, channel: str = "general", first: int = 1) -> None:
    """So many moments of Bo's, from `channel`."""
    place = edge.channel(channel)
    rows, moments = [], []
    for number in range(first, first + count):
        before, own = 2 * number, 2 * number + 1
        for message_id, is_own in ((before, False), (own, True)):
            text = f"{REAL} {number}" if is_own else f"line {number}"
            row = StoredMessage(message_id, 1, profile.server_id, place, float(message_id), text, "Tilo", is_own)
            rows.append(row)
        said = ((f"{REAL} {number}",), (f"{ECHO} {number}",))
        moments.append(QuizMoment(place, float(own), (("Tilo", f"line {number}"),), *said, (before, own)))
    await edge.corpus.store(profile, rows)
    kept = [one.moment for one in await edge.quizzes.moments(profile.id)]
    assert await edge.quizzes.put_moments(profile.id, 1, [*kept, *moments]) == len(kept) + count


async def ready(edge: Edge, count: int = 3, channel: str = "general") -> ProfileSnapshot:
    """Bo's echo, ready, with the quiz allowed and so many moments."""
    profile = await edge.ready("Bo")
    await edge.press("Bo", await edge.command("Bo", "echo allow", what="quiz"), "I allow this")
    await stored(edge, profile, count, channel)
    return edge.profile("Bo")


async def begun(edge: Edge, author: str = "Ada", channel: str = "general") -> dict[str, Any]:
    """The quiz's message, with its first question."""
    said = await edge.command(author, "echo quiz", channel, user="@Bo")
    assert said["ephemeral"] and said["content"] == BEGUN
    return await standing(edge, "Question 1 of", channel)


async def standing(edge: Edge, part: str, channel: str = "general") -> dict[str, Any]:
    """The message of the quiz once it says this."""

    def found() -> Any:
        newest = [one for one in edge.people.messages(channel) if "Who wrote this?" in one["content"]][-1:]
        return newest[0] if newest and part in newest[0]["content"] else None

    message = await edge.until(found)
    return {**message, "message_id": message["id"]}


def right(message: dict[str, Any]) -> str:
    """The label of the button for the real answer."""
    return "A" if re.search(rf"\*\*A\*\*\n> {REAL}", message["content"]) else "B"


def wrong(message: dict[str, Any]) -> str:
    return "AB".replace(right(message), "")


async def pressed(edge: Edge, author: str, message: dict[str, Any], label: str) -> str:
    said = await edge.press(author, message, label)
    assert said["ephemeral"]
    return str(said["content"])


async def forged_on(edge: Edge, author: str, message: dict[str, Any], custom_id: str) -> str:
    """What is answered to a press on the quiz's message that no button there stands for (any more)."""
    channel, data = edge.channel("general"), {"component_type": 2, "custom_id": custom_id}
    source = edge.world.message(channel, int(message["id"]))
    assert source is not None
    press = edge.sandbox.interactions.begin(COMPONENT, edge.id_of(author), channel, data, source=source)
    await edge.sandbox.interactions.settled(press)
    said = [edge.world.message(press.channel_id, one) for one in press.said]
    return "\n".join(one.content for one in said if one is not None)


async def test_members_guess_question_by_question_and_are_told_at_the_end(edge: Edge) -> None:
    profile = await ready(edge)
    message = await begun(edge)
    assert [one["label"] for one in message["components"]] == ["A", "B", "Next"]
    for number in (1, 2, 3):
        message = await standing(edge, f"Question {number} of 3")
        assert await pressed(edge, "Ada", message, right(message)) == texts.TAKEN.format(letter=right(message))
        assert await pressed(edge, "Cy Day", message, wrong(message)) == texts.TAKEN.format(letter=wrong(message))
        assert await pressed(edge, "Ada", message, "Next") == texts.GOING_ON
    over = await standing(edge, "is over.")
    assert "**3 of 6** guesses were right (50 %)" in over["content"] and not over["components"]
    assert over["content"].count("was real, 1 of 2 guessed it") == 3
    assert REAL not in over["content"] and ECHO not in over["content"]
    assert dict(await edge.quizzes.guesses(profile.id)) == {1: (3, 6)}
    assert edge.counted == [profile.id] * 3
    assert await edge.quizzes.running() == [] and await edge.quizzes.moments(profile.id) == []
    assert len([one for one in edge.people.messages("general") if "Who wrote this?" in one["content"]]) == 1


async def test_after_as_many_guesses_as_are_set_the_next_question_comes_by_itself(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, guild_ready_timeout=0.05, quiz_guesses=2)
    async with edge_at(tmp_path, settings=settings) as edge:
        await ready(edge)
        message = await begun(edge)
        await pressed(edge, "Ada", message, "A")
        await pressed(edge, "Cy Day", message, "A")
        second = await standing(edge, "Question 2 of 3")
        assert "The last one: **" in second["content"]


async def test_a_question_that_nobody_answers_in_time_is_the_last_one(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, guild_ready_timeout=0.05, quiz_seconds=0.2)
    async with edge_at(tmp_path, settings=settings) as edge:
        profile = await ready(edge)
        assert (await edge.command("Ada", "echo quiz", user="@Bo"))["content"] == BEGUN
        over = await standing(edge, "is over. Nobody guessed any more.")
        assert not over["components"]
        assert len(await edge.quizzes.moments(profile.id)) == 2, "what was not asked can be asked another time"


async def test_every_odd_press_is_answered_by_one_sentence_and_changes_nothing(edge: Edge) -> None:
    await ready(edge)
    message = await begun(edge)
    assert await pressed(edge, "Bo", message, "A") == WATCHING
    assert await pressed(edge, "Cy Day", message, "Next") == texts.NOT_YOURS
    await pressed(edge, "Cy Day", message, right(message))
    assert await pressed(edge, "Cy Day", message, wrong(message)) == texts.AGAIN
    assert await forged(edge, "Cy Day", "echo:quiz:a:1") == texts.OVER, "it stands on a message that is no quiz"
    await pressed(edge, "Ada", message, "Next")
    await standing(edge, "Question 2 of 3")
    for late in ("echo:quiz:a:1", "echo:quiz:next:1", "echo:quiz:b:99"):
        assert await forged_on(edge, "Cy Day", message, late) == texts.LATE
    assert "1 of 1 guessed it" in (await standing(edge, "Question 2 of 3"))["content"]


async def test_taking_it_back_ends_the_quiz_at_once_and_takes_the_words_down(edge: Edge) -> None:
    profile = await ready(edge)
    message = await begun(edge)
    await pressed(edge, "Ada", message, right(message))
    allowed = await edge.command("Bo", "echo allow", what="quiz")
    await edge.press("Bo", allowed, "Take it back")
    over = await standing(edge, "does not allow it any more")
    assert not over["components"] and REAL not in over["content"] and ECHO not in over["content"]
    assert await forged(edge, "Ada", "echo:quiz:a:1") == texts.OVER
    assert dict(await edge.quizzes.guesses(profile.id)) == {}, "what was not told is not counted"
    assert await edge.quizzes.moments(profile.id) == [] == await edge.quizzes.running()
    assert await edge.refused("Ada", "echo quiz", user="@Bo") == NOT_ALLOWED.format(name="Bo")


async def test_forgetting_ends_the_quiz_at_once(edge: Edge) -> None:
    await ready(edge)
    await begun(edge)
    await edge.command("Bo", "echo forget")
    over = await standing(edge, "The echo is not there any more.")
    assert REAL not in over["content"] and not over["components"]
    await edge.until(lambda: edge.profile("Bo").state is ProfileState.FORGOTTEN)


async def test_a_question_whose_message_is_deleted_meanwhile_is_dropped(edge: Edge) -> None:
    profile = await ready(edge, 4)
    message = await begun(edge)
    number = int(re.findall(rf"{REAL} (\d+)", message["content"])[0])
    await edge.corpus.remove([2 * number + 1])
    edge.board.show(replace(edge.profile("Bo"), stale=1))
    await edge.until(lambda: f"{REAL} {number}" not in edge.standing(message["id"])["content"])
    assert "Question 1 of 3" in edge.standing(message["id"])["content"]
    assert dict(await edge.quizzes.guesses(profile.id)) == {}


async def test_a_quiz_that_a_restart_cut_short_says_so(tmp_path: Path) -> None:
    world = small_world()
    async with edge_at(tmp_path, world) as edge:
        await ready(edge)
        message = await begun(edge)
    async with edge_at(tmp_path, world) as edge:
        over = await standing(edge, "cut it short")
        assert over["id"] == message["id"] and not over["components"] and REAL not in over["content"]
        await edge.until(lambda: True)
        assert await forged(edge, "Ada", "echo:quiz:a:1") == texts.OVER


async def test_there_is_no_quiz_without_an_echo_its_persons_word_and_moments(edge: Edge) -> None:
    assert await edge.refused("Ada", "echo quiz", user="@Bo") == NO_ECHO.format(name="Bo")
    await edge.asked("Bo")
    assert await edge.refused("Ada", "echo quiz", user="@Bo") == NOT_READY.format(name="Bo")
    await edge.command("Bo", "echo forget")
    await edge.until(lambda: edge.profile("Bo").state is ProfileState.FORGOTTEN)
    profile = await edge.ready("Bo")
    await stored(edge, profile, 5)
    for who in ("Ada", "Bo"):
        assert await edge.refused(who, "echo quiz", user="@Bo") == NOT_ALLOWED.format(name="Bo")
    await edge.press("Bo", await edge.command("Bo", "echo allow", what="quiz"), "I allow this")
    await edge.quizzes.put_moments(profile.id, 1, [])
    sentence = NO_MOMENTS.format(count=0, fewest=3, name="Bo")
    assert await edge.refused("Ada", "echo quiz", user="@Bo") == sentence


async def test_what_the_person_bans_is_not_asked_even_in_the_middle_of_a_quiz(edge: Edge) -> None:
    profile = await ready(edge)
    message = await begun(edge)
    await edge.wishes.put(profile.id, Wishes(phrases=(ECHO,)))
    await pressed(edge, "Ada", message, right(message))
    await pressed(edge, "Ada", message, "Next")
    over = await standing(edge, "is over.")
    assert "**1 of 1** guesses were right" in over["content"]
    while (told := await edge.refused("Ada", "echo quiz", user="@Bo")) == BUSY.format(name="Bo"):
        pass  # the message is mended a moment before the quiz lets others begin
    assert told == NO_MOMENTS.format(count=0, fewest=3, name="Bo")


async def test_one_quiz_at_a_time_in_a_channel_and_about_a_person(edge: Edge) -> None:
    await ready(edge, 6)
    await begun(edge)
    for channel in ("general", "random"):
        assert await edge.refused("Cy Day", "echo quiz", channel, user="@Bo") == BUSY.format(name="Bo")


def staff_only(world: World, name: str) -> None:
    """Close a channel to everybody but the bot and who owns the server."""
    place = world.find_channel(name)
    assert place is not None
    view = int(Permission.VIEW_CHANNEL)
    place.overwrites[world.guild.id] = Overwrite(world.guild.id, 0, allow=0, deny=view)
    place.overwrites[world.bot.id] = Overwrite(world.bot.id, 1, allow=view, deny=0)


async def test_what_stood_in_a_closed_channel_is_shown_to_nobody_who_cannot_read_it(tmp_path: Path) -> None:
    world = small_world()
    staff_only(world, "random")
    async with edge_at(tmp_path, world) as edge:
        profile = await ready(edge, 5, "random")
        assert await edge.refused("Cy Day", "echo quiz", user="@Bo") == NOT_FOR_ALL.format(count=0, fewest=3)
        await stored(edge, profile, 3, "general", first=50)
        message = await begun(edge, "Cy Day")
        assert "Question 1 of 3" in message["content"]
        for number in (1, 2, 3):
            message = await standing(edge, f"Question {number} of 3")
            assert re.search(rf"{REAL} 5[012]\b", message["content"])
            await pressed(edge, "Cy Day", message, "Next")


async def test_in_the_closed_channel_itself_both_may_be_shown(tmp_path: Path) -> None:
    world = small_world()
    staff_only(world, "random")
    async with edge_at(tmp_path, world) as edge:
        profile = await ready(edge, 2, "random")
        await stored(edge, profile, 2, "general", first=50)
        assert "Question 1 of 4" in (await begun(edge, "Ada", "random"))["content"]


async def test_in_a_thread_what_counts_is_who_sees_its_channel(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        await ready(edge)
        assert "Question 1 of 3" in (await begun(edge, "Ada", "plans"))["content"]


async def test_a_channel_that_is_closed_while_the_quiz_runs_is_not_shown_any_more(edge: Edge) -> None:
    profile = await ready(edge, 3, "random")
    await stored(edge, profile, 1, "general", first=50)
    message = await begun(edge)
    staff_only(edge.world, "random")
    asked_first = "5" in re.findall(rf"{REAL} (\d)", message["content"])[0]
    await pressed(edge, "Ada", message, right(message))
    await pressed(edge, "Ada", message, "Next")
    if not asked_first:
        message = await standing(edge, "Question 2 of")
        assert f"{REAL} 50" in message["content"]
        await pressed(edge, "Ada", message, right(message))
        await pressed(edge, "Ada", message, "Next")
    over = await standing(edge, "is over.")
    assert over["content"].count("was real") == (1 if asked_first else 2)


def with_quizzes(edge: Edge, start: Callable[[str, Coroutine[Any, Any, None]], object], *pause: Pause) -> None:
    """Quizzes that are started like this, at which nobody guesses."""

    async def counted(profile_id: int) -> None:
        raise AssertionError(profile_id)

    parts = (edge.client, edge.quizzes, edge.board, Settings(), start, edge.wishes.of, counted)
    join_quizzing(edge.client, Quizzing(*parts, lambda: 1, *pause))


async def test_a_quiz_whose_message_is_deleted_ends_quietly(edge: Edge) -> None:
    await ready(edge)
    played: list[asyncio.Task[None]] = []
    with_quizzes(edge, lambda name, work: played.append(asyncio.create_task(work)))
    message = await begun(edge)
    edge.sandbox.world.delete_message(edge.channel("general"), int(message["id"]))
    edge.board.show(replace(edge.profile("Bo"), allows=frozenset()))
    await played[0]
    assert await edge.quizzes.running() == []


async def test_words_that_could_not_be_taken_down_are_taken_down_once_they_can_be(edge: Edge) -> None:
    profile = await ready(edge)
    shut, again = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        shut.set()
        await again.wait()

    with_quizzes(edge, lambda name, work: asyncio.ensure_future(work), pause)
    message = await begun(edge)
    place = edge.world.channels[edge.channel("general")]
    place.overwrites[edge.world.bot.id] = Overwrite(edge.world.bot.id, 1, 0, Permission.VIEW_CHANNEL)
    edge.board.show(replace(profile, allows=frozenset()))
    await shut.wait()
    assert REAL in edge.standing(message["id"])["content"] and len(await edge.quizzes.running()) == 1
    del place.overwrites[edge.world.bot.id]
    again.set()
    over = await standing(edge, "cut it short")
    assert REAL not in over["content"] and not over["components"]


async def test_no_word_of_a_moment_is_logged(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "echo")
    await ready(edge)
    message = await begun(edge)
    await pressed(edge, "Ada", message, right(message))
    await pressed(edge, "Ada", message, "Next")
    await standing(edge, "Question 2 of 3")
    assert REAL not in caplog.text and ECHO not in caplog.text
