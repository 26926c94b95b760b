"""`/echo import`: a subject's own package joins their echo, and nobody else's ever does."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from echo.corpus.written import Written
from echo.sandbox.snowflakes import snowflake_at
from states.model import ProfileSnapshot, ProfileState
from tests.support.clock import HandClock
from tests.support.files import everything_in
from tests.support.running import Running, running, until

MARA, PETR = "Mara", "Petr"
DAY = datetime(2026, 5, 1, tzinfo=UTC)
Row = tuple[int, str, str]
"""Id, time and text of a message, as a package has them."""


def talk() -> list[Written]:
    """What stands on Discord itself: too little to learn from."""
    start = DAY.timestamp()
    return [Written((MARA, PETR)[i % 2], "general", start + 60 * i, f"tea and biscuits, number {i}") for i in range(40)]


def rows(count: int, first: datetime, words: str) -> list[Row]:
    """Messages of a package, a minute apart."""
    times = [first + timedelta(minutes=i) for i in range(count)]
    return [(snowflake_at(at.timestamp()) + 1, f"{at:%Y-%m-%d %H:%M:%S}", f"{words} {i}") for i, at in enumerate(times)]


def package(
    user_id: int, channels: Mapping[int, tuple[Mapping[str, Any], Sequence[Row]]], username: str = "mara"
) -> dict[str, Any]:
    """A data package as Discord sends it, as a file for a command. `channels`: channel.json and messages, by id."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Account/user.json", json.dumps({"id": str(user_id), "username": username}))
        archive.writestr("Messages/index.json", json.dumps({str(number): None for number in channels}))
        for number, (channel, messages) in channels.items():
            listed = [{"ID": i, "Timestamp": at, "Contents": text, "Attachments": ""} for i, at, text in messages]
            archive.writestr(f"Messages/c{number}/channel.json", json.dumps({"id": str(number), **channel}))
            archive.writestr(f"Messages/c{number}/messages.json", json.dumps(listed))
    return {"filename": "package.zip", "content": held.getvalue()}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, talk(), clock=HandClock(), import_limit=1) as echo:
        yield echo


def ids(here: Running) -> tuple[int, int, int]:
    """Mara's id, the server's and that of #general."""
    people = {one["name"]: int(one["id"]) for one in here.people.people()}
    assert here.echo.sandbox is not None
    channel = next(int(one["id"]) for one in here.people.channels() if one["name"] == "general")
    return people[MARA], here.echo.sandbox.world.guild.id, channel


def in_server(here: Running, *more: Row, count: int = 60) -> dict[int, tuple[Mapping[str, Any], Sequence[Row]]]:
    """Mara's words in #general, long ago."""
    _, server, channel = ids(here)
    said = rows(count, datetime(2025, 3, 1, 9, tzinfo=UTC), "the heron came back to the weir")
    return {channel: ({"type": 0, "name": "general", "guild": {"id": str(server)}}, [*said, *more])}


async def stuck(here: Running) -> ProfileSnapshot:
    """Mara agreed, and too little of hers could be read."""
    profile = await here.agreed(MARA, "general", "01.06.2026")
    await until(here.board, lambda: here.board.profiles[profile.id].reason)
    return here.board.profiles[profile.id]


