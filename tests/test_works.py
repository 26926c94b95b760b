"""The works of profiles and sessions when another program holds the database amid them."""

from __future__ import annotations

import gc
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from echo.session_work import SessionWork
from states.model import Deadline, ProfileState, SessionState
from tests.e2e.test_whole_way import online, stored
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

CHANNEL = "garden"


class Release(logging.Handler):
    """Calls back when something has to be tried again."""

    def __init__(self, call: Callable[[], None]) -> None:
        super().__init__()
        self.call = call

    def emit(self, record: logging.LogRecord) -> None:
        if "try again" in record.getMessage():
            self.call()


@contextmanager
def beside(home: Path) -> Iterator[sqlite3.Connection]:
    """Another program with the database open."""
    (path,) = home.rglob("echo.db")
    other = sqlite3.connect(path, isolation_level=None)
    try:
        yield other
    finally:
        other.close()


def session_work(echo: Running) -> SessionWork:
    return next(one for one in gc.get_objects() if isinstance(one, SessionWork) and one.board is echo.board)


async def test_what_was_said_while_the_database_is_locked_is_noted_later_and_not_said_again(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await online(echo, "Mara", CHANNEL)
        with beside(tmp_path) as other:

            def lock(update: dict[str, object]) -> None:
                message = update.get("message")
                if isinstance(message, dict) and message["webhook"]:
                    unsubscribe()
                    other.execute("BEGIN IMMEDIATE")

            unsubscribe = echo.people.subscribe(lock)
            release = Release(lambda: other.rollback())
            log = logging.getLogger("echo.saying")
            log.addHandler(release)
            log.setLevel(logging.INFO)
            try:
                await echo.tell("Petr", CHANNEL, "Mara (echo): what about the goose?")
            finally:
                log.removeHandler(release)
        said = [int(message["id"]) for message in echo.said(CHANNEL)]
        assert said and len(said) == sum(line.event == "PartSaid" for line in echo.board.journal)
        assert stored(tmp_path, "SELECT message_id FROM generation_parts ORDER BY part") == [(each,) for each in said]
        assert echo.session().reason is None


async def test_forgetting_that_meets_a_locked_database_is_tried_again_until_all_is_gone(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await online(echo, "Mara", CHANNEL)
        await echo.tell("Petr", CHANNEL, "Mara (echo): what about the goose?")
        work = session_work(echo)
        assert work.held
        with beside(tmp_path) as other:

            def lock() -> None:
                if echo.board.profiles[1].state is ProfileState.FORGETTING:
                    unwatch()
                    other.execute("BEGIN IMMEDIATE")

            unwatch = echo.board.watch(lock)
            await echo.command("Mara", CHANNEL, "echo forget")
            await until(echo.board, lambda: "database" in echo.board.conditions)
            other.rollback()
        await until(echo.board, lambda: Deadline.RETRY in echo.board.profiles[1].due)
        echo.clock.move(60)
        await until(echo.board, lambda: echo.board.profiles[1].state is ProfileState.FORGOTTEN)
        assert echo.session().state is SessionState.OFFLINE
        assert not work.held, "what was learnt is not kept in memory either"
