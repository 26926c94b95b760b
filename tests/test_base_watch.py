"""What is loaded follows who is online, on a loopback Ollama."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from echo.base_watch import BaseWatch
from echo.engines.embedded import EmbeddedEngine
from echo.engines.ollama.engine import OllamaEngine
from echo.ports import PersonaName
from states.board import Board
from states.decide import Step
from states.model import ProfileSnapshot, ProfileState, SessionSnapshot, SessionState, Snapshot
from tests.support.machinery import machinery
from tests.support.ollama import MODEL, ollama_at_loopback
from tests.support.ollama_hosts import OnBoard, hosts_at
from tests.support.snapshots import agreed, birth, session_birth


def ready(profile: Snapshot) -> ProfileSnapshot:
    """The profile once it has learnt."""
    assert isinstance(profile, ProfileSnapshot)
    return replace(profile, id=1, state=ProfileState.READY, model_path="somewhere", model_version=2)


def online(profile: ProfileSnapshot, number: int) -> SessionSnapshot:
    """Its echo in a channel."""
    session = session_birth(profile).after
    assert isinstance(session, SessionSnapshot)
    return replace(session, id=number)


READY = ready(agreed(birth().after).after)
OTHER = replace(READY, id=2)
HERE, THERE = online(READY, 5), online(OTHER, 6)


class Kept:
    """An engine that notes what it is to keep loaded, and takes as long as `may_go` says."""

    def __init__(self) -> None:
        self.all: list[set[int]] = []
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.moved = asyncio.Condition()

    async def keep(self, personas: Collection[PersonaName]) -> None:
        self.all.append({persona.profile_id for persona in personas})
        async with self.moved:
            self.moved.notify_all()
        await self.may_go.wait()

    @property
    def tries_again_in(self) -> float | None:
        return None

    async def try_left_out(self) -> None:
        raise AssertionError("nothing is left out")

    async def came_to(self, online: set[int]) -> None:
        """Return once it was told of just these last."""
        async with asyncio.timeout(10), self.moved:
            await self.moved.wait_for(lambda: self.all[-1:] == [online])


async def at_once() -> None:
    """No pause between two looks at the board."""


@asynccontextmanager
async def watching(board: Board, engine: object, patience: float = 10.0) -> AsyncIterator[BaseWatch]:
    watch = BaseWatch(board, engine, at_once, patience)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled() or task.exception() is None


def board_with(*snapshots: Snapshot) -> Board:
    board = Board()
    for snapshot in snapshots:
        board.show(snapshot)
    return board


async def until(board: Board, holds: Callable[[], bool]) -> None:
    """Return once something holds of the board."""
    changed = asyncio.Event()
    unwatch = board.watch(changed.set)
    try:
        async with asyncio.timeout(10):
            while not holds():
                await changed.wait()
                changed.clear()
    finally:
        unwatch()


async def test_the_engine_is_told_of_who_is_online_and_only_where_that_changes() -> None:
    board, kept = board_with(READY, OTHER, HERE), Kept()
    async with watching(board, kept):
        await kept.came_to({1})
        board.show(THERE)
        await kept.came_to({1, 2})
        board.show(replace(HERE, turn=3))
        board.show(replace(THERE, state=SessionState.OFFLINE))
        await kept.came_to({1})
        board.show(replace(HERE, state=SessionState.OFFLINE))
        await kept.came_to(set())
    assert kept.all == [{1}, {1, 2}, {1}, set()]


async def test_an_echo_that_is_being_forgotten_needs_nothing_loaded() -> None:
    board, kept = board_with(READY, HERE), Kept()
    async with watching(board, kept):
        await kept.came_to({1})
        board.show(replace(READY, state=ProfileState.FORGETTING))
        await kept.came_to(set())


async def test_its_base_is_loaded_before_an_echo_comes_online_and_unloaded_after_it_went(tmp_path: Path) -> None:
    async with ollama_at_loopback() as server, machinery(tmp_path / "echo.db") as running:
        board = running.board
        engine = OllamaEngine(hosts_at(server.address), MODEL, 4096, reports=OnBoard(board))
        loaded: list[int] = []
        board.watch(lambda: loaded.append(len(server.loads)) if board.sessions else None)
        async with watching(board, engine) as watch:
            running.router.coming_online = watch.coming
            born = await running.create()
            assert isinstance(born, Step)
            board.show(ready(born.after))
            await running.router.online(1, 44, 0)
            assert loaded[0] == 1 and board.sessions_online()
            (session,) = board.sessions.values()
            await running.router.offline(session.id, 1, "Enough.")
            async with asyncio.timeout(10):
                await server.until(lambda: not server.loaded)
    assert len(server.loads) == 1


async def test_a_server_that_is_back_is_noticed_while_nobody_asks_anything_and_is_given_its_base() -> None:
    board = board_with(READY, HERE)
    async with ollama_at_loopback() as server:
        await server.stop()
        hosts = hosts_at(server.address, reports=OnBoard(board))
        engine = OllamaEngine(hosts, MODEL, 4096, reports=OnBoard(board))
        async with watching(board, engine):
            await until(board, lambda: bool(board.troubles))
            assert board.troubles[0].endswith("Echo leaves it out until it answers again.")
            await server.start()
            await until(board, lambda: not board.troubles)
            async with asyncio.timeout(10):
                await server.until(lambda: bool(server.loaded))
    assert not server.chats


async def test_who_comes_online_waits_for_the_load_no_longer_than_patience() -> None:
    board, kept = board_with(READY, OTHER), Kept()
    kept.may_go.clear()
    async with watching(board, kept, patience=0.05) as watch:
        async with watch.coming(1):
            assert kept.all == [{1}], "it is still loading"
            board.show(HERE)
        kept.may_go.set()
        board.show(THERE)
        await kept.came_to({1, 2})
    assert kept.all == [{1}, {1, 2}]


async def test_who_did_not_come_online_after_all_is_let_go_of() -> None:
    board, kept = board_with(READY), Kept()
    async with watching(board, kept) as watch:
        with pytest.raises(LookupError):
            async with watch.coming(1):
                assert kept.all[-1] == {1}
                raise LookupError
        await kept.came_to(set())


async def test_an_engine_without_a_server_is_told_nothing_and_keeps_nobody_waiting() -> None:
    board = board_with(READY)
    async with watching(board, EmbeddedEngine()) as watch, asyncio.timeout(5), watch.coming(1), watch.coming(99):
        await watch.refresh()
