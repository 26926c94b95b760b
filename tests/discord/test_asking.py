"""Requests that bring nothing: tried again, given up, and whose trouble that is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from echo.discord.collecting.asking import TRIES, Asking, ConnectionLost, Troubled
from echo.discord.collecting.budget import Budget
from echo.discord.failures import OutOfReach
from echo.errors import NoPermission, ServiceUnavailable
from tests.discord.collecting import at_once, world_of
from tests.discord.stand import Stand, stand, talk

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


class Asker:
    """Asks a stand for its two channels."""

    def __init__(self, stage: Stand, stall: float = 20.0, pause: Callable[[float], Awaitable[None]] = at_once) -> None:
        self.asking = Asking(stage.client, Budget(None).account(), stall, pause)
        self._stage = stage

    async def ask(self, name: str = "general", **more: bool) -> Any:
        channel = self._stage.world.find_channel(name)
        assert channel is not None
        return await self.asking.ask(
            "look at a channel", lambda: self._stage.client.http.get_channel(channel.id), **more
        )


def two_channels(**settings: Any) -> Any:
    return stand(world_of(talk("general", ["Mara"], start=9000), talk("random", ["Bo"], start=9000)), **settings)


async def test_what_is_busy_for_a_moment_is_asked_again_ever_later() -> None:
    waits: list[float] = []

    async def noted(seconds: float) -> None:
        waits.append(seconds)

    async with two_channels() as stage:
        stage.sandbox.faults.set({"errors": TRIES - 1, "status": 503, "match": "/channels/"})
        asker = Asker(stage, pause=noted)
        assert (await asker.ask())["name"] == "general"
        assert waits == [1.0, 2.0, 4.0] and asker.asking.made == TRIES


@pytest.mark.parametrize("was_troubled", [False, True])
async def test_what_stays_busy_is_the_connections_trouble_unless_it_was_its_own_before(was_troubled: bool) -> None:
    async with two_channels() as stage:
        stage.sandbox.faults.set({"errors": 100, "status": 503})
        with pytest.raises(Troubled if was_troubled else ConnectionLost, match="HTTP 503"):
            await Asker(stage).ask(was_troubled=was_troubled)


async def test_what_stays_busy_while_others_are_answered_is_its_own_trouble() -> None:
    async with two_channels() as stage:
        general = stage.world.find_channel("general")
        assert general is not None
        stage.sandbox.faults.set({"errors": 100, "status": 503, "match": str(general.id)})

        async def ask_for_the_other(_: float) -> None:
            await asker.ask("random")

        asker = Asker(stage, pause=ask_for_the_other)
        with pytest.raises(Troubled, match="HTTP 503"):
            await asker.ask()


async def test_silence_is_given_up_and_what_is_asked_next_is_answered() -> None:
    async with two_channels() as stage:
        stage.sandbox.faults.set({"silent": 1})
        asker = Asker(stage, stall=0.2)
        with pytest.raises(ConnectionLost, match="answered nothing"):
            await asker.ask()
        # The same would have to wait a second with nextcord 3.2, which knows of no answer that says how many may be.
        assert (await asker.ask("random"))["name"] == "random"


@pytest.mark.parametrize("scope", ["user", "global"])
async def test_an_absurd_time_to_wait_is_not_waited_and_holds_nothing_back_for_ever(scope: str) -> None:
    async with two_channels() as stage:
        stage.sandbox.faults.set({"rate_limit": 1, "rate_limit_scope": scope, "retry_after": 1e6})
        asker = Asker(stage, stall=0.2)
        with pytest.raises(ConnectionLost, match="answered nothing"):
            await asker.ask()
        # nextcord 3.2 holds back the whole bot for a second, and that by itself.
        held_back = scope == "global" and not hasattr(stage.client.http, "_global_over")
        if not held_back:
            assert (await asker.ask("random"))["name"] == "random"


async def test_what_is_gone_is_told_at_once_with_discords_code() -> None:
    async with two_channels() as stage:
        asker = Asker(stage)
        with pytest.raises(OutOfReach) as refused:
            await asker.asking.ask("look at a channel", lambda: stage.client.http.get_channel(5))
        assert refused.value.code == 10003 and asker.asking.made == 1


async def test_a_token_that_is_not_accepted_is_nobodys_passing_trouble() -> None:
    async with two_channels() as stage:
        stage.sandbox.faults.set({"errors": 1, "status": 401})
        with pytest.raises(NoPermission, match="DISCORD_TOKEN"):
            await Asker(stage).ask()


async def test_a_closed_client_asks_for_nothing() -> None:
    async with two_channels() as stage:
        asker = Asker(stage)
        await stage.client.close()
        with pytest.raises(ServiceUnavailable, match="was closed"):
            await asker.ask()
        assert asker.asking.made == 0


async def test_a_request_that_is_cancelled_ends_at_once_and_frees_its_turn() -> None:
    async with two_channels() as stage:
        stage.sandbox.faults.set({"silent": 1})
        asker = Asker(stage)
        task = asyncio.create_task(asker.ask())
        await stage.sandbox.faults.used_up("silent")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await asker.ask("random"))["name"] == "random"
