"""What people change on Discord changes what Echo keeps and has learned: at once, or when it is back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from db.stored import StoredMessage
from echo.app import Serving, open_echo
from echo.config import load
from echo.engines.bundle import unbundled
from echo.persona.model import Persona
from echo.persona.storage import unpacked
from echo.persona.tokens import words
from echo.persona.turns import Utterance
from echo.sandbox.invented import GUILD_NAME
from echo.sandbox.records import Message
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from echo.secrets import ensure_master_key
from echo.store import open_store
from states.board import Board
from states.model import Deadline, ProfileState
from states.policy import Policy
from tests.support.clock import HandClock
from tests.support.files import files_in
from tests.support.mortal import mortal
from tests.support.running import Running, until
from tests.support.settlers import gardeners_and_builders

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Kept:
    """What Echo keeps of its one subject: rows by message id, the dataset and the model, opened."""

    rows: dict[int, StoredMessage]
    dataset: bytes
    model: bytes

    def told_once(self) -> StoredMessage:
        """A long message of the subject's that is trained on, and that nothing else repeats."""
        texts = Counter(row.text for row in self.rows.values())
        long = (row for row in self.rows.values() if row.own and len(row.text) > 30 and row.text.isascii())
        return next(row for row in long if texts[row.text] == 1 and self.dataset.count(row.text.encode()) >= 1)


class Life:
    """A Discord that stays, an Echo that comes and goes, and what lies in its folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = HandClock()
        self.world = World.populate(1, GUILD_NAME, gardeners_and_builders(), manager="Mara")
        self.sandbox = Sandbox(self.world, clock=self.clock.timestamp, token="a-token-of-a-test", rate_limits=False)
        environ = {"ECHO_DATA_DIR": str(home), "ECHO_GUILD_READY_TIMEOUT": "0.05", "DISCORD_TOKEN": "a-token-of-a-test"}
        self.loaded = load(environ=environ | {"ECHO_CHATTINESS": "0", "ECHO_SCORECARD_MOMENTS": "0"}, cwd=home)

    @property
    def people(self) -> Any:
        return self.sandbox.people

    @asynccontextmanager
    async def here(self) -> AsyncIterator[Running]:
        serving = Serving(sandbox=False, api_base=f"{self.sandbox.address}/api/v10")
        async with open_echo(self.loaded, serving, self.clock) as echo:
            yield Running(echo, self.sandbox.people, self.clock)
            assert echo.board.faults == ()

    async def kept(self) -> Kept:
        """What lies in the folder, while Echo is not there."""
        key = ensure_master_key(self.loaded.settings.data_dir, self.loaded.secrets)
        async with open_store(self.home, key, self.clock) as store:
            rows = [row async for page in store.corpus.stream(1) for row in page]
            parts = [part for split in SPLITS async for part in store.datasets.dataset(1, split)]
            profiles, _ = await store.steps.load()
            model = await store.models.load(1, profiles[0].model_version)
            return Kept({row.message_id: row for row in rows}, b"".join(parts), model)

    def standing(self) -> dict[int, str]:
        """All that stands on Discord, by id."""
        return {one.id: one.content for one in standing(self.world)}


def standing(world: World) -> list[Message]:
    """All that stands on a Discord."""
    return [one for history in world.messages.values() for one in history.before(None, len(history))]


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Life]:
    """Mara has an echo without a date."""
    life = Life(tmp_path)
    async with life.sandbox:
        async with life.here() as echo:
            asked = await life.people.command("Mara", "garden", "echo create", {"user": "Mara"})
            await echo.agree("Mara", asked["responses"][0])
            await echo.ready()
        yield life


async def test_what_its_subject_deletes_is_gone_and_the_echo_learns_anew(life: Life) -> None:
    regretted = (await life.kept()).told_once()
    async with life.here() as echo:
        await life.people.delete("Mara", str(regretted.message_id))
        await until(echo.board, lambda: echo.board.profiles[1].stale)
        profile = echo.board.profiles[1]
        # A machine may hear of one change twice, where it is compared with Discord meanwhile, but never not at all.
        assert profile.stale >= 1 and profile.state is ProfileState.READY
        due = profile.due[Deadline.REFRESH]
        assert due - life.clock() <= Policy().refresh_soon
        life.clock.move((due - life.clock()).total_seconds())
        await until(echo.board, lambda: echo.board.profiles[1].model_version == 2)
        assert (await echo.ready()).stale == 0
    assert [path.name for path in files_in(life.home) if path.suffix == ".model"] == ["1-2.model"], "not the one before"
    kept = await life.kept()
    assert regretted.message_id not in kept.rows
    assert all(regretted.text not in row.text for row in kept.rows.values())
    assert regretted.text.encode() not in kept.dataset and regretted.text.encode() not in kept.model


async def test_what_is_deleted_while_a_key_is_out_is_found_once_both_are_in(life: Life) -> None:
    regretted = (await life.kept()).told_once()
    async with life.here() as echo:
        await echo.command("Mara", "garden", "echo consent revoke")
        await life.people.delete("Mara", str(regretted.message_id))
        await echo.echo.router.settled()
        shown = (await life.people.command("Mara", "garden", "echo consent change"))["responses"][0]
        await echo.press("Mara", shown, "I agree to this")
        await until(echo.board, lambda: "CorpusChanged" in [line.event for line in echo.board.journal])
        await echo.ready()
    kept = await life.kept()
    assert regretted.message_id not in kept.rows


def told_word(kept: Kept) -> tuple[StoredMessage, str]:
    """A message of the subject's that holds a word which nothing else does."""
    spread = Counter(word for row in kept.rows.values() for word in set(words(row.text)))
    own = (row for row in kept.rows.values() if row.own)
    return next((row, w) for row in own for w in words(row.text) if spread[w] == 1 and len(w) > 5 and w.isascii())


