"""`echo-bot forget` and `echo-bot receipt`, as an operator runs them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from db.receipts import verified
from echo import forget_cli, receipt_cli
from echo.cli import parser
from echo.config import load
from echo.errors import AlreadyRunning, DamagedStored, EchoError, UsageError
from echo.lock import only_one
from echo.settings import Loaded
from states.model import ProfileState
from tests.support.clock import HandClock
from tests.support.files import content, overwrite, put
from tests.support.snapshots import NOON, SERVER, SUBJECT, messages
from tests.test_corpus_cli import KEY, agreed, opened


def loaded(home: Path) -> Loaded:
    return load(None, environ={"ECHO_DATA_DIR": str(home), "ECHO_MASTER_KEY": KEY.hex()}, cwd=home)


def echo_bot(home: Path, *arguments: str) -> tuple[int, str]:
    """The exit code and what is said, in this process."""
    options = parser().parse_args(list(arguments))
    run = {"forget": forget_cli.run, "receipt": receipt_cli.run}[arguments[0]]
    said: list[str] = []
    return run(options, loaded(home), said.append, HandClock(NOON)), "\n".join(said)


def refused(home: Path, *arguments: str) -> EchoError:
    with pytest.raises(EchoError) as caught:
        echo_bot(home, *arguments)
    return caught.value


def prepare(home: Path) -> None:
    """Somebody who agreed, with messages."""

    async def fill() -> None:
        profile = await agreed(home)
        async with opened(home) as store:
            await store.corpus.store(profile, messages(20))

    asyncio.run(fill())


async def states_of(home: Path) -> list[ProfileState]:
    """How all profiles stand."""
    async with opened(home) as store:
        profiles, _ = await store.steps.load()
    return [profile.state for profile in profiles]


def test_an_operator_erases_somebody_and_hands_over_a_receipt_that_can_be_checked(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "receipt.json"
    prepare(home)
    code, said = echo_bot(home, "forget", "--user", str(SUBJECT), "--server", str(SERVER), "--receipt", str(file))
    assert code == 0 and "is erased" in said
    assert asyncio.run(states_of(home)) == [ProfileState.FORGOTTEN]
    found = verified(content(file))
    assert found is not None and found[0]["asked_by"] == "whoever runs Echo, or a deadline"
    code, said = echo_bot(home, "receipt", "verify", str(file))
    assert code == 0 and "RECEIPT OF AN ERASURE" in said and "it is this installation's" in said
    assert "not sent yet" in echo_bot(home, "receipt", "list")[1]
    assert str(SUBJECT) in echo_bot(home, "receipt", "show", "--profile", "1")[1]
    assert "erased already" in echo_bot(home, "forget", "--profile", "1")[1]
    no_more = refused(home, "forget", "--user", str(SUBJECT))
    assert isinstance(no_more, UsageError) and "no such echo" in str(no_more)


def test_while_an_echo_runs_it_is_refused_with_the_remedy(tmp_path: Path) -> None:
    prepare(tmp_path)
    with only_one(tmp_path):
        error = refused(tmp_path, "forget", "--profile", "1")
    assert isinstance(error, AlreadyRunning) and error.exit_code == 75 and "console" in str(error)


@pytest.mark.parametrize("change", ["messages", "another key", "no JSON", "a list"])
def test_a_receipt_that_was_changed_or_is_none_is_refused_in_one_sentence(tmp_path: Path, change: str) -> None:
    home, file = tmp_path / "home", tmp_path / "receipt.json"
    prepare(home)
    echo_bot(home, "forget", "--profile", "1", "--receipt", str(file))
    found = json.loads(content(file))
    match change:
        case "messages":
            found["receipt"]["rows"]["messages"] = 1
            put(file, json.dumps(found).encode())
        case "another key":
            other = tmp_path / "other"
            prepare(other)
            assert "it is this installation's" not in str(refused_by(other, file))
            return
        case "no JSON":
            overwrite(file, 0, b"x")
        case _:
            put(file, b"[1, 2]")
    error = refused(home, "receipt", "verify", str(file))
    assert isinstance(error, DamagedStored if change == "messages" else UsageError)
    assert str(error).count("\n") == 0 and "receipt" in str(error)


def refused_by(home: Path, file: Path) -> EchoError:
    error = refused(home, "receipt", "verify", str(file))
    assert isinstance(error, DamagedStored) and "not this installation's" in str(error)
    return error
