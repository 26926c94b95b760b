"""Running the console beside everything else in one loop: what it takes it gives back, and a crash is seen."""

from __future__ import annotations

import asyncio
import errno
import os
import pty
import signal
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from console.app import EchoConsole
from console.logs import LogRing
from console.run import run
from states.board import Board
from tests.console import stories
from tests.support.clock import HandClock
from tests.support.console import RecordingOperator
from tests.support.snapshots import NOON

ROOT = Path(__file__).parent.parent.parent
LIMIT = 60.0
"""Seconds after which a process that says nothing fails the test."""

IN_A_TERMINAL = """
import asyncio, sys
from console.app import EchoConsole
from console.logs import LogRing
from console.run import run
from tests.console import stories
from tests.support.clock import HandClock
from tests.support.console import RecordingOperator
from tests.support.snapshots import NOON

class Breaking(EchoConsole):
    def action_help(self):
        secret = "what somebody wrote"
        raise RuntimeError(secret)

async def main():
    loop = asyncio.get_running_loop()
    factory = loop.get_task_factory()
    board = stories.board()
    stories.ready(board)
    app = Breaking(board, RecordingOperator(), None, HandClock(NOON), "Echo", LogRing())
    try:
        code = await run(app)
    except RuntimeError as error:
        print("BROKE", type(error).__name__, flush=True)
        code = 1
    assert loop.get_task_factory() is factory
    print("CODE", code, flush=True)

asyncio.run(main())
"""


class Headless(EchoConsole):
    """Draws nowhere."""

    async def run_async(self, **more: Any) -> None:
        await super().run_async(headless=True, size=(80, 24))


class Terminal:
    """A process in a terminal of its own."""

    def __init__(self, script: str) -> None:
        self.master, slave = pty.openpty()
        self.before: list[Any] = termios.tcgetattr(slave)
        self._slave = slave
        self.shown = ""
        self._script = script

    async def start(self) -> None:
        environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "PYTHONPATH": str(ROOT)}
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-c", self._script),
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=environ,
            cwd=ROOT,
        )
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def _read(self) -> None:
        try:
            self.shown += os.read(self.master, 65536).decode(errors="replace")
        except OSError as error:
            if error.errno != errno.EIO:
                raise

    async def see(self, text: str) -> None:
        async with asyncio.timeout(LIMIT):
            while text not in self.shown:
                await asyncio.wait((asyncio.create_task(self.process.wait()),), timeout=0.02)
                assert self.process.returncode is None or text in self.shown, self.shown

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    async def close(self) -> list[Any]:
        """The terminal's settings after the process has ended."""
        async with asyncio.timeout(LIMIT):
            await self.process.wait()
        after: list[Any] = termios.tcgetattr(self._slave)
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self._slave)
        return after


@pytest.mark.parametrize(("key", "said"), [("\x11", "CODE 0"), ("\x1bOP", "BROKE RuntimeError")], ids=["quit", "crash"])
async def test_the_terminal_is_left_as_it_was_found(key: str, said: str) -> None:
    terminal = Terminal(IN_A_TERMINAL)
    await terminal.start()
    await terminal.see("1,240 messages")
    terminal.press(key)
    await terminal.see(said)
    await terminal.see("CODE")
    after = await terminal.close()
    assert after == terminal.before
    assert terminal.shown.index("\x1b[?1049h") < terminal.shown.index("\x1b[?1049l"), "the screen is not given back"
    assert "\x1b[?25h" in terminal.shown[terminal.shown.rindex("\x1b[?1049l") - 40 :], "the cursor stays hidden"
    assert "what somebody wrote" not in terminal.shown


async def test_the_loops_tasks_and_the_signals_are_as_they_were() -> None:
    loop = asyncio.get_running_loop()
    made: list[str] = []

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Future[Any]:
        made.append("one")
        return asyncio.Task(coroutine, loop=loop, **more)

    def stopped(number: int, frame: object) -> None: ...

    before = signal.signal(signal.SIGTSTP, stopped)
    loop.set_task_factory(factory)
    try:
        app = Headless(Board(), RecordingOperator(), None, HandClock(NOON), "Echo", LogRing())
        app.call_later(app.exit)
        assert await run(app) == 0
        assert loop.get_task_factory() is factory
        assert signal.getsignal(signal.SIGTSTP) is stopped
    finally:
        loop.set_task_factory(None)
        signal.signal(signal.SIGTSTP, before)


async def test_what_breaks_inside_reaches_the_caller() -> None:
    board = stories.board()
    stories.ready(board)

    class Breaking(Headless):
        def _draw(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(Breaking(board, RecordingOperator(), None, HandClock(NOON), "Echo", LogRing()))
