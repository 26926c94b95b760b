"""Whatever goes wrong in whatever order while Echo collects: once it is over, all is there, and nothing is twice."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from db.stored import Outcome
from echo.errors import NoPermission, ServiceUnavailable
from echo.sandbox.faults import Faults
from states.board import Progress
from tests.discord.collecting import collector, nothing
from tests.discord.stand import client_at, stand, store
from tests.support.kept import assert_context_is_whole, words_of_the_subject
from tests.support.troubles import SOON, a_server, all_of, to_search, undisturbed

GUSTS: list[dict[str, Any]] = [
    {"rate_limit": 5, "rate_limit_scope": "user", "retry_after": 0.01},
    {"rate_limit": 5, "rate_limit_scope": "shared", "retry_after": 0.01},
    {"rate_limit": 3, "rate_limit_scope": "global", "retry_after": 0.01},
    {"errors": 4, "status": 503},
    {"errors": 20, "status": 503},
    {"errors": 1, "status": 404},
    {"reset": 4},
    {"reset": 12},
    {"malformed": 5},
    {"repeat_pages": 3},
    {"silent": 1},
    {"indexing": 2},
    {"search_short": 4},
    {"drop_sockets": True},
]
PLACES = ("", "/messages", "/search", "/threads", "/channels")


class Storm:
    """Progress at which, now and then, something begins to go wrong; or the collecting is cancelled."""

    def __init__(self, chance: random.Random, faults: Faults) -> None:
        self._chance = chance
        self._faults = faults
        self.task: asyncio.Task[object] | None = None
        self.gusts = 0

    def __call__(self, progress: Progress) -> None:
        if self._chance.random() < 0.2:
            self._faults.set({**self._chance.choice(GUSTS), "match": self._chance.choice(PLACES)})
            self.gusts += 1
        elif self._chance.random() < 0.03 and self.task is not None:
            self.task.cancel()


@pytest.mark.parametrize("seed", range(1, 9))
async def test_after_a_storm_everything_is_there_once(tmp_path: Path, seed: int) -> None:
    chance, is_search = random.Random(seed), seed % 2 == 0
    server = to_search if is_search else a_server
    world, whole = server(), await undisturbed(server)
    async with stand(world) as stage, store(tmp_path / "stormy", world) as kept:
        storm = Storm(chance, stage.sandbox.faults)
        collecting = collector(stage, kept, search=is_search, stall=SOON)
        for _ in range(6):
            storm.task = asyncio.create_task(collecting.collect(kept.profile, storm))
            with suppress(ServiceUnavailable, NoPermission, asyncio.CancelledError):
                await storm.task
        stage.sandbox.faults.clear()
        stage.sandbox.faults.set({"search_forbidden": not is_search})
        # What broke at the gateway may have ended a client for good, which is not what is looked at here.
        async with client_at(stage.sandbox) as client:
            calm = collector(replace(stage, client=client), kept, search=is_search)
            await calm.collect(kept.profile, nothing)
            assert (await calm.collect(kept.profile, nothing)).failed == 0
        found = await all_of(kept)
        assert storm.gusts and not found.is_planned
        assert found.own() == words_of_the_subject(world)
        if is_search:
            assert_context_is_whole(found, whole)
        else:
            assert found.rows == whole.rows and found.outcomes().keys() == {Outcome.READ}
