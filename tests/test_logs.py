"""What gets into the log, and what never does."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from echo import logs
from echo.secrets import Secrets

WRITTEN = "something that somebody wrote"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the log writes; the loggers are put back afterwards."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:], {name: logging.getLogger(name).level for name in logs.TALKATIVE})
    yield io.StringIO()
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


def broken() -> None:
    raise ValueError(WRITTEN)


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_an_exception_is_logged_by_kind_and_place_without_its_words(stream: io.StringIO, level: str) -> None:
    logs.set_up(level, Secrets(), logging.StreamHandler(stream))
    try:
        broken()
    except ValueError:
        logging.getLogger("echo").exception("It broke.")
    logged = stream.getvalue()
    assert "ValueError" in logged and "in broken" in logged and WRITTEN not in logged


def test_secrets_are_blotted_out_whoever_logs_them(stream: io.StringIO) -> None:
    logs.set_up("INFO", Secrets(token=SecretStr("abc.def.ghi.jkl")), logging.StreamHandler(stream))
    logging.getLogger("somebody.else").warning("Authorization: Bot %s", "abc.def.ghi.jkl")
    assert "[hidden]" in stream.getvalue() and "abc.def" not in stream.getvalue()


def test_libraries_that_would_log_messages_are_held_back_at_debug_too(stream: io.StringIO) -> None:
    logs.set_up("DEBUG", Secrets(), logging.StreamHandler(stream))
    logging.getLogger("nextcord.gateway").debug("For Shard ID None: WebSocket Event: %s", WRITTEN)
    logging.getLogger("aiosqlite").debug("executing %s", WRITTEN)
    logging.getLogger("echo").debug("Seen.")
    assert WRITTEN not in stream.getvalue() and "Seen." in stream.getvalue()


async def test_what_asyncio_says_of_a_lost_failure_is_logged_without_its_words(stream: io.StringIO) -> None:
    logs.set_up("INFO", Secrets(), logging.StreamHandler(stream))

    def break_on(text: str) -> None:
        raise ValueError(text)

    async def lost() -> None:
        break_on(WRITTEN)

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(lost())
    loop.call_soon(break_on, WRITTEN)
    await asyncio.wait((task,))
    del task
    gc.collect()
    logged = stream.getvalue()
    assert "Task exception was never retrieved\nValueError at test_logs.py" in logged
    assert "Exception in callback" in logged and WRITTEN not in logged


BREAKING = f"""
import asyncio, logging, threading
from echo import crashes, logs
from echo.secrets import Secrets

class Fragile:
    def __del__(self):
        raise KeyError({WRITTEN!r})

def thread():
    raise ValueError({WRITTEN!r})

async def main():
    crashes.keep_words_out()
    logs.set_up("INFO", Secrets())
    Fragile()
    running = threading.Thread(target=thread)
    running.start()
    running.join()
    raise ExceptionGroup("of two", [OSError({WRITTEN!r}), LookupError({WRITTEN!r})])

asyncio.run(main())
"""


def test_whatever_breaks_the_process_is_told_by_kind_and_place_without_its_words(tmp_path: Path) -> None:
    script = tmp_path / "breaking.py"
    script.write_text(BREAKING.replace(repr(WRITTEN), "open(__file__[:-2] + 'txt').read()"))
    script.with_suffix(".txt").write_text(WRITTEN)
    environment = {"PYTHONPATH": str(Path(logs.__file__).parents[1])}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment)
    assert done.returncode == 1 and WRITTEN not in done.stderr
    for kind in ("KeyError", "ValueError", "OSError", "LookupError", "in main", "in thread", "please report"):
        assert kind in done.stderr
