"""Who is invisible to echoes is unheard from one press on, and nothing is left of them in any row or file."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.stored import StoredMessage
from echo.engines.bundle import unbundled
from echo.engines.embedded import EmbeddedEngine
from echo.persona.tokens import words
from echo.ports import Answer, Moment
from echo.secrets import ensure_master_key, read_secrets
from echo.store import open_store
from states.board import Board
from states.model import SessionState
from states.policy import Policy
from tests.e2e.test_changes import SPLITS, holds
from tests.e2e.test_memory import folder_under
from tests.e2e.test_whole_way import online, stored
from tests.support.ollama import ollama_at_loopback
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

CHANNEL = "garden"


@dataclass(frozen=True, slots=True)
class Kept:
    """All that is kept, opened: rows and memories, every other text, and the one profile's model."""

    rows: list[StoredMessage]
    texts: str
    model: bytes


async def everything(echo: Running, home: Path) -> Kept:
    """All texts that the database and the models hold, opened."""
    async with open_store(
        folder_under(home), ensure_master_key(home, read_secrets(home, {}, {})), echo.clock, shared=True
    ) as store:
        rows = [row async for page in store.corpus.stream(1) for row in page]
        texts = [repr(one) for one in rows] + [repr(one) for one in await store.memories.of_profile(1)]
        texts += [repr(one) for one in await store.quizzes.moments(1)]
        texts += [part.decode() for split in SPLITS async for part in store.datasets.dataset(1, split)]
        model = await store.models.load(1, echo.board.profiles[1].model_version)
    return Kept(rows, "\n".join(texts), model)


def told_alone(rows: list[StoredMessage], user_id: int) -> list[str]:
    """Words that nobody but this person has said."""
    theirs = {word for row in rows if row.user_id == user_id for word in words(row.text)}
    others = " ".join(row.text.lower() for row in rows if row.user_id != user_id)
    return sorted(word for word in theirs if len(word) > 5 and word.isascii() and word not in others)


def tables(home: Path) -> list[str]:
    return [str(name) for (name,) in stored(home, "SELECT name FROM sqlite_master WHERE type = 'table'")]


async def hide(echo: Running, who: str) -> str:
    """Press the button; back once the machine knows what was erased, and the model does."""
    known, stale = amendments(echo.board), echo.board.profiles[1].stale
    asked = (await echo.people.command(who, CHANNEL, "echo privacy", {}))["responses"][0]
    assert asked["ephemeral"] and [one["label"] for one in asked["components"]] == ["Be invisible"]
    told = await echo.press(who, asked, "Be invisible")
    await until(echo.board, lambda: echo.board.profiles[1].stale > stale)
    echo.clock.move(Policy().amend_soon.total_seconds())
    await until(echo.board, lambda: amendments(echo.board) > known)
    return told


def amendments(board: Board) -> int:
    return sum(line.event == "ModelAmended" for line in board.journal)


