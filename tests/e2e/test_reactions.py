"""What people put under an echo's messages: they are told what it is, messages are removed, thumbs are counted."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from states.feedback import Tally
from tests.e2e.test_disclosure import CALL, notices, seen
from tests.e2e.test_giving_way import CHANNEL, OTHER, SUBJECT, online
from tests.e2e.test_whole_way import stored
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners


async def answered(echo: Running) -> str:
    """The id of a message that the echo said."""
    await online(echo)
    await echo.tell(OTHER, CHANNEL, CALL)
    return str(echo.said(CHANNEL)[0]["id"])


async def test_a_question_mark_is_answered_by_a_private_card_and_its_person_can_say_not_like_me(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running(tmp_path, gardeners()) as echo:
        message = await answered(echo)
        for emoji in ("❓", "❔"):
            await echo.people.react(OTHER, message, emoji)
        await echo.people.react(SUBJECT, message, "❔")
        await seen(echo, lambda: echo.people.letters(OTHER) and echo.people.letters(SUBJECT))
        [card] = echo.people.letters(OTHER)
        for word in (
            "Ines (echo)",
            "agreed to it themselves on",
            "/echo offline",
            "/echo privacy",
            "/echo report",
            "a bot",
        ):
            assert word in card["content"], word
        assert not card["components"], "only its person says what is not like them"

        own = echo.people.letters(SUBJECT)[-1]
        assert "says less" in await echo.press(SUBJECT, {"message_id": own["id"], **own}, "Not like me")
        await until(echo.board, lambda: echo.board.feedback.get(1))
        assert echo.board.feedback[1] == (Tally(1, unlike=1),)
        for emoji in ("👍🏽", "👎"):
            await echo.people.react(OTHER, message, emoji)
        await until(echo.board, lambda: echo.board.feedback[1] == (Tally(1, likes=1, dislikes=1, unlike=1),))
        await echo.people.react(OTHER, message, "👎", remove=True)
        await until(echo.board, lambda: echo.board.feedback[1] == (Tally(1, likes=1, unlike=1),))
        status = await echo.command(OTHER, CHANNEL, "echo status")
        assert "Thumbs for version 1: 1 up, 0 down; its person: 1 not like them." in status
        assert "Thumbs for version 1" in await echo.command(SUBJECT, CHANNEL, "echo report")
        told = str(echo.said(CHANNEL)[0]["content"])
    assert told not in caplog.text
    async with running(tmp_path, tmp_path / "export.jsonl", clock=echo.clock) as again:
        assert again.board.feedback[1] == (Tally(1, likes=1, unlike=1),), "shown again after a restart"


async def test_who_takes_no_direct_messages_is_told_in_the_channel_and_nobody_is_pinged(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        message = await answered(echo)
        await echo.people.close_letters(OTHER)
        await echo.people.react(OTHER, message, "❓")
        await seen(echo, lambda: notices(echo, "takes no direct messages"))
        [told] = notices(echo, "takes no direct messages")
        assert "with Ines's consent" in told and "<@" not in told and echo.people.letters(OTHER) == []


async def test_a_wastebasket_of_its_person_or_a_manager_removes_a_message_and_others_do_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        message = await answered(echo)
        parts = [str(one["id"]) for one in echo.said(CHANNEL)]
        await echo.people.react(OTHER, message, "🗑️")
        await echo.people.react(OTHER, message, "👍")
        await until(echo.board, lambda: echo.board.feedback.get(1))
        assert [str(one["id"]) for one in echo.said(CHANNEL)] == parts
        await echo.people.react(SUBJECT, message, "🗑️")
        await seen(echo, lambda: message not in [str(one["id"]) for one in echo.said(CHANNEL)])
        await until(echo.board, lambda: not echo.board.feedback.get(1))
    assert stored(tmp_path, f"SELECT count(*) FROM memories WHERE message_id = {message}") == [(0,)]
    assert stored(tmp_path, "SELECT count(*) FROM feedback") == [(0,)]
    assert stored(tmp_path, "SELECT count(*) FROM audit WHERE act = 'removed'") == [(1,)]
