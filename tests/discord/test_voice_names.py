"""The names under which echoes speak: labelled, readable, and ones that Discord takes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord.faces import LABEL, LONGEST, spoken_name
from echo.sandbox.rest_webhooks import checked_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Mara", "Mara (echo)"),
        ("  Mara   Lou ", "Mara Lou (echo)"),
        ("", "Somebody (echo)"),
        ("Clyde", "Сlyde (echo)"),
        ("my discord fan", "my disсord fan (echo)"),
        ("DISCORDIA", "DISСORDIA (echo)"),
        ("x" * 100, "x" * 73 + " (echo)"),
    ],
)
def test_a_name_is_labelled_and_made_acceptable(name: str, shown: str) -> None:
    assert spoken_name(name) == shown


@settings(max_examples=200)
@given(st.text(max_size=120) | st.lists(st.sampled_from(["Clyde", "dIsCoRd", " ", "x", "é"])).map("".join))
def test_discord_takes_every_name(name: str) -> None:
    shown = spoken_name(name)
    assert checked_name(shown) == shown
    assert len(LABEL) < len(shown) <= LONGEST and shown.endswith(LABEL)
