"""The card as text and as a picture: figures and words of ours, and nothing else."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from echo.discord.report_picture import WIDTH, drawn
from echo.discord.reporting import told
from echo.persona.judging.text import bar, history, table
from states.scores import Axis, AxisKey, Better, Scorecard

AXES = tuple(Axis(key.value, 0.5, 0.9, 0.1, Better.HIGHER) for key in AxisKey)
CARD = Scorecard(3, AXES, "flow", True, "Weakest: pace in each moment.", 120, 2.0, datetime(2026, 6, 1, 12, tzinfo=UTC))


def test_every_axis_is_a_line_with_its_bar_and_figures() -> None:
    lines = table(AXES).splitlines()
    assert len(lines) == len(AXES) + 1
    assert all("█████░░░░░" in line and "0.50   0.10     0.90" in line for line in lines[1:])
    assert len({len(line) for line in lines[1:]}) == 1


@given(st.floats(-1, 2))
def test_a_bar_has_always_the_same_length(part: float) -> None:
    assert len(bar(part)) == 10


def test_a_history_takes_two_versions() -> None:
    assert "Version 2 speaks." in told("Ada", [CARD], ZoneInfo("UTC"), 2)
    assert "speaks." not in told("Ada", [CARD], ZoneInfo("UTC"), CARD.version)
    assert history([CARD]) == ""
    assert history([replace(CARD, version=2, axes=()), CARD]) == "version 2 - · version 3 50 %"


def test_the_report_fits_one_message_and_says_where_a_version_does_not_speak() -> None:
    cards = [replace(CARD, version=v) for v in range(1, 40)]
    text = told("Ada", [*cards, replace(CARD, version=40, passed=False)], ZoneInfo("UTC"))
    assert len(text) <= 2000
    assert "does not speak" in text and "```" in text and "tested on 01.06.2026" in text


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.builds(replace, st.just(CARD), version=st.integers(1, 9), axes=st.sampled_from([AXES, AXES[:1], ()])))
)
def test_any_cards_give_a_picture_or_none(cards: list[Scorecard]) -> None:
    content = drawn(cards)
    assert (content is None) == (not cards or not cards[-1].axes)
    if content is not None:
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == "PNG" and image.width == WIDTH
