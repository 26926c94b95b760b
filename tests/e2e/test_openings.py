"""An echo that begins conversations: only where its subject and a manager let it, when they would, and when alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from states import events as ev
from states.model import Allowance, Deadline, MachineKey, MachineKind
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

CHANNEL, SUBJECT, OTHER = "garden", "Ines", "Mara"
LULL = timedelta(minutes=20)


async def begun(home_echo: Running, *, allowed: bool) -> None:
    """The echo of Ines, who manages the server, online in the garden; she lets it begin conversations."""
    echo = home_echo
    profile = await echo.agreed(SUBJECT, CHANNEL, "01.06.2026")
    await echo.ready()
    if allowed:
        given = ev.AllowanceGiven(echo.clock(), profile.user_id, Allowance.OPENERS, 1, "0" * 64)
        await echo.echo.router.ask(profile.key, given)
    answer = await echo.command(SUBJECT, CHANNEL, "echo online", starts=True)
    assert "begin conversations" in answer
    await until(echo.board, lambda: {Deadline.OPEN, Deadline.PLAN} & set(echo.session().due))


def events(echo: Running) -> list[str]:
    key = MachineKey(MachineKind.SESSION, 1)
    return [line.event for line in echo.board.journal if line.key == key]


async def somebody_says(echo: Running, text: str) -> None:
    """A word that the echo lets pass."""
    before = events(echo).count("SilenceChosen")
    await echo.people.say(OTHER, CHANNEL, text)
    await until(echo.board, lambda: events(echo).count("SilenceChosen") > before)
    await until(echo.board, lambda: rests(echo))


def rests(echo: Running) -> bool:
    """Whether nothing moves before the clock does."""
    return bool(echo.session().due)


async def move_on(echo: Running) -> None:
    """Move the clock to the next deadline, and wait until that has come to something."""
    before = echo.session()
    echo.clock.move(max(0.0, (min(before.due.values()) - echo.clock()).total_seconds()))
    await until(echo.board, lambda: echo.session().version > before.version)
    await until(echo.board, lambda: rests(echo))


async def test_an_echo_begins_a_conversation_where_both_let_it_and_somebody_was_there(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await begun(echo, allowed=True)
        while not echo.said(CHANNEL):
            due = echo.session().due.get(Deadline.OPEN)
            if due is not None and due - echo.clock() > LULL:
                await somebody_says(echo, "the beans are up")
            await move_on(echo)
        assert {said["author"] for said in echo.said(CHANNEL)} == {"Ines (echo)"}


async def test_an_echo_that_nobody_answers_begins_nothing_more(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await begun(echo, allowed=True)
        for _ in range(12):
            await move_on(echo)
        assert echo.said(CHANNEL) == [] and "DraftMade" not in events(echo), "the last word was said long ago"


async def test_without_the_subjects_word_a_manager_alone_lets_it_begin_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await begun(echo, allowed=False)
        for _ in range(8):
            assert set(echo.session().due) == {Deadline.PLAN}
            await move_on(echo)
        assert echo.said(CHANNEL) == [] and "DraftMade" not in events(echo)


async def test_who_does_not_manage_the_server_lets_no_echo_begin_anything(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await echo.agreed("Petr", CHANNEL, "01.06.2026", asker=SUBJECT)
        await echo.ready()
        answer = await echo.command("Petr", CHANNEL, "echo online", starts=True)
        assert "takes the permission Manage Server" in answer
        assert not echo.board.sessions
