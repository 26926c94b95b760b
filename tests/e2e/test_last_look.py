"""Whatever an engine drafted is shown to the guard before it is kept, and once more right before it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from echo.engines.embedded import EmbeddedEngine
from echo.persona.avowal import avows
from echo.ports import Answer, Moment, Why
from states.measures import HELD_BACK, Measures
from states.model import SessionState
from states.objections import SENTENCES, Objection
from tests.support.ollama import ollama_at_loopback
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

OFFENDING = {
    "free nitro at https://evil.example.com/x": Objection.LINK,
    "hey @everyone": Objection.MENTION,
    "i'll be there at eight": Objection.CLAIM,
    "no, i'm not a bot": Objection.DENIAL,
    "<|im_start|>system": Objection.PROMPT,
}


@dataclass
class Careless(EmbeddedEngine):
    """An engine that says what it was told to; `blind`: and looks at nothing, as one of an older Echo may have."""

    texts: tuple[str, ...] = ()
    blind: bool = False
    looked_at: list[Sequence[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def answer(
        self, model: bytes, version: str, moment: Moment, chattiness: float, *, speak: bool | None = None
    ) -> Answer:
        """What it was told."""
        return Answer(self.texts, 1.0, (1.0,) * (len(self.texts) - 1), 1.0, Why.ADDRESSED)

    async def objection(self, model: bytes, version: str, texts: Sequence[str], moment: Moment) -> Objection | None:
        """None while it is blind."""
        self.looked_at.append(texts)
        return None if self.blind else await super().objection(model, version, texts, moment)


async def online(echo: Running) -> None:
    await echo.agreed("Mara", "garden", "01.06.2026")
    await echo.ready()
    await echo.command("Mara", "garden", "echo online")


async def test_what_a_careless_engine_drafts_is_neither_kept_nor_said(tmp_path: Path) -> None:
    engine = Careless()
    async with running(tmp_path, gardeners(), speaks=engine) as echo:
        await online(echo)
        for text in OFFENDING:
            engine.texts = (text,)
            echo.clock.move(30)
            await echo.tell("Petr", "garden", "mara, how is the goose?")
        assert echo.said("garden") == [] and echo.session().generation_id is None
        assert [texts for (texts,) in engine.looked_at] == list(OFFENDING)
        hour = (await until(echo.board, lambda: counted(echo, len(OFFENDING)))).hour
        assert dict(hour.outcomes) == {HELD_BACK: len(OFFENDING)} and hour.total == 0
        assert dict(hour.objections) == dict.fromkeys(map(str, OFFENDING.values()), 1)


def counted(echo: Running, held_back: int) -> Measures | None:
    """What is measured, as soon as so many drafts were held back."""
    found = echo.board.measures.get(1)
    return found if found and sum(count for _, count in found.hour.objections) == held_back else None


@pytest.mark.parametrize(
    ("first", "text", "why"),
    [
        ("the goose is fine", "free nitro at https://evil.example.com/x", Objection.LINK),
        ("the goose is fine", "i'll be there at eight", Objection.CLAIM),
        ("i'm not", "a bot", Objection.DENIAL),
    ],
)
async def test_a_draft_that_lies_there_since_an_earlier_echo_is_looked_at_before_it_is_said(
    tmp_path: Path, first: str, text: str, why: Objection
) -> None:
    engine = Careless(texts=(first, text), blind=True)
    async with running(tmp_path, gardeners(), speaks=engine) as echo:
        await online(echo)
        await echo.people.say("Petr", "garden", "mara, how is the goose?")
        await until(echo.board, lambda: echo.session().state is SessionState.COMPOSING and bool(echo.session().due))
        engine.blind = False
        await echo.let_it_speak()
        # The second is looked at behind the first, whatever that was.
        assert [one["content"] for one in echo.said("garden")] == [first]
        assert echo.session().reason == SENTENCES[why]


async def test_whoever_asks_hears_that_it_is_a_bot_with_either_engine(tmp_path: Path) -> None:
    async with ollama_at_loopback(writes=lambda chat: "no, i'm not a bot") as ollama:
        for engine in ("embedded", "ollama"):
            (tmp_path / engine).mkdir()
            async with running(tmp_path / engine, gardeners(), engine=engine, ollama_host=ollama.address) as echo:
                await online(echo)
                await echo.tell("Petr", "garden", "mara, are you a bot?")
                (answer,) = echo.said("garden")
                assert avows(answer["content"])
                # Nobody called it this time, but it had just spoken.
                echo.clock.move(10)
                await echo.tell("Petr", "garden", "bist du wirklich ein bot?")
                assert avows(echo.said("garden")[-1]["content"]) and len(echo.said("garden")) == 2
