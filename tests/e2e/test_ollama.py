"""A whole Echo whose words come from Ollama: answering, and told what is wrong while Ollama is away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from echo.discord.card_texts import STRIKE
from states.model import Deadline, ProfileState, SessionState
from tests.e2e.test_whole_way import models, stored
from tests.support.clock import HandClock
from tests.support.ollama import MODEL, Trouble, ollama_at_loopback
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners


async def next_try(echo: Running) -> None:
    """Let the time pass until what failed is tried again."""
    echo.clock.move((echo.board.profiles[1].due[Deadline.RETRY.value] - echo.clock()).total_seconds())


async def test_an_echo_answers_through_ollama(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback(writes=lambda chat: "slowly but it floats") as ollama,
        running(tmp_path, gardeners(), engine="ollama", ollama_host=ollama.address, chattiness=0) as echo,
    ):
        await echo.agreed("Mara", "garden", "01.06.2026")
        await echo.ready()
        assert "online" in await echo.command("Mara", "garden", "echo online")
        await echo.tell("Petr", "garden", "Mara (echo): how is the boat coming along?")
        assert [(one["author"], one["content"]) for one in echo.said("garden")] == [
            ("Mara (echo)", "slowly but it floats")
        ]
        talk = ollama.chats[0]["messages"][-1]["content"]
        assert "Petr: Mara (echo): how is the boat coming along?" in talk
        day = (await until(echo.board, lambda: echo.board.measures.get(1))).day
        assert day.outcomes == (("answered", 1),) and day.first_token and day.seconds and day.speed
        assert 0 < day.first_token.p50 <= day.seconds.p50 and day.drafts == len(ollama.chats)


async def test_a_persona_lives_on_the_server_from_its_learning_to_its_forgetting(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback(writes=lambda chat: "slowly but it floats") as ollama,
        running(tmp_path, gardeners(), engine="ollama", ollama_host=ollama.address, chattiness=0) as echo,
    ):
        await echo.agreed("Mara", "garden", "01.06.2026")
        profile = await echo.ready()
        persona = f"echo-{profile.server_id}-{profile.id}:{profile.model_version}"
        await ollama.until(lambda: persona in ollama.models)
        shown = (await echo.people.command("Mara", "garden", "echo card"))["responses"][0]
        menu = next(one for one in shown["components"] if one["custom_id"].startswith(STRIKE))
        learnt = ollama.models[persona].system
        keys = [option["value"] for option in menu["options"]]
        await echo.people.press("Mara", shown["message_id"], menu["custom_id"], keys)
        await ollama.until(lambda: ollama.models[persona].system != learnt)
        assert "How they write:" in learnt and "How they write:" not in ollama.models[persona].system

        await echo.command("Mara", "garden", "echo online")
        assert len(ollama.loads) == 1 and "(1 persona)" in echo.board.conditions["ollama loaded"]

        await echo.tell("Petr", "garden", "Mara (echo): how is the boat coming along?")
        ollama.trouble = Trouble.BUSY
        await echo.tell("Petr", "garden", "Mara (echo): and the mast?")
        assert "Meanwhile echoes speak by the embedded engine" in echo.board.conditions["ollama"]
        ollama.trouble = None
        await echo.tell("Petr", "garden", "Mara (echo): well then, and the mast?")
        texts = [one["content"] for one in echo.said("garden")]
        assert texts[0] == "slowly but it floats" and texts[1] != texts[0]
        assert "ollama" not in echo.board.conditions
        await until(echo.board, lambda: echo.board.measures[1].hour.total == 3)
        hour = echo.board.measures[1].hour
        assert hour.count("stood_in") == 1 and hour.failures == (("busy", 1),)
        assert {chat["model"] for chat in ollama.chats} == {persona} and len(ollama.loads) == 1

        await echo.command("Mara", "garden", "echo offline")
        await until(echo.board, lambda: "ollama loaded" not in echo.board.conditions)
        assert ollama.loaded == [] and persona in ollama.models
        await echo.command("Mara", "garden", "echo forget")
        await until(echo.board, lambda: echo.board.profiles[1].state is ProfileState.FORGOTTEN)
        assert list(ollama.models) == [MODEL]


async def test_while_ollama_is_down_the_profile_waits_says_why_and_then_goes_on(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback() as ollama,
        running(tmp_path, gardeners(), engine="ollama", ollama_host=ollama.address) as echo,
    ):
        await ollama.stop()
        await echo.agreed("Mara", "garden", "01.06.2026")
        await until(echo.board, lambda: echo.board.profiles[1].tries)
        waiting = echo.board.profiles[1]
        assert waiting.state is ProfileState.TRAINING
        assert waiting.reason is not None and "start it with `ollama serve`" in waiting.reason
        assert waiting.due[Deadline.RETRY.value] > echo.clock()
        assert "ollama serve" in await echo.command("Mara", "garden", "echo status")
        left_out = echo.board.conditions[f"ollama {ollama.address}"]
        assert "start it with `ollama serve`" in left_out and "leaves it out until it answers again" in left_out

        await ollama.start()
        echo.clock.move((waiting.due[Deadline.RETRY.value] - echo.clock()).total_seconds())
        await echo.ready()
        assert echo.board.profiles[1].reason is None
        assert f"ollama {ollama.address}" not in echo.board.conditions


async def test_while_ollama_fails_an_online_echo_is_silent_keeps_the_reason_and_answers_later(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback() as ollama,
        running(
            tmp_path, gardeners(), engine="ollama", ollama_host=ollama.address, ollama_away="silent", chattiness=0
        ) as echo,
    ):
        await echo.agreed("Mara", "garden", "01.06.2026")
        await echo.ready()
        await echo.command("Mara", "garden", "echo online")
        ollama.trouble = Trouble.BUSY
        await echo.tell("Petr", "garden", "Mara (echo): are you there?")
        assert echo.said("garden") == []
        assert echo.session().state is SessionState.LISTENING
        assert "busy with other requests" in str(echo.session().reason)

        ollama.trouble = None
        await echo.tell("Petr", "garden", "Mara (echo): and now?")
        assert len(echo.said("garden")) >= 1


async def test_who_is_forgotten_while_ollama_is_away_is_gone_here_at_once_and_there_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with ollama_at_loopback(writes=lambda chat: "slowly but it floats") as ollama:
        settings: dict[str, Any] = {"engine": "ollama", "ollama_host": ollama.address, "chattiness": 0}
        async with running(tmp_path, gardeners(), **settings) as echo:
            await echo.agreed("Mara", "garden", "01.06.2026")
            profile = await echo.ready()
            persona = f"echo-{profile.server_id}-{profile.id}:{profile.model_version}"
            await ollama.until(lambda: persona in ollama.models)
            await echo.command("Mara", "garden", "echo online")
            await echo.tell("Petr", "garden", "Mara (echo): how is the boat coming along?")
            await until(echo.board, lambda: echo.board.measures.get(1))
            await ollama.stop()
            await echo.command("Mara", "garden", "echo forget")
            await until(echo.board, lambda: echo.board.profiles[1].tries)
            waiting = echo.board.profiles[1]
            assert waiting.state is ProfileState.FORGETTING
            assert "can't be reached and may still have" in str(waiting.reason)
            assert not echo.board.sessions_online() and not list(models(tmp_path))
            for table in ("user_messages", "generations", "datasets", "measures", "wishes", "memories"):
                assert stored(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)], table
        async with running(tmp_path, tmp_path / "export.jsonl", **settings) as echo:
            # A restart in between changes nothing of it.
            await next_try(echo)
            await until(echo.board, lambda: echo.board.profiles[1].tries == 2)
            assert echo.board.profiles[1].state is ProfileState.FORGETTING and persona in ollama.models
            await ollama.start()
            await next_try(echo)
            await until(echo.board, lambda: echo.board.profiles[1].state is ProfileState.FORGOTTEN)
            assert list(ollama.models) == [MODEL]


async def test_personas_are_not_left_behind_on_a_server_that_is_not_used_any_more(tmp_path: Path) -> None:
    async with ollama_at_loopback() as ollama:
        there: dict[str, Any] = {"engine": "ollama", "ollama_host": ollama.address}
        async with running(tmp_path, gardeners(), **there) as echo:
            await echo.agreed("Mara", "garden", "01.06.2026")
            profile = await echo.ready()
            persona = f"echo-{profile.server_id}-{profile.id}:1"
            await ollama.until(lambda: persona in ollama.models)
        export = tmp_path / "export.jsonl"
        async with running(tmp_path, export) as echo:
            await echo.command("Mara", "garden", "echo forget")
            held = await until(
                echo.board, lambda: (p := echo.board.profiles[1]).reason and Deadline.RETRY in p.due and p
            )
            assert held.state is ProfileState.FORGETTING and "set engine to ollama" in held.reason
            assert stored(tmp_path, "SELECT count(*) FROM user_messages") == [(0,)], "what lies here is gone at once"
        async with running(tmp_path, export, clock=HandClock(held.due[Deadline.RETRY]), **there) as echo:
            await until(echo.board, lambda: echo.board.profiles[1].state is ProfileState.FORGOTTEN)
        assert persona not in ollama.models
        assert stored(tmp_path, "SELECT count(*) FROM uploads") == [(0,)]


async def test_rolling_back_speaks_by_the_older_persona_and_the_server_keeps_what_echo_keeps(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback(writes=lambda chat: "slowly but it floats") as ollama,
        running(tmp_path, gardeners(), engine="ollama", ollama_host=ollama.address, chattiness=0) as echo,
    ):
        await echo.agreed("Mara", "garden", "01.06.2026")
        profile = await echo.ready()
        series = f"echo-{profile.server_id}-{profile.id}"
        await echo.command("Mara", "garden", "echo online")
        operator = echo.echo.operator

        async def spoken_by(version: int, *kept: int) -> None:
            await ollama.until(lambda: {*ollama.models} == {MODEL, *(f"{series}:{one}" for one in (version, *kept))})
            await until(echo.board, lambda: echo.board.profiles[1].model_version == version)
            await echo.tell("Petr", "garden", f"Mara (echo): how is the boat coming along, by {version}?")
            assert ollama.chats[-1]["model"] == f"{series}:{version}"

        await spoken_by(1)
        await operator.refresh(1)
        await spoken_by(2, 1)
        assert await operator.roll_back(1) == "Version 1 speaks again."
        await spoken_by(1, 2)
        await operator.refresh(1)
        await spoken_by(3, 1)
        assert len(ollama.loads) == 1
