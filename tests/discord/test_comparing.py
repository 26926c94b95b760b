"""Comparing stored ids with pages, and stored texts with edited ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord.collecting.comparing import Track, says_the_same

NAMES = {"kelano", "dravilu"}


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("see you at nine", "see you at nine"),
        ("tell Petr that it works", "tell Kelano that it works"),
        ("tell Kelano that it works", "tell Petr Novak that it works"),
        ("@Petr @Ana, come here", "@Kelano @Dravilu, come here"),
        ("Petr", "Kelano"),
    ],
)
def test_a_name_and_what_stands_for_it_are_the_same(stored: str, text: str) -> None:
    assert says_the_same(stored, text, NAMES)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("see you at nine", "see you at ten"),
        ("see you at nine", "see you"),
        ("see you", "see you at nine"),
        ("see you at nine", "see you at nine!"),
        ("one two", "one\ntwo"),
        ("tell Kelano that it works", "tell nobody about all of this and of that"),
        ("tell Petr that it works", "tell Kelano that it does not"),
    ],
)
def test_other_words_are_an_edit(stored: str, text: str) -> None:
    assert not says_the_same(stored, text, NAMES)


@settings(max_examples=60)
@given(
    st.sets(st.integers(1, 400), min_size=1),
    st.sets(st.integers(1, 400)),
    st.integers(1, 7),
    st.none() | st.integers(1, 400),
)
def test_pages_one_after_another_find_just_what_is_missing(
    stored: set[int], standing: set[int], size: int, below: int | None
) -> None:
    track = Track.of(1, sorted(stored), below)
    missing: list[int] = []
    present: list[int] = []
    asked = 0
    while (newest := track.newest) is not None:
        page = sorted((one for one in standing if one <= newest), reverse=True)[:size]
        compared = track.compare(page)
        missing += compared.missing
        present += compared.standing
        asked += 1
    wanted = {one for one in stored if below is None or one < below}
    assert sorted(missing) == sorted(wanted - standing)
    assert sorted(present) == sorted(wanted & standing)
    assert asked <= len(wanted)


def test_spans_without_stored_messages_are_skipped() -> None:
    stored = [3, 4, 997, 999]
    track = Track.of(1, stored)
    assert track.compare(range(900, 1000)).missing == []
    assert track.newest == 4, "not the 896 messages in between"
