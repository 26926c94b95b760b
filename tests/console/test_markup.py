"""Discord's markup as styled text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.markup import CODE, styled


def spans(text: str) -> list[tuple[str, str]]:
    content = styled(text)
    return [(content.plain[one.start : one.end], str(one.style)) for one in content.spans]


@pytest.mark.parametrize(
    ("text", "plain", "marked"),
    [
        ("**What for:** a *model*", "What for: a model", [("What for:", "bold"), ("model", "italic")]),
        ("`/echo offline` silences", "/echo offline silences", [("/echo offline", CODE)]),
        ("**bold and *both***", "bold and both", [("both", "italic"), ("bold and both", "bold")]),
        ("~~gone~~ __under__", "gone under", [("gone", "strike"), ("under", "underline")]),
        ("`**not bold**`", "**not bold**", [("**not bold**", CODE)]),
        ("snake_case_name", "snake_case_name", []),
        ("2 * 3 * 4 and **open", "2 * 3 * 4 and **open", []),
        (r"\*literal\*", "*literal*", []),
        ("hi\n-# a **bot**\nbye", "hi\na bot\nbye", [("bot", "bold"), ("a bot", "dim")]),
        ("no -# small print, nor -#this", "no -# small print, nor -#this", []),
        ("[not markup] [/]", "[not markup] [/]", []),
    ],
)
def test_marks_become_styles(text: str, plain: str, marked: list[tuple[str, str]]) -> None:
    assert styled(text).plain == plain
    assert spans(text) == marked


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab *_~|`\\\n-#"), max_size=60))
def test_no_letter_of_a_message_is_ever_lost(text: str) -> None:
    content = styled(text)
    assert [sign for sign in content.plain if sign in "ab"] == [sign for sign in text if sign in "ab"]
    assert all(0 <= one.start <= one.end <= len(content.plain) for one in content.spans)
