"""The connection: what ends it is told in one sentence, and what need not end it does not."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import nextcord.http
import pytest
from aiohttp import web

from db.stored import PlaceResult
from echo.discord import forms
from echo.discord.answers import WENT_WRONG
from echo.discord.client import EchoClient
from echo.discord.connecting import closed_for_good, register
from echo.discord.hearing import Hearing
from echo.discord.openings import Openings
from echo.errors import ConfigError, EchoError, ServiceUnavailable
from echo.router import Router
from echo.sandbox.server import Sandbox
from echo.settings import Settings
from states.board import Board
from states.decide import Refusal, Step
from states.model import SessionState
from states.policy import Policy
from tests.discord.edge import NOON, PATIENCE, edge_at, small_world
from tests.support.clock import HandClock


class NoLedger:
    """A ledger for clients that never get as far as a step."""

    async def record(self, step: Step, settles: int | None = None) -> Any:
        """Nothing is recorded here."""
        raise AssertionError("no step was expected")


async def nothing_imported(*_: Any, **__: Any) -> Any:
    """Nobody gives a file here."""
    raise AssertionError("no file was expected")


async def nowhere(profile_id: int) -> dict[int, PlaceResult]:
    """No channel was looked into."""
    return {}


@asynccontextmanager
async def sandbox_of(**options: Any) -> AsyncIterator[Sandbox]:
    async with Sandbox(small_world(), clock=HandClock(NOON).timestamp, rate_limits=False, **options) as sandbox:
        yield sandbox


@contextmanager
def client_of(address: str, folder: Path) -> Iterator[EchoClient]:
    """A client that is not connected yet."""
    base, board, clock = nextcord.http.Route.BASE, Board(), HandClock(NOON)
    router = Router(board, NoLedger(), Policy(), 5, clock)
    settings = Settings(data_dir=folder, guild_ready_timeout=0.05)
    try:
        hearing = Hearing(board, router.post, clock)
        yield EchoClient(
            router, board, hearing, clock, settings, Openings(), nothing_imported, nowhere, f"{address}/api/v10"
        )
    finally:
        nextcord.http.Route.BASE = base


async def failure(client: EchoClient, token: str = "sandbox") -> EchoError:
    """What ends the connection; who waits for it to be available is told the same."""
    async with asyncio.timeout(PATIENCE):
        waiting = asyncio.create_task(client.wait_available())
        with pytest.raises(EchoError) as serving:
            await client.serve(token)
        with pytest.raises(EchoError) as waited:
            await waiting
    assert waited.value is serving.value
    assert client.is_closed()
    return serving.value


async def test_a_wrong_token_is_told_in_one_sentence(tmp_path: Path) -> None:
    async with sandbox_of() as sandbox:
        with client_of(sandbox.address, tmp_path) as client:
            error = await failure(client, "not the token")
    assert isinstance(error, ConfigError) and "DISCORD_TOKEN" in str(error)
    assert "not the token" not in str(error)


async def test_a_missing_intent_is_told_with_the_page_where_it_is_switched_on(tmp_path: Path) -> None:
    async with sandbox_of(granted=0) as sandbox:
        with client_of(sandbox.address, tmp_path) as client:
            error = await failure(client)
    assert isinstance(error, ConfigError)
    assert "Message Content Intent" in str(error) and "https://discord.com/developers/applications" in str(error)


async def test_discord_out_of_reach_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with client_of(f"http://127.0.0.1:{port}", tmp_path) as client:
            error = await failure(client)
    assert isinstance(error, ServiceUnavailable) and "could not be reached" in str(error)


async def test_commands_that_cannot_be_registered_end_the_start(tmp_path: Path) -> None:
    async with sandbox_of() as sandbox:
        sandbox.faults.set({"errors": 1, "status": 503, "match": "/commands"})
        with client_of(sandbox.address, tmp_path) as client:
            error = await failure(client)
    assert isinstance(error, ServiceUnavailable) and "register its commands" in str(error)


async def test_commands_that_are_not_there_after_registering_are_named(tmp_path: Path) -> None:
    async def forgetful(request: web.Request) -> web.Response:
        known = [{**forms.COMMANDS[0], "options": forms.SUBCOMMANDS[:5]}] if request.path.endswith("commands") else None
        body = {"id": "1", "username": "echo", "discriminator": "0", "avatar": None} if known is None else known
        return web.Response(body=json.dumps(body), content_type="application/json")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", forgetful)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        with client_of(f"http://127.0.0.1:{runner.addresses[0][1]}", tmp_path) as client:
            try:
                await client.login("any")
                with pytest.raises(ServiceUnavailable, match=r"missing: Make an echo, .*echo forget, "):
                    await register(client.http, 1)
            finally:
                await client.close()
    finally:
        await runner.cleanup()


async def test_what_is_requested_after_the_end_is_refused_and_opens_no_connection(tmp_path: Path) -> None:
    asked: list[str] = []
    async with sandbox_of(record=lambda method, route, *_: asked.append(route)) as sandbox:
        with client_of(sandbox.address, tmp_path) as client:
            await client.login("sandbox")
            await client.close()
            before = len(asked)
            # Of these, nextcord 2.6 leads to aiohttp's own.
            with pytest.raises((aiohttp.ClientConnectionError, RuntimeError)):
                await client.http.get_gateway()
            assert before and len(asked) == before


def test_a_close_for_good_is_told_by_its_kind() -> None:
    assert isinstance(closed_for_good(4004), ConfigError) and "DISCORD_TOKEN" in str(closed_for_good(4004))
    assert isinstance(closed_for_good(4013), ServiceUnavailable) and "4013" in str(closed_for_good(4013))


async def test_commands_are_registered_for_servers_and_those_of_echo_for_direct_messages_too(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        application = edge.client.application_id
        assert application is not None
        found: Any = await edge.client.http.get_global_commands(application)
    assert forms.signatures(found) == forms.signatures(forms.COMMANDS)
    assert forms.signatures(found) >= {"echo create", "echo online", "echo forget", "Make an echo"}
    contexts = {one["name"]: one["contexts"] for one in found}
    assert contexts == {"echo": [0, 1], "Make an echo": [0], "Report this echo": [0]}


async def test_what_is_no_event_of_discords_is_left_out_and_the_next_is_heard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with edge_at(tmp_path) as edge:
        profile = await edge.ready("Bo")
        await edge.command("Bo", "echo online")
        wild: Any
        for wild in ({}, [], None, {"id": "x", "author": 3, "guild_id": "1"}, {"content": "secret words", "id": "1"}):
            for event in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "CHANNEL_UPDATE", "INTERACTION_CREATE"):
                edge.sandbox.gateway.send(event, wild)
        await edge.people.say("Ada", "general", "still there?")
        await edge.until(lambda: edge.session(profile).state is SessionState.COMPOSING)
        assert await edge.refused("Ada", "echo list")
    assert "MESSAGE_CREATE that is not as described" in caplog.text
    assert "secret words" not in caplog.text


async def test_what_is_said_while_the_socket_is_down_is_heard_after_the_resume(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        profile = await edge.ready("Bo")
        await edge.command("Bo", "echo online")
        edge.sandbox.faults.set({"drop_sockets": True})
        await edge.people.say("Ada", "general", "anybody?")
        await edge.until(lambda: edge.session(profile).state is SessionState.COMPOSING)
        await edge.until(lambda: "discord" not in edge.board.conditions)
        assert await edge.refused("Ada", "echo list")


async def test_a_connection_that_broke_leaves_no_heartbeats_behind(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        connection: Any = edge.client.ws
        heartbeats = connection._keep_alive
        edge.sandbox.gateway.send("READY", {})
        await edge.until(lambda: "discord" in edge.board.conditions)
        await edge.until(lambda: "discord" not in edge.board.conditions)
        await asyncio.to_thread(heartbeats.join, 5)
        assert not heartbeats.is_alive()


async def test_where_echo_is_thrown_out_nothing_of_it_stays_online(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        profile = await edge.ready("Bo")
        await edge.command("Bo", "echo online")
        edge.sandbox.gateway.send("GUILD_DELETE", {"id": str(edge.world.guild.id)})
        await edge.until(lambda: edge.session(profile).state is SessionState.OFFLINE)
        assert edge.session(profile).reason == "Echo is no member of this server any more."


async def test_a_locked_database_is_told_in_one_sentence_and_nothing_is_lost(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        holder = sqlite3.connect(tmp_path / "echo.db", isolation_level=None, check_same_thread=False)
        try:
            # Not on the loop: what is just being written needs it to come to its end.
            await asyncio.to_thread(holder.execute, "BEGIN IMMEDIATE")
            said = await edge.refused("Ada", "echo create", user="@Bo", before="01.06.2026")
        finally:
            holder.close()
        assert "database" in said and "try again" in said and said.count("\n") == 0
        assert str(tmp_path) not in said, "where it lies is the operator's to know"
        assert edge.board.profiles == {}
        await edge.asked("Bo")


class Breaking(Router):
    """A router with a mistake in it."""

    async def create(
        self, server_id: int, user_id: int, asker_id: int, channel_id: int, cutoff: datetime, approves: bool = False
    ) -> Step | Refusal:
        """Break, quoting what nobody should read."""
        raise LookupError("secret words")


async def test_a_mistake_of_ours_is_one_sentence_for_the_asker_and_a_fault_for_the_operator(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="echo")
    async with edge_at(tmp_path, router_of=Breaking, expected_faults=1) as edge:
        assert await edge.refused("Ada", "echo create", user="@Bo", before="01.06.2026") == WENT_WRONG
        [fault] = edge.board.faults
        assert "LookupError" in fault.sentence and "secret words" not in fault.sentence
    assert "secret words" not in caplog.text


async def test_names_of_subjects_channels_and_servers_are_known_after_a_restart(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as first:
        await first.asked("Bo", "Bo")
        world = first.world
    async with edge_at(tmp_path, world) as second:
        wanted = {second.id_of("Bo"): "Bo", second.channel("general"): "general", world.guild.id: "Somewhere"}
        await second.until(lambda: all(second.board.names.get(number) == name for number, name in wanted.items()))
