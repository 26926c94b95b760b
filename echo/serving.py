"""Serving until told to stop: the console or none, signals, and the exit code."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from echo import crashes, logs
from echo.app import Echo, Serving, open_echo
from echo.errors import UsageError
from echo.settings import Loaded

log = logging.getLogger(__name__)

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


class Stop:
    """The wish to stop: the first signal stops in order, the second at once.

    Until `begun`, stopping in order is cancelling the task that made this, which is still starting Echo.
    """

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.exit_code = 0
        self._starting = asyncio.current_task()

    def begun(self) -> None:
        """Echo runs: from now on whoever serves looks at `wanted`."""
        self._starting = None

    def ask(self, exit_code: int) -> None:
        """Stop in order; asked twice, at once."""
        if self.wanted.is_set():
            os._exit(INTERRUPTED)
        self.exit_code = exit_code
        self.wanted.set()
        if self._starting is not None:
            self._starting.cancel()


@contextmanager
def stopping_on_signals() -> Iterator[Stop]:
    """SIGTERM ends with exit code 0, SIGINT with 130."""
    stop, loop = Stop(), asyncio.get_running_loop()
    codes = {signal.SIGTERM: 0, signal.SIGINT: INTERRUPTED}
    for number, code in codes.items():
        loop.add_signal_handler(number, stop.ask, code)
    try:
        yield stop
    finally:
        for number in codes:
            loop.remove_signal_handler(number)


async def serve(loaded: Loaded, serving: Serving, announce: Callable[[str], None]) -> int:
    """Serve until a signal comes, the operator quits or Discord ends it for good; the exit code.

    `announce` gets one line of JSON, `{"address": ...}`, once a headless Echo is connected and its commands are
    registered (`address` is null on Discord itself). Raises EchoError where it cannot start or go on.
    """
    crashes.keep_words_out()
    screen = None if serving.headless else _Screen(loaded)
    logs.set_up(loaded.settings.log_level, loaded.secrets, screen.ring if screen else None)
    with stopping_on_signals() as stop:
        try:
            return await _serve(loaded, serving, announce, stop, screen)
        except asyncio.CancelledError:
            if not stop.wanted.is_set():
                raise
            return stop.exit_code


async def _serve(
    loaded: Loaded, serving: Serving, announce: Callable[[str], None], stop: Stop, screen: _Screen | None
) -> int:
    async with open_echo(loaded, serving) as echo:
        stop.begun()
        # What is made by now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        if screen is not None:
            return await screen.show(stop, echo)
        announce(json.dumps({"address": echo.sandbox.address if echo.sandbox else None}))
        await _until_stopped(stop, echo)
        return stop.exit_code


async def _until_stopped(stop: Stop, echo: Echo) -> None:
    wish = asyncio.create_task(stop.wanted.wait(), name="stop")
    await asyncio.wait((wish, echo.gateway), return_when=asyncio.FIRST_COMPLETED)
    wish.cancel()
    if echo.gateway.done():
        # It ends by itself only where going on is impossible, and says why.
        await echo.gateway


class _Screen:
    """The console. Imported only here: a headless Echo needs no Textual."""

    def __init__(self, loaded: Loaded) -> None:
        """Raises UsageError where there is no terminal to draw on."""
        from console.logs import LogRing

        # Textual reads the keys from the one and draws on the other.
        if not all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__)):
            raise UsageError(
                "The console needs a terminal for standard input and standard error: redirect neither, or start Echo "
                "with --headless."
            )
        self.ring = LogRing()
        self._loaded = loaded

    async def show(self, stop: Stop, echo: Echo) -> int:
        """Run the console until it is quit or Echo must stop; the exit code."""
        from console.app import EchoConsole
        from console.run import run

        app = EchoConsole(
            board=echo.board,
            operator=echo.operator,
            town=echo.sandbox.people if echo.sandbox else None,
            clock=echo.clock,
            title="Echo - sandbox" if echo.sandbox else "Echo",
            log_ring=self.ring,
            zone=ZoneInfo(echo.settings.timezone),
        )
        console = asyncio.create_task(run(app), name="console")
        stopped = asyncio.create_task(_until_stopped(stop, echo), name="until stopped")
        await asyncio.wait((console, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not console.done():
            app.exit()
        try:
            code = await console
        finally:
            # What goes wrong while Echo stops can be read in the terminal again.
            logs.set_up(max("WARNING", self._loaded.settings.log_level, key=_gravity), self._loaded.secrets)
        if stopped.done():
            await stopped
        stopped.cancel()
        return code or stop.exit_code


def _gravity(level: str) -> int:
    return logging.getLevelNamesMapping()[level]
