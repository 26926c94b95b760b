"""What is out of reach in one place holds up nothing in another, and the receipt waits for all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from echo.erasing import Erasing
from echo.errors import EngineUnavailable
from echo.settings import Settings
from states.model import ProfileSnapshot
from tests.support.clock import HandClock
from tests.support.snapshots import NOON
from tests.test_corpus_cli import opened
from tests.test_forget_cli import prepare


@dataclass
class Servers:
    """Servers of models, which are away at first."""

    away: bool = True

    async def remove(self, profile: ProfileSnapshot) -> None:
        if self.away:
            raise EngineUnavailable("Ollama is away.")


@dataclass
class Discord:
    """What is done there."""

    done: list[str] = field(default_factory=list)

    async def take_down(self, profile: ProfileSnapshot) -> None:
        self.done.append("posts")

    async def release(self, profile: ProfileSnapshot) -> Mapping[str, int]:
        self.done.append("webhooks")
        return {}


def test_what_was_said_on_discord_does_not_wait_for_a_server_of_models(tmp_path: Path) -> None:
    prepare(tmp_path)

    async def erase() -> None:
        servers, discord = Servers(), Discord()
        async with opened(tmp_path) as store:
            (profile,), _ = await store.steps.load()
            parts = (store.erasure, store.erasures, store.receipts, store.consents, servers, discord)
            erasing = Erasing(*parts, Settings(data_dir=tmp_path), HandClock(NOON))
            with pytest.raises(EngineUnavailable):
                await erasing.erase(profile)
            assert discord.done == ["posts", "webhooks"]
            assert await store.receipts.of(profile.id) is None, "not all is gone yet"
            servers.away = False
            assert await erasing.erase(profile) >= 20
            assert await store.receipts.of(profile.id) is not None

    asyncio.run(erase())
