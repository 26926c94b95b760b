"""What gets into the log, and what never does."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

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
