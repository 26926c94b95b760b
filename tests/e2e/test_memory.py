"""An echo remembers its conversation: sealed, only what may be stored, and no longer than it should."""

from __future__ import annotations

from pathlib import Path

from db.memories import Remembered
from echo.secrets import Secrets, ensure_master_key
from echo.store import open_store
from states.model import ProfileState, SessionState
from tests.e2e.test_whole_way import online, stored
from tests.support.ollama import Chat, ollama_at_loopback
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

CHANNEL = "garden"
DAY = 86400.0
MOVED_ON = 60
"""Messages after which a prompt does not reach back any more."""
HOW_MANY = "SELECT count(*) FROM memories"


def folder_under(home: Path) -> Path:
    """Where the one database lies."""
    (path,) = home.rglob("echo.db")
    return path.parent


async def remembered(echo: Running, home: Path) -> list[Remembered]:
    """What the session remembers, read beside Echo."""
    async with open_store(folder_under(home), ensure_master_key(home, Secrets()), echo.clock, shared=True) as store:
        return await store.memories.of(echo.session())


def wavering(chat: Chat) -> str:
    """Likes liver when first asked; asked again, says no before it says yes."""
    asked = chat["messages"][-1]["content"].rpartition("Petr: ")[2]
    if "again" in asked:
        return "nope" if chat["options"]["seed"] % 3 == 0 else "yes indeed"
    return "yes, a lot" if "liver" in asked else "hm"


async def test_an_echo_stands_by_what_it_said_when_the_channel_has_long_moved_on(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback(writes=wavering) as ollama,
        running(tmp_path, gardeners(), chattiness=0, engine="ollama", ollama_host=ollama.address) as echo,
    ):
        await online(echo, "Mara", CHANNEL)
        await echo.tell("Petr", CHANNEL, "Mara (echo): do you like liver? write to petr@example.org, says Ines")
        kept = await remembered(echo, tmp_path)
        assert [(one.text, one.own) for one in kept][1:] == [("yes, a lot", True)]
        asked = kept[0]
        assert asked.author not in ("Petr", "Mara") and "liver" in asked.text and not asked.own
        assert "petr@example.org" not in asked.text, "scrubbed like all that is stored"
        for number in range(MOVED_ON):
            await echo.people.say("Ines", CHANNEL, f"the path needs gravel, {number} bags of it")
        await echo.let_it_speak()
        assert await remembered(echo, tmp_path) == kept, "what it did not answer is nothing to remember"
        await echo.tell("Petr", CHANNEL, "Mara (echo): liver again, do you like liver?")
        assert echo.said(CHANNEL)[-1]["content"] == "yes indeed"
        told = "\n".join(message["content"] for message in ollama.chats[-1]["messages"])
        assert "(earlier in this conversation)\nPetr: " in told, "Petr is who he is in the channel"

        await echo.people.delete("Petr", kept[0].message_id)
        # What is deleted is dealt with in order: once the corpus has heard of the second, the memory has of the first.
        written = next(one for one in echo.people.messages(CHANNEL, limit=None) if one["author"] == "Mara")
        await echo.people.delete("Mara", int(written["id"]))
        await until(echo.board, lambda: echo.board.profiles[1].stale)
        assert [one.own for one in await remembered(echo, tmp_path)] == [True, False, True]


async def test_memory_lasts_through_offline_and_ends_with_its_time_or_at_once_when_forgotten(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0, data_retention_days=3) as echo:
        await online(echo, "Mara", CHANNEL)
        await echo.tell("Petr", CHANNEL, "Mara (echo): what about the goose?")
        [(first,)] = stored(tmp_path, HOW_MANY)
        assert isinstance(first, int) and first >= 2
        await echo.command("Mara", CHANNEL, "echo offline")
        assert echo.session().state is SessionState.OFFLINE
        echo.clock.move(2.9 * DAY)
        await echo.echo.upkeep.retention()
        assert stored(tmp_path, HOW_MANY) == [(first,)]
        await echo.command("Mara", CHANNEL, "echo online")
        await echo.tell("Petr", CHANNEL, "Mara (echo): and the boat?")
        [(both,)] = stored(tmp_path, HOW_MANY)
        echo.clock.move(0.2 * DAY)
        await echo.echo.upkeep.retention()
        [(left,)] = stored(tmp_path, HOW_MANY)
        assert isinstance(both, int) and left == both - first > 0, "each for its own time"
        assert stored(tmp_path, "SELECT count(*) FROM turns_decided") == [(1,)]
        await echo.command("Mara", CHANNEL, "echo forget")
        await until(echo.board, lambda: echo.board.profiles[1].state is ProfileState.FORGOTTEN)
        assert stored(tmp_path, HOW_MANY) == [(0,)]


async def test_where_nothing_is_collected_only_the_echos_own_words_are_remembered(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await online(echo, "Mara", CHANNEL)
        channel_id = echo.session().channel_id
    async with running(tmp_path, tmp_path / "export.jsonl", chattiness=0, excluded_channels=channel_id) as again:
        await again.tell("Petr", CHANNEL, "Mara (echo): what about the goose?")
        kept = await remembered(again, tmp_path)
        assert kept and all(one.own for one in kept)
