"""Who wrote this? From an echo that learns by itself to what several people guessed of it: every part real."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from echo.sandbox.invented import invent
from states.scores import AxisKey
from tests.support.running import Running, running, until


async def standing(echo: Running, part: str) -> dict[str, Any]:
    """The message of the quiz once it says this."""

    def found() -> Any:
        newest = [one for one in echo.people.messages("garden") if "Who wrote this?" in one["content"]][-1:]
        return newest[0] if newest and part in newest[0]["content"] else None

    return {**(message := await until_said(echo, found)), "message_id": message["id"]}


async def until_said(echo: Running, fact: Any) -> Any:
    """Wait until a fact about messages is true: they make no news on the board, so whoever waits hears them too."""
    stop = echo.people.subscribe(lambda _: echo.board.name({}))
    try:
        return await until(echo.board, fact)
    finally:
        stop()


async def test_members_play_a_quiz_of_what_an_echo_learnt_and_the_result_joins_its_scorecard(tmp_path: Path) -> None:
    garden = [written for written in invent(1) if written.channel == "garden"]
    async with running(tmp_path, garden, scorecard_moments=60) as echo:
        subject, *others = [person["name"] for person in echo.people.people()][:3]
        await echo.agreed(subject, "garden", "01.06.2026")
        await echo.ready()
        assert "not allowed" in await echo.command(others[0], "garden", "echo quiz", user=subject)
        asked = await echo.people.command(subject, "garden", "echo allow", {"what": "quiz"})
        await echo.press(subject, asked["responses"][0], "I allow this")
        assert "stands in this channel" in await echo.command(others[0], "garden", "echo quiz", user=subject)
        message = await standing(echo, "Question 1 of")
        questions = int(re.findall(r"Question 1 of (\d+)", message["content"])[0])
        assert 3 <= questions <= 10
        for number in range(1, questions + 1):
            message = await standing(echo, f"Question {number} of {questions}")
            for who, guess in zip(others, "AB", strict=True):
                assert f"Your guess is **{guess}**" in await echo.press(who, message, guess)
            await echo.press(others[0], message, "Next")
        over = await standing(echo, "is over.")
        # One of the two was right each time.
        assert f"**{questions} of {2 * questions}** guesses were right (50 %)" in over["content"]
        [card] = echo.board.scores[1]
        fooled = card.axis(AxisKey.FOOLED)
        assert fooled is not None and fooled.figure == fooled.ceiling == 0.5
