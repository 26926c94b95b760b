"""A server falls silent at once, by command or by a word, and stays so until somebody resumes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from db.audit import Audit
from db.keys import Keyring
from db.servers import Servers
from db.steps import Recorded
from echo.actor import Ledger
from echo.discord.halting import Halting
from echo.discord.silencing import ALREADY, NOT_SILENCED, RESUMED
from echo.discord.trusting import EVERYONE
from echo.router import Router
from echo.sandbox.records import Role as ServerRole
from echo.sandbox.world import World
from echo.settings import Settings
from states.board import Board
from states.decide import Step
from states.events import OnlineAsked
from states.halts import HALTED, Halt
from states.model import Deadline, SessionState
from states.policy import SENTENCES, Refused
from states.terms import Summoner, Terms
from states.terms_in_force import who_may_summon
from tests.discord.edge import Edge, edge_at, small_world
from tests.persona.talk import rows
from tests.support.clock import HandClock
from tests.support.running import running, until

WORD = "echo halt"
CREW, STAFF = 71, 72


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path, roled()) as edge:
        yield edge


def roled() -> World:
    """The small world, with two roles: *crew*, and *staff*, who may administer it."""
    world = small_world()
    world.roles |= {CREW: ServerRole(CREW, "crew", 0, 3), STAFF: ServerRole(STAFF, "staff", 1 << 5, 4)}
    return world


async def online(edge: Edge, *subjects: str) -> None:
    for subject in subjects:
        await edge.ready(subject)
        await edge.command(subject, "echo online")


async def test_a_halt_ends_every_session_and_none_comes_online_before_it_is_resumed(edge: Edge) -> None:
    await online(edge, "Bo", "Cy Day")
    said = await edge.command("Ada", "echo halt", "random")
    assert not said["ephemeral"] and "silent from now on (2 went offline)" in said["content"]
    await edge.until(lambda: not edge.board.sessions_online())
    assert {one.reason for one in edge.board.sessions.values()} == {HALTED}
    assert {one.event for one in edge.board.journal if one.key.kind == "session"} >= {"OfflineAsked"}
    for author in ("Bo", "Ada"):
        assert await edge.refused(author, "echo online", profile="Bo") == SENTENCES[Refused.HALTED]
    assert await edge.refused("Ada", "echo halt") == ALREADY
    [trouble] = edge.board.troubles
    assert "Somewhere is silenced since 2026-06-15 12:00 UTC" in trouble
    assert (await edge.command("Ada", "echo resume"))["content"] == RESUMED
    assert edge.board.troubles == () and edge.board.sessions_online() == [], "nobody comes back unasked"
    await edge.command("Bo", "echo online")
    assert await edge.refused("Ada", "echo resume") == NOT_SILENCED


async def test_a_halt_while_an_earlier_one_is_being_ended_stands(edge: Edge) -> None:
    server, servers = edge.world.guild.id, Servers(edge.database, edge.clock)
    keyring = Keyring(edge.database, bytes(32))
    await keyring.open()
    halting = Halting(edge.board, edge.router.post, servers, Audit(edge.database, keyring, edge.clock), edge.clock)
    await halting.halt(server, 1)
    resumed, silenced = await asyncio.gather(halting.resume(server, 1), halting.halt(server, 2))
    assert resumed and silenced.is_kept
    assert edge.board.halts[server].by == 2
    assert [halt.by for halt in (await servers.halts()).values()] == [2], "also after a restart"


async def test_a_halt_outlives_a_restart_whatever_was_online_when_it_died(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        await online(edge, "Bo")
        server = edge.world.guild.id
        async with edge.database.write() as connection:
            # As if Echo was killed between keeping the halt and ending its sessions.
            await connection.execute(
                f"INSERT INTO server_halts VALUES ({server}, 5, '2026-06-15T12:00:00.000000+00:00')"
            )
        world = edge.world
    async with edge_at(tmp_path, world) as edge:
        await edge.until(lambda: not edge.board.sessions_online())
        assert await edge.refused("Bo", "echo online") == SENTENCES[Refused.HALTED]
        await edge.command("Ada", "echo resume")
    async with edge_at(tmp_path, world) as edge:
        assert edge.board.halts == {}
        await edge.command("Bo", "echo online")


class HaltedMeanwhile(Router):
    """Its server is silenced when a session that comes online is just being recorded."""

    def __init__(self, board: Board, ledger: Ledger, *more: Any) -> None:
        super().__init__(board, Late(board, ledger), *more)


class Late:
    """A ledger that is slow enough for a halt to come in between."""

    def __init__(self, board: Board, ledger: Ledger) -> None:
        self._board, self._ledger = board, ledger

    async def record(self, step: Step, settles: int | None = None) -> Recorded:
        if isinstance(step.event, OnlineAsked):
            self._board.halt(step.event.server_id, Halt(step.event.at, 1))
        return await self._ledger.record(step, settles)


async def test_one_that_is_just_coming_online_is_silenced_as_well(tmp_path: Path) -> None:
    async with edge_at(tmp_path, router_of=HaltedMeanwhile) as edge:
        profile = await edge.ready("Bo")
        await edge.router.online(profile.id, edge.channel("general"), profile.user_id)
        await edge.until(lambda: edge.board.sessions and not edge.board.sessions_online())
        assert edge.session(profile).reason == HALTED


@pytest.mark.parametrize("text", [WORD, "Echo Halt!", "  **ECHO   halt** ", "/echo halt"])
async def test_a_manager_silences_a_server_by_a_plain_message(edge: Edge, text: str) -> None:
    await online(edge, "Bo", "Cy Day")
    await edge.people.say("Ada", "general", text)
    await edge.until(lambda: edge.board.halts and not edge.board.sessions_online())
    await edge.until(lambda: "silent from now on" in edge.people.messages("general")[-1]["content"])


async def test_the_word_of_a_subject_silences_their_own_echo_everywhere_and_no_other(edge: Edge) -> None:
    await online(edge, "Bo", "Cy Day")
    await edge.command("Bo", "echo online", "random")
    await edge.people.say("Bo", "general", WORD)
    await edge.until(lambda: len(edge.board.sessions_online()) == 1)
    assert edge.board.sessions_online()[0].profile_id == edge.profile("Cy Day").id and not edge.board.halts
    await edge.until(lambda: "**Bo (echo)** is offline everywhere" in edge.people.messages("general")[-1]["content"])


async def test_the_word_means_nothing_from_others_in_passing_or_where_no_echo_is(edge: Edge) -> None:
    await online(edge, "Bo")
    await edge.people.say("Cy Day", "general", WORD)
    await edge.people.say("Ada", "general", "one says echo halt to stop it")
    await edge.people.say("Ada", "random", WORD)
    await edge.command("Ada", "echo help")
    await edge.router.settled()
    assert edge.board.halts == {} and len(edge.board.sessions_online()) == 1


async def test_a_word_of_ones_own_is_heard_in_place_of_the_other(tmp_path: Path) -> None:
    async with edge_at(
        tmp_path, settings=Settings(data_dir=tmp_path, guild_ready_timeout=0.05, halt_word="ruhe")
    ) as edge:
        await online(edge, "Bo")
        await edge.people.say("Ada", "general", WORD)
        await edge.command("Ada", "echo help")
        await edge.router.settled()
        assert edge.board.halts == {}, "the other one means nothing any more"
        await edge.people.say("Ada", "general", "Ruhe!")
        await edge.until(lambda: edge.board.halts)


async def test_the_word_is_heard_though_it_was_said_while_echo_was_away(edge: Edge) -> None:
    await online(edge, "Bo")
    world = edge.world
    world.modify_member(edge.id_of("Cy Day"), roles=[STAFF])
    message = world.post_message(edge.channel("general"), edge.id_of("Cy Day"), "so", now=edge.clock.timestamp())
    message.content = WORD
    await edge.client.catch_up()
    await edge.until(lambda: edge.board.halts and not edge.board.sessions_online())


# trusted roles


async def test_who_may_bring_an_echo_online_is_what_its_subject_chose(edge: Edge) -> None:
    """The cells "as chosen" of the table, by every choice."""
    profile = await edge.ready("Bo")
    now = edge.clock.timestamp()
    world = edge.world
    world.modify_member(edge.id_of("Cy Day"), roles=[CREW])
    dee = replace(world.users[edge.id_of("Cy Day")], id=world.ids.next(now), name="dee", global_name="Dee")
    world.join(dee, now=now)
    assert "**crew** is trusted from now on" in (await edge.command("Ada", "echo trust", role="crew"))["content"]
    everybody = {"Bo", "Ada", "Cy Day", "Dee"}
    let = {
        Summoner.SUBJECT: {"Bo"},
        Summoner.MANAGERS: {"Bo", "Ada"},
        Summoner.TRUSTED: {"Bo", "Ada", "Cy Day"},
        Summoner.EVERYONE: everybody,
    }
    for summoner, who in let.items():
        terms = Terms(summoner=summoner)
        for author in sorted(everybody):
            edge.board.show(replace(edge.board.profiles[profile.id], terms=terms))
            said = await edge.command(author, "echo online", profile="Bo")
            if author in who:
                assert "is online in this channel now" in said["content"], (summoner, author)
                session = edge.session(profile)
                await edge.router.offline(session.id, 0, "The next one is tried.")
            else:
                assert said["ephemeral"] and said["content"] == who_may_summon(terms, "Bo")
                assert all(one.state is SessionState.OFFLINE for one in edge.board.sessions.values())


async def test_trust_is_taken_back_and_never_given_to_everybody(edge: Edge) -> None:
    await edge.command("Ada", "echo trust", role="crew")
    assert "Trusted here: **crew**" in (await edge.command("Ada", "echo trust"))["content"]
    assert await edge.refused("Ada", "echo trust", role=str(edge.world.guild.id)) == EVERYONE
    assert "not trusted any more" in (await edge.command("Ada", "echo trust", role="crew", back=True))["content"]
    assert "nothing to take back" in await edge.refused("Ada", "echo trust", role="crew", back=True)
    assert edge.board.trusted == {edge.world.guild.id: frozenset()}


async def test_what_was_drafted_or_is_just_being_sent_is_not_said_any_more(tmp_path: Path) -> None:
    async with running(tmp_path, rows(300), clock=HandClock()) as here:
        await here.agreed("Wren", "lobby", "01.06.2026")
        await here.ready()
        await here.command("Wren", "lobby", "echo online")
        await here.people.say("Otto", "lobby", "Wren, where is the kettle?")
        await until(here.board, lambda: Deadline.SPEAK in here.session().due)
        assert here.echo.sandbox is not None
        manager = next(one["name"] for one in here.people.people() if one["manager"])
        due = here.session().due[Deadline.SPEAK] - here.clock()
        assert "silent from now on (1 went offline)" in await here.command(manager, "lobby", "echo halt")
        here.clock.move(due.total_seconds() + 1)
        await until(here.board, lambda: not here.board.sessions_online())
        assert (
            here.said("lobby") == [] and await here.command("Wren", "lobby", "echo online") == SENTENCES[Refused.HALTED]
        )
        await here.command(manager, "lobby", "echo resume")
        await here.command("Wren", "lobby", "echo online")
        faults = here.echo.sandbox.faults
        faults.set({"held": 1, "match": "/webhooks/"})
        await here.people.say("Otto", "lobby", "Wren, where is the ladder?")
        await until(here.board, lambda: Deadline.SPEAK in here.session().due)
        here.clock.move((here.session().due[Deadline.SPEAK] - here.clock()).total_seconds())
        await faults.used_up("held")
        await here.command(manager, "lobby", "echo halt")
        async with asyncio.timeout(2):
            await until(here.board, lambda: not here.board.sessions_online())
        seen = list[str]()
        gone = asyncio.Event()

        def look(update: dict[str, Any]) -> None:
            seen.append(update["type"])
            if update["type"] == "deleted":
                gone.set()

        here.people.subscribe(look)
        # It was on its way, and Discord takes it only now: it is taken back.
        faults.clear()
        async with asyncio.timeout(60):
            await gone.wait()
        assert "message" in seen and here.said("lobby") == []
