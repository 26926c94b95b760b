"""What of a person's phrases is no answer: drafts that go round in a circle."""

from __future__ import annotations

import pytest

from echo.persona.finishing import stutters


@pytest.mark.parametrize(
    "text",
    [
        "i said what i said what i said what i said",
        "so it is it is it is",
        "und dann kam er und dann kam er und dann kam er",
        "Wait, for it. Wait for it... wait for it",
    ],
)
def test_phrases_that_lead_back_to_themselves_again_and_again_stutter(text: str) -> None:
    assert stutters(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok ok ok ok ok ok ok",
        "i said what i said",
        "no no no, not that one",
        "bye bye then",
        "ha ha ha ha ha ha no",
        "on and on and on",
    ],
)
def test_what_people_repeat_does_not_stutter(text: str) -> None:
    assert not stutters(text)
