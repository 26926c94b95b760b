"""A database with a profile that agreed, and exports to be imported into it. Everything in them is made up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from db.connection import Database
from db.corpus import Corpus
from db.keys import Keyring
from db.stored import StoredMessage
from echo.corpus.importing import Imported
from echo.discord.snowflakes import snowflake_at
from echo.errors import ImportRefused
from echo.importing import Source, import_into
from states.model import ProfileSnapshot, ProfileState
from tests.support.snapshots import NOON, SERVER, SUBJECT, birth, changed_to
from tests.support.stored_steps import steps_of

DAY = datetime(2026, 5, 1, 10, tzinfo=UTC).timestamp()
OTHER = 909
ROOM = 5_000


@dataclass(slots=True)
class Kept:
    """A database with one profile that agreed."""

    corpus: Corpus
    profile: ProfileSnapshot

    async def take(self, path: Path, context: int = 12, **source: Any) -> Imported:
        """Import a file."""
        return await import_into(self.corpus, self.profile, Source(path, **source), NOON, context=context)

    async def rows(self) -> list[StoredMessage]:
        """All that is stored, oldest first."""
        return [row async for page in self.corpus.stream(self.profile.id) for row in page]

    async def texts(self) -> list[str]:
        """What is stored, oldest first."""
        return [row.text for row in await self.rows()]

    async def refusal(self, path: Path, **source: Any) -> str:
        """The sentence in which a file is refused, of which nothing is kept."""
        before = await self.rows()
        with pytest.raises(ImportRefused) as caught:
            await self.take(path, **source)
        assert await self.rows() == before
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
        return str(caught.value)


@asynccontextmanager
async def kept(folder: Path, **changes: Any) -> AsyncIterator[Kept]:
    """A fresh database in a folder."""
    async with Database(folder / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        steps = steps_of(database)
        born = (await steps.record(birth())).snapshot
        assert isinstance(born, ProfileSnapshot)
        after = replace(born, **{"state": ProfileState.READY, **changes})
        profile = (await steps.record(changed_to(born, after))).snapshot
        assert isinstance(profile, ProfileSnapshot)
        yield Kept(Corpus(database, keyring, lambda: NOON), profile)


def number_at(ts: float) -> str:
    """An id of Discord's from that time."""
    return str(snowflake_at(datetime.fromtimestamp(ts, UTC)) + 1)


def package(rows: Sequence[tuple[float, str]], **channel: object) -> dict[str, str]:
    """A data package of the subject with one channel of the server."""
    told = {"id": str(ROOM), "type": 0, "name": "weir", "guild": {"id": str(SERVER), "name": "Mill"}} | channel
    written = [
        {
            "ID": int(number_at(ts)),
            "Timestamp": datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "Contents": text,
            "Attachments": "",
        }
        for ts, text in rows
    ]
    return {
        "account/user.json": json.dumps({"id": str(SUBJECT), "username": "ottilie"}),
        "messages/index.json": json.dumps({str(ROOM): None}),
        f"messages/c{ROOM}/channel.json": json.dumps(told),
        f"messages/c{ROOM}/messages.json": json.dumps(written),
    }


def other_channel(number: int, text: str, **channel: object) -> dict[str, str]:
    """The files of one more channel of a package."""
    files = package([(DAY + number, text)], id=str(number), **channel)
    return {
        path.replace(str(ROOM), str(number)): content
        for path, content in files.items()
        if path.startswith(f"messages/c{ROOM}")
    }


def exported(rows: Sequence[tuple[float, int, str]], channel: dict[str, object] | None = None, **guild: object) -> str:
    """A chat exporter's file of one channel; rows are time, author and text."""
    return json.dumps(
        {
            "guild": {"id": str(SERVER), "name": "Mill"} | guild,
            "channel": {"id": str(ROOM), "type": "GuildTextChat", "name": "weir"} | (channel or {}),
            "messages": [said(*row) for row in rows],
        }
    )


def said(ts: float, author: int, text: str, **more: object) -> dict[str, object]:
    """One message of a chat exporter's file."""
    return {
        "id": number_at(ts),
        "type": "Default",
        "timestamp": datetime.fromtimestamp(ts, UTC).isoformat(),
        "content": text,
        "author": {"id": str(author), "name": f"name{author}", "isBot": False},
    } | more


def lines(path: Path, *rows: dict[str, object]) -> Path:
    """A JSON Lines file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
