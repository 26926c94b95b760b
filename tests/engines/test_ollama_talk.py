"""A whole Echo whose words an Ollama server finds: what the model really saw of a talk."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.test_whole_way import online
from tests.support.ollama import ollama_at_loopback
from tests.support.running import running
from tests.support.settlers import gardeners

CHANNEL = "garden"


async def test_a_chat_model_sees_a_talk_that_grows_from_where_it_began_and_who_is_here_on_what_day(
    tmp_path: Path,
) -> None:
    async with ollama_at_loopback(writes=lambda chat: "slowly but it floats") as server:
        async with running(tmp_path, gardeners(), chattiness=0, engine="ollama", ollama_host=server.address) as echo:
            await online(echo, "Mara", CHANNEL)
            for number in range(1, 21):
                await echo.people.say("Petr", CHANNEL, f"that is row number {number}")
            await echo.tell("Petr", CHANNEL, "Mara (echo): what about the goose?")
            assert [one["content"] for one in echo.said(CHANNEL)] == ["slowly but it floats"]
            await echo.tell("Ines", CHANNEL, "Mara (echo): and the boat?")
            day = f"{echo.clock():%A}, {echo.clock().day} {echo.clock():%B %Y}"
        first, second = (
            next(one.prompt for one in server.seen if f"{asked}\n(now: " in one.prompt)
            for asked in ("about the goose?", "and the boat?")
        )
        for prompt in (first, second):
            assert "Petr: that is row number 10\n" in prompt and "Petr: that is row number 9\n" not in prompt
        assert f"Today is {day}. Here now: Petr.)\nPetr: Mara (echo): what about the goose?\n(now: " in first
        assert f"Today is {day}. Here now: Petr and Ines.)\nInes: Mara (echo): and the boat?\n(now: " in second
        assert "<|assistant|>slowly but it floats<|end|>" in second
        assert second.startswith(first[: first.index("(how you answered")])
