"""From `/echo create` to an echo that talks, and to nothing left of it: every part real."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from echo.corpus.written import Written
from echo.ports import Heard
from echo.session_work import SessionWork
from states.model import ProfileSnapshot, ProfileState, SessionState
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

FRIENDS = ("Ana", "Ben")


def chatter(count: int, start: float = 1_700_000_000.0) -> list[Written]:
    """Two friends who take turns; Ana has written the first word and the most."""
    words = ("the boat", "my bread", "that film", "the garden", "our trip", "the goose")
    texts = (f"well {words[i % 6]} took me {i} days" for i in range(count))
    return [Written(FRIENDS[i % 2], "talk", start + 30 * i, text) for i, text in enumerate(texts)]


def stored(home: Path, query: str) -> list[tuple[object, ...]]:
    """What the one database under a folder holds."""
    (path,) = home.rglob("echo.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def models(home: Path) -> list[Path]:
    """The files of models under a folder."""
    return list(home.rglob("*.model"))


def of_others() -> list[SessionWork | Heard]:
    """What earlier Echoes of this process have left to the garbage collector."""
    return [thing for thing in gc.get_objects() if isinstance(thing, SessionWork | Heard)]


def held_in_memory(others: list[SessionWork | Heard]) -> tuple[list[str], bool]:
    """The models that sessions hold, and whether any message that was heard is remembered."""
    gc.collect()
    earlier = set(map(id, others))
    everything = [thing for thing in gc.get_objects() if id(thing) not in earlier]
    held = [name for thing in everything if isinstance(thing, SessionWork) for name in thing.held]
    return held, any(isinstance(thing, Heard) and "how is the boat" in thing.text for thing in everything)


async def online(echo: Running, subject: str = "Ana", channel: str = "talk", before: str = "01.06.2026") -> None:
    await echo.agreed(subject, channel, before)
    await echo.ready()
    assert "is online" in await echo.command(subject, channel, "echo online")


async def test_a_newcomer_meets_an_echo_and_is_rid_of_it_again(tmp_path: Path) -> None:
    others = of_others()
    async with running(tmp_path) as echo:
        await online(echo, "Mara", "general")
        assert echo.board.profiles[1].messages > 1000

        await echo.tell("Petr", "general", "Mara (echo): how is the boat coming along?")
        spoken = echo.said("general")
        assert spoken and all(message["author"] == "Mara (echo)" for message in spoken)
        assert echo.session().state is SessionState.LISTENING
        measures = await until(echo.board, lambda: echo.board.measures.get(1))
        assert measures.hour.count("answered") == 1

        assert held_in_memory(others) == (["1-1"], True)
        assert "is offline" in await echo.command("Mara", "general", "echo offline")
        assert echo.session().state is SessionState.OFFLINE
        assert held_in_memory(others) == ([], False), "neither the model nor what was heard"
        await echo.command("Mara", "general", "echo forget")
        await until(echo.board, lambda: echo.board.profiles[1].state is ProfileState.FORGOTTEN)
    assert models(tmp_path) == []
    assert stored(tmp_path, "SELECT count(*) FROM user_messages") == [(0,)]
    assert stored(tmp_path, "SELECT count(*) FROM measures") == [(0,)] and echo.board.measures == {}


async def test_nothing_is_kept_before_the_subject_agrees_nor_after_they_say_no(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        asked = await echo.people.command("Ana", "talk", "echo create", {"user": "Ben", "before": "01.06.2026"})
        await echo.press("Ana", asked["responses"][0], "I agree")
        assert echo.board.profiles[1].state is ProfileState.AWAITING_CONSENT
        await echo.press("Ben", asked["responses"][0], "No")
        await until(echo.board, lambda: echo.board.profiles[1].state is ProfileState.FORGOTTEN)
    assert stored(tmp_path, "SELECT count(*) FROM user_messages") == [(0,)]
    assert stored(tmp_path, "SELECT count(*) FROM consents") == [(0,)]


async def test_too_few_messages_are_told_with_how_many_more_are_needed(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(60), min_messages=50) as echo:
        await echo.agreed("Ana", "talk", "01.06.2026")
        await until(echo.board, lambda: echo.board.profiles[1].reason)
        assert "20 more" in await echo.command("Ana", "talk", "echo status")
        assert "20 more" in await until(
            echo.board, lambda: "\n".join(message["content"] for message in echo.people.messages("talk"))
        )


async def test_what_stands_still_is_tried_again_when_the_operator_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(60), min_messages=50) as echo:
        await echo.agreed("Ana", "talk", "01.06.2026")
        await until(echo.board, lambda: echo.board.profiles[1].reason)
    async with running(tmp_path, tmp_path / "export.jsonl", min_messages=20) as echo:
        assert "tried again" in await echo.echo.operator.retry(1)
        await echo.ready()
        assert "not possible" in await echo.echo.operator.retry(1)


async def test_a_server_has_no_more_echoes_online_than_it_may(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200), max_active_sessions_per_server=1) as echo:
        await online(echo)
        await echo.agreed("Ben", "talk", "01.06.2026")
        await echo.ready(2)
        assert "as many echoes online as it may" in await echo.command("Ben", "talk", "echo online", profile="Ben")


async def test_after_a_restart_everything_stands_where_it_stood(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        await online(echo)
        before = (dict(echo.board.profiles), dict(echo.board.sessions))
        told = list(echo.board.journal)
    async with running(tmp_path, tmp_path / "export.jsonl") as again:
        assert (dict(again.board.profiles), dict(again.board.sessions)) == before
        assert list(again.board.journal) == told
        await again.tell("Ben", "talk", "Ana (echo): what about the goose?")
        assert [message["author"] for message in again.said("talk")]


async def test_a_question_that_is_gone_at_the_next_start_is_put_again(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        await echo.people.command("Ana", "talk", "echo create", {"user": "Ana", "before": "01.06.2026"})
        expiry = (await until(echo.board, lambda: asked(echo))).due
    async with running(tmp_path, tmp_path / "export.jsonl") as again:
        # The sandbox keeps new messages in memory only: nothing stands there any more.
        assert (await until(again.board, lambda: asked(again))).due == expiry, "the time to answer does not begin anew"
        (question,) = [message for message in again.people.messages("talk") if message["components"]]
        await again.agree("Ana", {"message_id": question["id"]})
        await again.ready()


def asked(echo: Running) -> ProfileSnapshot | None:
    """The first profile, once its question stands where people can press it."""
    profile = echo.board.profiles[1]
    number = profile.consent_message_id
    return profile if any(message["id"] == str(number) for message in echo.people.messages("talk")) else None


async def test_a_ready_profile_can_be_collected_and_trained_anew(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        await echo.agreed("Ana", "talk", "01.06.2026")
        assert (await echo.ready()).model_version == 1
        assert "anew" in await echo.echo.operator.refresh(1)
        await until(echo.board, lambda: echo.board.profiles[1].model_version == 2)
        assert echo.board.profiles[1].messages == 100
    runs = "SELECT version, messages, outcome FROM training_runs ORDER BY version"
    assert stored(tmp_path, runs) == [(1, 100, "finished"), (2, 100, "finished")]


async def test_what_is_past_its_time_is_erased_but_the_echo_stays(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200), data_retention_days=3, measures_retention_days=2) as echo:
        await online(echo)
        await echo.tell("Ben", "talk", "Ana (echo): how is the boat?")
        await until(echo.board, lambda: echo.board.measures)
        echo.clock.move(4 * 86400)
        await echo.echo.upkeep.retention()
        for emptied in ("user_messages", "measures"):
            assert stored(tmp_path, f"SELECT count(*) FROM {emptied}") == [(0,)]
        await echo.tell("Ben", "talk", "Ana (echo): what about the goose?")
        assert echo.said("talk")


async def test_who_agreed_that_nothing_leaves_is_not_spoken_for_by_an_engine_elsewhere(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        await online(echo)
    export, away = tmp_path / "export.jsonl", "http://model.example.org:11434"
    async with running(tmp_path, export, engine="ollama", ollama_host=away) as again:
        await until(again.board, lambda: again.session().state is SessionState.OFFLINE)
        assert "the person has not agreed to that" in (again.session().reason or "")
        asked = await until(again.board, lambda: again.board.profiles[1].consent_message_id)
        assert "goes to a model server" in question_of(again, asked)["content"]
        assert again.said("talk") == []


def question_of(echo: Running, message_id: int) -> dict[str, Any]:
    """The question that stands as this message."""
    return next(one for one in echo.people.messages("talk") if one["id"] == str(message_id))


async def test_a_deleted_webhook_is_made_again_and_nothing_is_said_twice(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        await online(echo, "Mara", "garden")
        await echo.tell("Petr", "garden", "Mara (echo): what about the goose?")
        first = echo.said("garden")
        world = echo.echo.sandbox.world if echo.echo.sandbox else None
        assert first and world is not None
        for webhook in tuple(world.webhooks.values()):
            world.delete_webhook(webhook.id)
        await echo.tell("Petr", "garden", "Mara (echo): and the boat?")
        later = echo.said("garden")[len(first) :]
        assert later and {message["webhook"] for message in later} != {message["webhook"] for message in first}


async def test_a_question_that_is_answered_before_echo_knows_where_it_stands_is_settled_too(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        sandbox = echo.echo.sandbox
        assert sandbox is not None
        sandbox.faults.set({"slow": 3.0, "match": "@original"})
        await echo.agreed("Ana", "talk", "01.06.2026")
        assert echo.board.profiles[1].state is not ProfileState.AWAITING_CONSENT
        sandbox.faults.set({"clear": True})
        await echo.ready()

        def labels() -> set[str]:
            return {button["label"] for message in echo.people.messages("talk") for button in message["components"]}

        await until(echo.board, lambda: "I agree" not in labels())