def holds(model: bytes, word: str) -> bool:
    """Whether a word stands in any part of a stored model."""
    arrays, notes = unpacked(unbundled(model)[0])
    assert not any(array.dtype.kind in "SUO" for array in arrays.values())
    return word in json.dumps(notes, ensure_ascii=False).lower()


def amended(board: Board) -> int:
    """How often models were amended."""
    return sum(line.event == "ModelAmended" for line in board.journal)


async def test_what_its_subject_deletes_is_not_said_seconds_later_without_learning_anew(life: Life) -> None:
    before = await life.kept()
    regretted, word = told_word(before)
    assert holds(before.model, word)
    async with life.here() as echo:
        await echo.command("Mara", "garden", "echo online", profile="Mara")
        await echo.tell("Petr", "garden", "mara, how are the plants?")
        spoken = len(echo.said("garden"))
        await life.people.delete("Mara", str(regretted.message_id))
        await until(echo.board, lambda: echo.board.profiles[1].stale)
        life.clock.move(Policy().amend_soon.total_seconds())
        await until(echo.board, lambda: amended(echo.board))
        profile = echo.board.profiles[1]
        assert (profile.model_version, profile.state) == (1, ProfileState.READY) and profile.stale >= 1
        assert Deadline.REFRESH in profile.due and Deadline.AMEND not in profile.due and not profile.amending
        await echo.tell("Petr", "garden", f"mara, what was that about {word}?")
        later = echo.said("garden")[spoken:]
        assert later and not any(word in words(one["content"]) for one in later)
    after = (await life.kept()).model
    assert not holds(after, word)
    persona = Persona.load(after)
    assert persona.messages == Persona.load(before.model).messages - 1
    asked = (Utterance("Petr", life.clock.timestamp(), f"mara, what was that about {word}?", False),)
    assert not any(word in words(text) for seed in range(60) for text in persona.reply(asked, seed=seed))


async def test_what_its_subject_writes_and_edits_is_known_minutes_later_once_the_model_can_be_amended(
    life: Life,
) -> None:
    before = await life.kept()
    edited, word = told_word(before)
    (file,) = [path for path in files_in(life.home) if path.suffix == ".model"]
    aside = file.with_suffix(".aside")
    async with life.here() as echo:
        await life.people.say("Petr", "garden", "has anybody seen the snorkelfritz?")
        await life.people.say("Mara", "garden", "the snorkelfritz is in the shed")
        await until(echo.board, lambda: echo.board.profiles[1].unlearned)
        assert echo.board.profiles[1].due[Deadline.AMEND] - life.clock() > Policy().amend_soon
        file.rename(aside)
        await life.people.edit("Mara", str(edited.message_id), "never mind")
        await until(echo.board, lambda: echo.board.profiles[1].stale)
        life.clock.move(Policy().amend_soon.total_seconds())
        await until(echo.board, lambda: echo.board.profiles[1].amend_tries)
        profile = echo.board.profiles[1]
        assert profile.state is ProfileState.READY and not profile.amending and Deadline.REFRESH in profile.due
        aside.rename(file)
        life.clock.move((profile.due[Deadline.AMEND] - life.clock()).total_seconds())
        await until(echo.board, lambda: amended(echo.board))
        assert echo.board.profiles[1].amend_tries == 0
    model = (await life.kept()).model
    assert holds(model, "snorkelfritz") and not holds(model, word)
    assert Persona.load(model).messages == Persona.load(before.model).messages + 1


