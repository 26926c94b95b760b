"""Running the console in an event loop that others use too, and leaving that loop and the terminal as they were."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from console.app import EchoConsole

TAKEN = ("SIGTSTP", "SIGCONT", "SIGWINCH", "SIGTTOU", "SIGTTIN")
"""Signals for which Textual's driver sets handlers that outlive it; Windows has none of them."""


async def run(app: EchoConsole) -> int:
    """Show the console until it is quit; its return code. Raises whatever broke inside it, the terminal being sane.

    Textual makes every task of the loop an eager one (from Python 3.12 on) and does not raise what breaks inside it.
    """
    with _loop_restored(), _signals_restored():
        await app.run_async()
    if app.broken is not None:
        raise app.broken
    return app.return_code or 0


@contextmanager
def _loop_restored() -> Iterator[None]:
    loop = asyncio.get_running_loop()
    factory = loop.get_task_factory()
    try:
        yield
    finally:
        loop.set_task_factory(factory)


@contextmanager
def _signals_restored() -> Iterator[None]:
    numbers = [getattr(signal, name) for name in TAKEN if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: it was set from outside Python and can't be set again from here.
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