def stored(home: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{next(home.rglob('echo.db'))}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


async def test_a_package_makes_an_echo_that_had_too_little(here: Running, tmp_path: Path) -> None:
    profile = await stuck(here)
    later = rows(1, datetime(2026, 6, 9, tzinfo=UTC), "written after the day")[0]
    answer = await here.command(MARA, "general", "echo import", file=package(ids(here)[0], in_server(here, later)))
    assert "**60 messages** of yours joined your echo" in answer and "1 after the date" in answer
    ready = await here.ready(profile.id)
    assert ready.messages == 80
    counts = stored(tmp_path, "SELECT provenance, bare, count(*) FROM user_messages WHERE own GROUP BY 1, 2")
    assert ("data_package", 1, 60) in counts
    assert not here.board.progress, "no bar is left standing"
    assert b"heron came back" not in everything_in(tmp_path), "neither the file nor its words lie in the clear"


async def test_the_same_package_twice_adds_nothing(here: Running) -> None:
    await stuck(here)
    file = package(ids(here)[0], in_server(here))
    await here.command(MARA, "general", "echo import", file=file)
    await here.ready()
    answer = await here.command(MARA, "general", "echo import", file=file)
    assert "**0 messages**" in answer and "60 were there already" in answer


async def test_a_ready_echo_learns_from_a_package_at_once_and_speaks_meanwhile(here: Running) -> None:
    await stuck(here)
    await here.command(MARA, "general", "echo import", file=package(ids(here)[0], in_server(here)))
    await here.ready()
    more = {**in_server(here, count=90)}
    await here.command(MARA, "general", "echo import", file=package(ids(here)[0], more))
    await until(here.board, lambda: here.board.profiles[1].model_version == 2)
    assert here.board.profiles[1].state is ProfileState.READY and here.board.profiles[1].messages == 110


async def test_nobody_can_give_anothers_package_or_give_one_to_anothers_echo(here: Running) -> None:
    await stuck(here)
    petr = {one["name"]: int(one["id"]) for one in here.people.people()}[PETR]
    answer = await here.command(MARA, "general", "echo import", file=package(petr, in_server(here), "petr"))
    assert "joined" not in answer and here.board.profiles[1].messages == 20
    assert "no echo of you" in await here.command(
        PETR, "general", "echo import", file=package(ids(here)[0], in_server(here))
    )
    assert here.board.profiles[1].messages == 20


async def test_before_the_yes_a_package_is_not_even_fetched(here: Running) -> None:
    await here.people.command(MARA, "general", "echo create", {"user": MARA, "before": "01.06.2026"})
    answer = await here.command(MARA, "general", "echo import", file=package(ids(here)[0], in_server(here)))
    assert "press *I agree*" in answer


async def test_other_servers_are_taken_only_when_asked_for_and_direct_messages_never(here: Running) -> None:
    await stuck(here)
    said = rows(70, datetime(2025, 3, 1, 9, tzinfo=UTC), "the ferry does not care")
    whispers = rows(5, datetime(2025, 4, 1, 9, tzinfo=UTC), "a whisper under four eyes")
    channels = {
        901: ({"type": 0, "name": "elsewhere", "guild": {"id": "77", "name": "Elsewhere"}}, said),
        902: ({"type": 1, "recipients": ["1", "2"]}, whispers),
    }
    file = package(ids(here)[0], channels)
    answer = await here.command(MARA, "general", "echo import", file=file)
    assert "joined" not in answer or "**0 messages**" in answer
    answer = await here.command(MARA, "general", "echo import", file=file, everywhere=True)
    assert "**70 messages**" in answer and "1 direct message" in answer
    assert (await here.ready()).messages == 90


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 broken off", "damaged or cut off"),
        (b"no archive at all", "damaged or cut off"),
        (bytes(1024 * 1024 + 1), "at most 1 are taken"),
    ],
)
async def test_a_file_that_is_no_package_is_refused_in_one_sentence(here: Running, content: bytes, said: str) -> None:
    await stuck(here)
    answer = await here.command(MARA, "general", "echo import", file={"filename": "x.zip", "content": content})
    assert said in answer and str(here.echo.settings.data_dir) not in answer
    assert here.board.profiles[1].messages == 20


async def test_one_file_of_a_person_is_read_at_a_time(here: Running) -> None:
    await stuck(here)
    assert here.echo.sandbox is not None
    faults, file = here.echo.sandbox.faults, package(ids(here)[0], in_server(here))
    faults.set({"silent": 1, "match": "attachments/"})
    first = asyncio.create_task(here.command(MARA, "general", "echo import", file=file))
    await faults.used_up("silent")
    assert "still being read" in await here.command(MARA, "general", "echo import", file=file)
    faults.clear()
    # Whether what was hung up on is asked for again is the business of aiohttp.
    await first
    assert "of yours joined" in await here.command(MARA, "general", "echo import", file=file)
    assert (await here.ready()).messages == 80


async def test_a_package_whose_echo_is_forgotten_meanwhile_leaves_nothing(here: Running, tmp_path: Path) -> None:
    await stuck(here)
    assert here.echo.sandbox is not None
    faults, file = here.echo.sandbox.faults, package(ids(here)[0], in_server(here))
    faults.set({"silent": 1, "match": "attachments/"})
    first = asyncio.create_task(here.command(MARA, "general", "echo import", file=file))
    await faults.used_up("silent")
    await here.command(MARA, "general", "echo forget")
    await until(here.board, lambda: here.board.profiles[1].state is ProfileState.FORGOTTEN)
    faults.clear()
    assert "joined" not in await first
    for table in ("user_messages", "corpus_changes", "datasets"):
        assert stored(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)]
    assert not here.board.progress
