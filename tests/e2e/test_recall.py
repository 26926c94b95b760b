"""What stood where not everybody could read it never shapes what an echo says to everybody: every part real."""

from __future__ import annotations

from pathlib import Path

from echo.corpus.written import Written
from tests.support.ollama import MODEL, Chat, ollama_at_loopback
from tests.support.running import Running, running
from tests.support.settlers import gardeners

OPEN, CLOSED = "garden", "workshop"
WORD = "quillwort"
"""Nobody writes it but Mara, and she nowhere but in the workshop."""


def behind_closed_doors() -> list[Written]:
    """What Petr asks in the workshop, and what Mara answers there every time."""
    start = min(one.ts for one in gardeners())
    said = [("Petr", "and what do we oil the lathe with, number {}?"), ("Mara", f"{WORD} oil for number {{}}, as ever")]
    return [
        Written(author, CLOSED, start + 40.0 * (2 * n + k), text.format(n))
        for n in range(120)
        for k, (author, text) in enumerate(said)
    ]


def shown(chat: Chat) -> str:
    """All that a language model was shown."""
    return "\n".join(message["content"] for message in chat["messages"])


async def shut(echo: Running, *, private: bool = True) -> None:
    """Let nobody into the workshop but Mara, Petr, and Echo itself; or everybody again."""
    manager = echo.manager
    bot = echo.echo.client.user
    assert bot is not None
    for whom in ("Mara", "Petr", str(bot.id)):
        await echo.people.permit(manager, CLOSED, whom, allow=("view_channel",) if private else ())
    await echo.people.permit(manager, CLOSED, "everyone", deny=("view_channel",) if private else ())


async def test_a_word_from_a_closed_channel_is_said_there_and_shapes_nothing_in_an_open_one(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback(writes=lambda chat: "slowly but it floats") as ollama,
        running(
            tmp_path,
            gardeners() + behind_closed_doors(),
            engine="ollama",
            ollama_host=ollama.address,
            chattiness=0,
        ) as echo,
    ):
        await shut(echo)
        await echo.agreed("Mara", OPEN, "01.06.2026")
        await echo.ready()
        for number, channel in enumerate((OPEN, CLOSED), start=1):
            assert "is online" in await echo.command("Mara", channel, "echo online")
            await echo.tell("Petr", channel, "Mara (echo): what do we oil it with?", number)
        in_open, in_closed = ollama.chats[0], ollama.chats[-1]
        assert WORD not in shown(in_open) and in_open["model"] == MODEL, "nor is there a model that knows of it"
        assert WORD in shown(in_closed) and in_closed["model"] != MODEL

        await shut(echo, private=False)
        await echo.tell("Petr", OPEN, "Mara (echo): and the lathe, what do we oil it with?", 1)
        assert WORD in shown(ollama.chats[-1]), "from the next thought on everybody may know"
        await shut(echo)
        await echo.tell("Petr", OPEN, "Mara (echo): and what do we oil the saw with?", 1)
        assert WORD not in shown(ollama.chats[-1]), "and from the next on nobody else"
