"""Killed with SIGKILL at any moment and started again: nothing is lost, nothing is said twice."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from db.connection import Database
from db.generations import Generations
from db.keys import Keyring
from echo.config import load
from echo.sandbox.invented import GUILD_NAME
from echo.sandbox.records import Message
from echo.sandbox.snowflakes import snowflake_at
from echo.sandbox.world import World
from echo.secrets import ensure_master_key
from tests.support.mortal import Died, Mortal, mortal
from tests.support.settlers import everybody

SUBJECT, OTHER = "Mara", "Petr"
LIFE_BEFORE, LIFE_AFTER = (4, 26), (1, 8)
"""Requests that a life lasts, fewest and most: from its start before the echo is ready (connecting takes five), and
from when it is connected afterwards."""
DEATHS = 5
"""As often it is killed before it is ready, and as often after."""
CUTOFF = snowflake_at(datetime(2026, 6, 1, tzinfo=UTC).timestamp())


def everything(world: World) -> list[Message]:
    return [message for place in world.guild_channels() for message in world.messages[place.id].before(None, 100_000)]


def a_world() -> World:
    written = [w for w in everybody() if w.parent is None][-1500:]
    return World.populate(1, GUILD_NAME, written, manager=SUBJECT)


class Story:
    """What people do, from wherever the last life left it; done when the echo has answered three times."""

    def __init__(self, life: Mortal, chance: random.Random) -> None:
        self.life = life
        self.chance = chance
        self.people = life.sandbox.people
        self.channel = str(self.people.channels()[0]["name"])
        self.answered = 0
        self.lives = {False: 0, True: 0}

    def status(self) -> str:
        found = self.life.rows("SELECT training_status FROM echo_profiles")
        return str(found[0][0]) if found else ""

    def is_online(self) -> bool:
        return bool(self.life.rows("SELECT 1 FROM echo_sessions WHERE is_active"))

    def said(self) -> list[dict[str, Any]]:
        return [message for message in self.people.messages(self.channel) if message["webhook"]]

    def doom(self, *, is_ready: bool) -> None:
        """Say when this life ends."""
        self.lives[is_ready] += 1
        requests = self.chance.randint(*(LIFE_AFTER if is_ready else LIFE_BEFORE))
        self.life.doom(requests if self.lives[is_ready] <= DEATHS else None)

    async def live(self) -> None:
        """One life, to its end or the story's. Raises Died."""
        was_ready = self.status() == "ready"
        self.life.doom(None)
        if not was_ready:
            self.doom(is_ready=False)
        await self.life.start()
        if not was_ready:
            await self.be_made()
        self.doom(is_ready=True)
        await self.talk()

    async def answer_beyond(self, count: int) -> None:
        await self.life.until(lambda: len(self.said()) > count)

    def question(self) -> dict[str, Any] | None:
        standing = [
            m for m in self.people.messages(self.channel) if any(b["label"] == "I agree" for b in m["components"])
        ]
        return standing[-1] if standing else None

    async def be_made(self) -> None:
        if self.status() in ("", "awaiting_consent"):
            if self.question() is None:
                await self.life.command(SUBJECT, self.channel, "echo create", user=SUBJECT, before="01.06.2026")
            await self.life.agree(SUBJECT, (await self.life.until(self.question))["id"])
        await self.life.until(lambda: self.status() == "ready")

    async def talk(self) -> None:
        if not self.is_online():
            await self.life.command(SUBJECT, self.channel, "echo online")
        while self.answered < 3:
            before = len(self.said())
            await self.people.say(OTHER, self.channel, f"Mara (echo): what about plan number {self.answered}?")
            await self.answer_beyond(before)
            self.answered += 1


@pytest.mark.parametrize("seed", [1, 2])
async def test_an_echo_killed_again_and_again_loses_nothing_and_repeats_nothing(tmp_path: Path, seed: int) -> None:
    chance, world = random.Random(seed), a_world()
    theirs = {m.id for m in everything(world) if world.users[m.author_id].display_name == SUBJECT and m.id < CUTOFF}
    async with mortal(tmp_path, world) as life:
        story = Story(life, chance)
        while story.answered < 3:
            try:
                await story.live()
            except Died:
                continue
        await life.end()
        assert len(life.deaths) > DEATHS
        kept = [message_id for (message_id,) in life.rows("SELECT message_id FROM user_messages WHERE own")]
        assert len(theirs) > 200 and sorted(kept) == sorted(theirs)
        await nothing_was_said_twice(tmp_path, [message["content"] for message in story.said()])


async def nothing_was_said_twice(home: Path, said: list[str]) -> None:
    loaded = load(environ={"ECHO_DATA_DIR": str(home)}, cwd=home)
    async with Database(home / "echo.db") as database:
        keyring = Keyring(database, ensure_master_key(home, loaded.secrets))
        drafts = await Generations(database, keyring).latest(1, 1000)
    drafted = Counter(text for draft in drafts for text in draft.texts)
    assert said and not Counter(said) - drafted
    parts = [(draft.id, one.part) for draft in drafts for one in draft.said]
    # Stopped in order, it may have said the last one and not noted it yet: the next start finds that it stands there.
    assert len(parts) == len(set(parts)) and len(said) - len(parts) in (0, 1)