async def test_an_echo_killed_before_it_amended_amends_after_its_next_start(tmp_path: Path) -> None:
    world = World.populate(1, GUILD_NAME, gardeners_and_builders(), manager="Mara")
    spread = Counter(word for found in standing(world) for word in set(words(found.content)))
    own = [one for one in standing(world) if world.users[one.author_id].display_name == "Mara"]
    regretted, word = next((one, w) for one in own for w in words(one.content) if spread[w] == 1 and len(w) > 5)
    async with mortal(tmp_path, world) as life:
        channel = str(life.sandbox.people.channels()[0]["name"])
        await life.start()
        (asked,) = await life.command("Mara", channel, "echo create", user="Mara")
        await life.agree("Mara", asked["message_id"])
        await life.until(lambda: life.rows("SELECT 1 FROM echo_profiles WHERE training_status = 'ready'"))
        await life.sandbox.people.delete("Mara", str(regretted.id))
        while not life.rows("SELECT 1 FROM amendments"):
            await life.command("Mara", channel, "echo status")
        await life.kill()
        assert not life.rows("SELECT 1 FROM journal WHERE event = 'ModelAmended'")
        await life.start()
        while life.rows("SELECT 1 FROM amendments"):
            await life.command("Mara", channel, "echo status")
        await life.end()
        assert life.rows("SELECT model_version FROM echo_profiles") == [(1,)]
    loaded = load(environ={"ECHO_DATA_DIR": str(tmp_path)}, cwd=tmp_path)
    key = ensure_master_key(tmp_path, loaded.secrets)
    async with open_store(tmp_path, key, HandClock()) as store:
        assert not holds(await store.models.load(1, 1), word)


async def test_who_deletes_everything_is_not_spoken_for_any_more(life: Life) -> None:
    before = await life.kept()
    for channel_id in {row.channel_id for row in before.rows.values()}:
        own = [one for one, row in before.rows.items() if row.own and row.channel_id == channel_id]
        life.world.delete_messages(channel_id, own)
    async with life.here() as echo:
        await echo.command("Mara", "garden", "echo online", profile="Mara")
        await until(echo.board, lambda: echo.board.profiles[1].stale)
        life.clock.move(Policy().refresh_soon.total_seconds() + 1)
        await until(echo.board, lambda: echo.board.profiles[1].reason)
        assert not echo.board.profiles[1].can_speak
    left = files_in(life.home)
    assert not [path for path in left if path.suffix == ".model"]
    async with life.here() as echo:
        assert not echo.board.profiles[1].can_speak, "nor after a start"


async def test_after_an_absence_everything_that_is_kept_stands_on_discord(life: Life) -> None:
    before = await life.kept()
    own = sorted(one for one, row in before.rows.items() if row.own and row.text)
    garden = life.world.find_channel("garden")
    assert garden is not None
    places = {one: before.rows[one].channel_id for one in before.rows}
    here = [one for one in own if places[one] == garden.id]
    life.world.delete_messages(garden.id, here[:3])
    life.world.edit_message(garden.id, here[4], now=life.clock.timestamp(), content="rewritten from beginning to end")
    life.world.edit_message(garden.id, here[5], now=life.clock.timestamp(), content="!roll 20")
    elsewhere = next(place for place in places.values() if place != garden.id)
    life.world.delete_channel(elsewhere)
    gone = {*here[:3], here[5], *(one for one, place in places.items() if place == elsewhere)}
    async with life.here() as echo:
        await until(echo.board, lambda: echo.board.profiles[1].stale >= len(gone) + 1)
    kept = await life.kept()
    assert kept.rows.keys() == before.rows.keys() - gone
    assert kept.rows[here[4]].text == "rewritten from beginning to end"
    assert kept.rows.keys() <= life.standing().keys()
