"""What a subject agreed to holds everywhere: where is read, what for, where and when is spoken, and for whom."""

from __future__ import annotations

from pathlib import Path

from echo.discord.consent_texts import HERE
from states.consents import ConsentGiven, TermsChosen
from states.decide import Step
from states.model import ProfileSnapshot, SessionState
from states.terms import Purpose, Summoner, Terms
from tests.e2e.test_recall import CLOSED, OPEN, WORD, behind_closed_doors
from tests.e2e.test_whole_way import stored
from tests.support.ollama import ollama_at_loopback
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

HOUR = 3600.0
WHERE = "SELECT DISTINCT channel_id FROM user_messages"


async def agree(echo: Running, terms: Terms, channel: str = OPEN) -> ProfileSnapshot:
    """Have Mara agree to these terms; her echo once it can speak."""
    question = await echo.asked("Mara", channel, "01.06.2026")
    profile = echo.board.profiles[1]
    given = ConsentGiven(echo.clock(), profile.user_id, HERE, "hash", int(question["message_id"]), terms, approves=True)
    assert isinstance(await echo.echo.router.ask(profile.key, given), Step)
    return await echo.ready()


async def agree_anew(echo: Running, terms: Terms) -> ProfileSnapshot:
    """Have Mara choose other terms, and agree to them; her echo once it can speak again."""
    profile = echo.board.profiles[1]
    await echo.echo.router.ask(profile.key, TermsChosen(echo.clock(), profile.user_id, terms, approves=True))
    given = ConsentGiven(echo.clock(), profile.user_id, HERE, "hash", 0, terms, approves=True)
    assert isinstance(await echo.echo.router.ask(profile.key, given), Step)
    await until(echo.board, lambda: echo.board.profiles[1].model_version > profile.model_version)
    return await echo.ready()


def channel_id(echo: Running, name: str) -> int:
    """The id of a channel of the sandbox."""
    return next(int(one["id"]) for one in echo.people.channels() if one["name"] == name)


async def test_only_agreed_channels_are_read_and_what_is_left_out_later_is_unlearnt(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners() + behind_closed_doors(), chattiness=0) as echo:
        both = frozenset({channel_id(echo, OPEN), channel_id(echo, CLOSED)})
        await agree(echo, Terms(reads=both))
        assert {one for (one,) in stored(tmp_path, WHERE)} == both
        await agree_anew(echo, Terms(reads=frozenset({channel_id(echo, OPEN)})))
        assert {one for (one,) in stored(tmp_path, WHERE)} == {channel_id(echo, OPEN)}
        results = stored(
            tmp_path, f"SELECT outcome FROM collection_places WHERE channel_id = {channel_id(echo, CLOSED)}"
        )
        assert results == [("skipped",)]


async def test_an_echo_speaks_where_and_when_and_for_whom_its_person_agreed(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners() + behind_closed_doors(), chattiness=0) as echo:
        now = echo.clock().hour
        garden = channel_id(echo, OPEN)
        terms = Terms(speaks=frozenset({garden}), hours=(now, (now + 2) % 24), summoner=Summoner.SUBJECT)
        await agree(echo, terms)
        router, operator = echo.echo.router, echo.echo.operator
        assert "Only Mara may bring this echo online" in await echo.command("Petr", OPEN, "echo online")
        assert "you are not among them" in await operator.online(1, garden)
        assert "does not let this echo speak in this channel" in await echo.command("Mara", CLOSED, "echo online")
        assert "is online" in await echo.command("Mara", OPEN, "echo online")
        await echo.tell("Petr", OPEN, "Mara (echo): how is the boat?")
        spoken = len(echo.said(OPEN))
        assert spoken

        echo.clock.move(2 * HOUR)
        await echo.tell("Petr", OPEN, "Mara (echo): and the mast?")
        assert len(echo.said(OPEN)) == spoken, "its hours are over"
        await echo.command("Mara", OPEN, "echo offline")
        assert "at this hour" in await echo.command("Mara", OPEN, "echo online")

        await agree_anew(echo, Terms(summoner=Summoner.EVERYONE))
        assert "is online" in await echo.command("Petr", CLOSED, "echo online")
        assert all(one.state is not SessionState.OFFLINE for one in echo.board.sessions_online())
        assert router.terms.may_speak(echo.board.profiles[1], garden, echo.clock())


async def test_without_examples_no_message_of_theirs_stands_in_a_prompt(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback(writes=lambda chat: "slowly but it floats") as ollama,
        running(
            tmp_path,
            behind_closed_doors(),
            engine="ollama",
            ollama_host=ollama.address,
            chattiness=0,
            scorecard_moments=20,
        ) as echo,
    ):
        await agree(echo, Terms(purposes=frozenset({Purpose.STATISTICS})), CLOSED)
        tested = len(ollama.chats)
        await echo.command("Mara", CLOSED, "echo online")
        await echo.people.say("Mara", CLOSED, f"{WORD} is what I use")
        # While the person is there their echo is quiet.
        await until(echo.board, lambda: echo.session().due)
        await echo.let_it_speak()
        await echo.tell("Petr", CLOSED, "Mara (echo): what do we oil it with?")
        assert len(ollama.chats) > tested, "it speaks all the same"
        for chat in ollama.chats:
            told = "\n".join(one["content"] for one in chat["messages"] if one["role"] != "system")
            assert WORD not in told, "neither in its tests nor in its talk"
