"""Gone, and provably so: no sentence of the person's is left anywhere, and they hold a signed receipt of it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from db.receipts import verified
from states.model import ProfileState, SessionState
from tests.e2e.test_whole_way import stored
from tests.support.files import everything_in
from tests.support.ollama import ollama_at_loopback
from tests.support.running import PATIENCE, Running, export, running, until
from tests.support.settlers import gardeners


def sentences(*people: str) -> list[bytes]:
    """What they wrote that nobody writes by chance."""
    found = {one.text for one in gardeners() if one.author in people and len(one.text) > 24}
    assert len(found) > 50
    return [text.encode() for text in found]


async def letters(echo: Running, author: str, count: int) -> list[dict[str, Any]]:
    """Somebody's direct messages, once there are so many."""
    news = asyncio.Event()
    stop = echo.people.subscribe(lambda _: news.set())
    try:
        async with asyncio.timeout(PATIENCE):
            while len(found := echo.people.letters(author)) < count:
                news.clear()
                await news.wait()
            return found
    finally:
        stop()


def enclosed(echo: Running, letter: dict[str, Any], name: str) -> bytes:
    """A file that came with a letter."""
    sandbox = echo.echo.sandbox
    assert sandbox is not None
    wanted = next(int(one["id"]) for one in letter["attachments"] if one["filename"] == name)
    return sandbox.world.files[wanted].upload.content


async def test_nothing_of_them_is_left_wherever_their_echo_stood(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home, source = tmp_path / "home", export(tmp_path / "export.jsonl", gardeners())
    home.mkdir()
    words = (f"slowly but it floats, {what} and all" for what in cycle(("mast", "sail", "keel", "rope", "oars")))
    async with (
        ollama_at_loopback(writes=lambda chat: next(words)) as ollama,
        running(home, source, engine="ollama", ollama_host=ollama.address, chattiness=0) as echo,
    ):
        await echo.agreed("Mara", "garden", "01.06.2026")
        await echo.ready()
        await echo.command("Mara", "garden", "echo online")
        await echo.tell("Petr", "garden", "Mara (echo): how is the boat coming along?")
        assert echo.said("garden")
        # Versions that came one after another, and a draft that waits for its moment.
        await echo.echo.operator.refresh(1)
        await until(echo.board, lambda: echo.board.profiles[1].model_version == 2)
        await echo.people.say("Petr", "garden", "Mara (echo): and the mast?")
        await until(echo.board, lambda: echo.session().generation_id is not None)
        # Somebody else's, which is just being learnt.
        question = await echo.asked("Petr", "garden", "01.06.2026")
        await echo.agree("Petr", question)
        await until(echo.board, lambda: echo.board.profiles[2].state is not ProfileState.AWAITING_CONSENT)
        await until(echo.board, lambda: echo.board.profiles[2].state is ProfileState.TRAINING)

        await echo.command("Petr", "garden", "echo forget")
        said = await echo.command("Mara", "garden", "echo forget", posts=True)
        assert "taken down" in said and "receipt" in said
        await until(
            echo.board, lambda: all(one.state is ProfileState.FORGOTTEN for one in echo.board.profiles.values())
        )
        assert echo.session().state is SessionState.OFFLINE
        assert echo.said("garden") == [], "what it said is taken down, and the draft was not said"
        (letter,) = await letters(echo, "Mara", 1)
        receipt = verified(enclosed(echo, letter, "receipt.json"))
        assert receipt is not None and receipt[0]["posts"]["removed"] == 1 and not receipt[0]["posts"]["not_removed"]
        assert receipt[0]["rows"]["messages"] > 100 and receipt[0]["rows"]["webhooks"] == 1
        assert receipt[0]["files"] and receipt[0]["models_on_servers"]["personas"] == 1
        assert b"RECEIPT OF AN ERASURE" in enclosed(echo, letter, "receipt.txt")
        await letters(echo, "Petr", 1)
        theirs = sentences("Mara", "Petr")
        at_ollama = "\n".join(model.system for model in ollama.models.values()) + repr(ollama.blobs)
        assert not any(name.startswith("echo-") for name in ollama.models)
        for where in (everything_in(home), at_ollama.encode(), caplog.text.encode(), json.dumps(receipt[0]).encode()):
            assert [one for one in theirs if one in where] == []
    left = everything_in(home)
    assert [one for one in theirs if one in left] == []
    assert not list(home.rglob("*.model"))
    assert stored(home, "SELECT count(*) FROM profile_keys WHERE wrapped_key IS NOT NULL") == [(0,)]


async def test_the_subject_gets_all_that_is_held_for_some_time_and_nobody_else_does(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        await echo.agreed("Mara", "garden", "01.06.2026")
        await echo.ready()
        assert "holds nothing about you" in await echo.command("Petr", "garden", "echo export")
        private = echo.people.direct("Mara")
        assert "direct messages now" in await echo.command("Mara", private, "echo export")
        (letter,) = [one for one in echo.people.letters("Mara") if one["attachments"]]
        with zipfile.ZipFile(io.BytesIO(enclosed(echo, letter, "echo-export-1.zip"))) as file:
            messages = json.loads(file.read("echo-1/messages.json"))
            shown = file.read("index.html").decode()
            agreed = json.loads(file.read("echo-1/consents.json"))[0]
        assert hashlib.sha256(agreed["text"].encode()).hexdigest() == agreed["text_sha256"], "what was shown"
        own = {row["text"] for row in messages if row["yours"]}
        assert len(own & {one.text for one in gardeners() if one.author == "Mara"}) > 50
        assert {row["author"] for row in messages if row["yours"]} == {None} and "I agree" not in shown[:100]
        assert "ask again in 6 hours" in await echo.command("Mara", "garden", "echo export")
        echo.clock.move(73 * 3600)
        await echo.echo.exporting.clean()
        assert not [one for one in echo.people.letters("Mara") if one["attachments"]]
        await echo.people.close_letters("Mara")
        assert "closed to Echo" in await echo.command("Mara", "garden", "echo export")
    acts = stored(tmp_path, "SELECT count(*) FROM audit WHERE act = 'exported'")
    assert acts == [(2,)]