async def test_one_press_erases_a_member_from_rows_models_and_prompts_and_survives_a_restart(tmp_path: Path) -> None:
    async with ollama_at_loopback(writes=lambda chat: "hm") as ollama:
        settings: dict[str, Any] = {"chattiness": 0, "engine": "ollama", "ollama_host": ollama.address}
        async with running(tmp_path, gardeners(), **settings) as echo:
            assert echo.echo.sandbox is not None
            petr = next(one.id for one in echo.echo.sandbox.world.users.values() if one.display_name == "Petr")
            await online(echo, "Mara", CHANNEL)
            await echo.tell("Petr", CHANNEL, "Mara (echo): where is the snorkelfritz?")
            await echo.tell("Ines", CHANNEL, "Mara (echo): has Petr asked you that?")
            before = await everything(echo, tmp_path)
            alone = told_alone(before.rows, petr)
            assert "snorkelfritz" in before.texts and str(petr) in before.texts
            assert any(holds(before.model, word) for word in alone), alone
            told = await hide(echo, "Petr")
            assert "You are invisible" in told and "are erased" in told
            after = await everything(echo, tmp_path)
            assert "snorkelfritz" not in after.texts and str(petr) not in after.texts and "Petr" not in after.texts
            sentences = {row.text for row in before.rows if row.user_id == petr and len(words(row.text)) > 2}
            assert len(sentences) > 5 and not any(row.text in sentences for row in after.rows)
            examples = unbundled(before.model)[1].decode(), unbundled(after.model)[1].decode()
            assert any(one in examples[0] for one in sentences)
            assert not any(f'"{one}"' in examples[1] for one in sentences)
            assert [word for word in alone if holds(after.model, word)] == []
            dump = "\n".join(
                repr(row) for table in tables(tmp_path) for row in stored(tmp_path, f"SELECT * FROM {table}")
            )
            assert str(petr) not in dump and "Petr" not in dump, "nor is it told anywhere who it was"
            said = len(echo.said(CHANNEL))
            await echo.people.say("Petr", CHANNEL, "Mara (echo): can you hear the wurzelbrumpf?")
            await echo.tell("Ines", CHANNEL, "Mara (echo): do you like what Petr said?")
            assert len(echo.said(CHANNEL)) == said + 1 and echo.session().state is not SessionState.OFFLINE
            prompt = str(ollama.chats[-1])
            assert "wurzelbrumpf" not in prompt and "Petr" not in prompt and "snorkelfritz" not in prompt
        async with running(tmp_path, tmp_path / "export.jsonl", clock=echo.clock, **settings) as again:
            await again.tell("Ines", CHANNEL, "Mara (echo): and now, with Petr away?")
            assert "Petr" not in str(ollama.chats[-1])
            asked = (await again.people.command("Petr", CHANNEL, "echo privacy", {}))["responses"][0]
            assert [one["label"] for one in asked["components"]] == ["Be visible again"]
            assert "visible" in await again.press("Petr", asked, "Be visible again")
            await again.tell("Petr", CHANNEL, "Mara (echo): hear me now?")
            assert "hear me now" in str(ollama.chats[-1])


class Listening(EmbeddedEngine):
    """The embedded engine, with all that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    async def answer(
        self, model: bytes, version: str, moment: Moment, chattiness: float, *, speak: bool | None = None
    ) -> Answer:
        talk = (*moment.context, *moment.earlier, *moment.memory)
        self.told.append("\n".join(f"{one.author}: {one.text}" for one in talk))
        return await super().answer(model, version, moment, chattiness, speak=speak)


async def test_nothing_of_who_is_invisible_reaches_model_corpus_or_memory(tmp_path: Path) -> None:
    chance, hidden, engine = random.Random(1), set[str](), Listening()
    said: dict[str, list[str]] = {"Petr": [], "Ines": [], "Juno": [], "Mara": []}
    async with running(tmp_path, gardeners(), speaks=engine, chattiness=0) as echo:
        await online(echo, "Mara", CHANNEL, before="")
        last: list[str] = []
        heard = 0
        for number in range(20):
            if number in (7, 13):
                who = chance.choice(sorted({"Petr", "Ines"} - hidden))
                await hide(echo, who)
                hidden.add(who)
                heard = 0
            engine.told.clear()
            who, other = chance.choice(sorted(said)), chance.choice(["Petr", "Ines"])
            token = f"word{number}x"
            forms = (f"Mara (echo): {token}?", f"@{other} {token}", f"{token} says {other}", f"so {token}")
            sent = await echo.people.say(who, CHANNEL, chance.choice(forms), chance.choice([None, *last[-3:]]))
            last.append(sent["id"])
            said[who].append(token)
            if who == "Mara":
                # Her echo gives way to her for a while.
                echo.clock.move(301)
            await echo.tell("Juno", CHANNEL, f"Mara (echo): and you, {number}?")
            theirs = {one for each in hidden for one in (*said[each], each)}
            heard += len(engine.told)
            assert not [one for one in theirs if any(one in told for told in engine.told)]
        kept = (await everything(echo, tmp_path)).texts
        assert heard > 3 and not [one for each in hidden for one in (*said[each], each) if one in kept]


async def test_who_becomes_invisible_while_an_echo_rests_is_erased_from_it_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await online(echo, "Mara", CHANNEL)
        await echo.tell("Petr", CHANNEL, "Mara (echo): where is the snorkelfritz?")
        await echo.tell("Ines", CHANNEL, "Mara (echo): has Petr asked you that?")
        assert "snorkelfritz" in (await everything(echo, tmp_path)).texts
        await echo.command("Mara", CHANNEL, "echo consent revoke")
        asked = (await echo.people.command("Petr", CHANNEL, "echo privacy", {}))["responses"][0]
        assert "You are invisible" in await echo.press("Petr", asked, "Be invisible")
        after = (await everything(echo, tmp_path)).texts
        assert "snorkelfritz" not in after and "Petr" not in after
