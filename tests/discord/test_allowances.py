"""What a subject allows: told in full, by version, by buttons that outlive the process."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord import allowances, forms
from echo.discord.allowances import Answer, Press
from states.model import Allowance

HASHES = {
    (Allowance.OPENERS, 1): "c3fe5a69b11ea1d863cab71a5a1313b183e591a2ef9fe902e3c4d502de397c2d",
    (Allowance.OPENERS, 2): "271583716f676111761d485ec7a25fc3821cc63ea035828abda538646a711d95",
    (Allowance.QUIZ, 1): "a7966709d34ee3a7e6bd70b8df8a56e78d1c3c2b47a782eaa1496d9abf37021c",
}
"""The texts that people have agreed to. A changed text needs a new version, never a new hash here."""


def test_no_text_that_was_ever_shown_is_changed() -> None:
    known = {(what, version) for what, versions in allowances.WORDINGS.items() for version in versions}
    assert {one: allowances.text_hash(*one) for one in known} == HASHES
    assert set(allowances.SHOWN) == set(allowances.IN_STATUS) == set(forms.CHOICES) == set(Allowance)
    assert set(allowances.SHOWN.items()) <= known


@pytest.mark.parametrize(
    ("allowance", "parts"),
    [
        (
            Allowance.OPENERS,
            (
                "may begin conversations by itself",
                "somebody who manages this server has switched that on",
                "as often as whoever runs this bot has set (at most 3 times in 24 hours in each at the moment)",
                "at hours when you begin conversations yourself",
                "never on serious topics",
                "take it back at any time",
            ),
        ),
        (
            Allowance.QUIZ,
            (
                "members of this server",
                "up to ten moments of what you really wrote",
                "next to what your echo would have said",
                "everybody who can see the quiz can read themselves",
                "Who guessed what is not kept",
                "take it back at any time",
                "a quiz that is running ends at once",
            ),
        ),
    ],
)
def test_the_text_says_what_is_allowed_where_how_often_and_how_to_take_it_back(
    allowance: Allowance, parts: tuple[str, ...]
) -> None:
    text = allowances.explained(allowance, 3)
    assert [part for part in parts if part not in text] == []
    assert len(text) <= 1900 and "{" not in text


@given(st.integers(1, 10**15), st.sampled_from(Allowance))
@settings(max_examples=20, deadline=None)
def test_a_button_carries_all_that_is_needed_after_a_restart(profile_id: int, allowance: Allowance) -> None:
    yes, no = (allowances.read_press(b.custom_id) for b in allowances.buttons(allowance, profile_id, given=False))
    (back,) = (allowances.read_press(b.custom_id) for b in allowances.buttons(allowance, profile_id, given=True))
    assert yes == Press(Answer.YES, profile_id, allowance, allowances.SHOWN[allowance])
    assert (no, back) == (Press(Answer.NO, profile_id, allowance), Press(Answer.BACK, profile_id, allowance))


@given(st.text(max_size=100) | st.from_regex(r"echo:allow:(yes|no|back)?:.{0,30}", fullmatch=True))
@settings(max_examples=80, deadline=None)
def test_no_custom_id_upsets_the_reading(custom_id: str) -> None:
    press = allowances.read_press(custom_id)
    assert press is None or press.profile_id >= 0


@pytest.mark.parametrize(
    "custom_id",
    ["echo:allow:yes:1:quiz", "echo:allow:yes:1:dance:1", "echo:allow:no:-1:quiz", "echo:allow:sure:1:quiz", "echo"],
)
def test_a_custom_id_that_is_not_ours_means_nothing(custom_id: str) -> None:
    assert allowances.read_press(custom_id) is None
