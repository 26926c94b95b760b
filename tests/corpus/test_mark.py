"""The mark of an echo's words survives what is done to a text on its way, and stands in nothing that a person wrote."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.cleaning import Kind, clean_text
from echo.corpus.mark import LONGEST, MARK, is_marked, marked, unmarked
from echo.corpus.pseudonyms import People
from echo.discord.translate import seen

ANY = st.text(st.one_of(st.characters(), st.sampled_from([*MARK, "\n", "\u200b", "\u2060", "\ufeff"])), max_size=60)
LONG = st.one_of(ANY, st.builds(lambda text, times: text * times, ANY, st.integers(1, 80)))


def trimmed(text: str) -> str:
    """What a server may do to a text: white space trimmed, line ends and letters in their normal forms."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()[:LONGEST].strip()


@settings(max_examples=80)
@given(LONG)
def test_no_text_is_too_long_or_too_odd_to_carry_the_mark(text: str) -> None:
    said = marked(text)
    assert len(said) <= LONGEST and said.endswith(MARK) and said.count(MARK) == 1
    assert is_marked(trimmed(said)) and is_marked(trimmed(trimmed(said) + " (edited)"))
    assert marked(said) == said and unmarked(said) == unmarked(text)[: LONGEST - len(MARK)]


@settings(max_examples=80)
@given(ANY, ANY)
def test_what_a_person_wrote_is_stored_without_any_of_its_signs_and_what_is_marked_not_at_all(a: str, b: str) -> None:
    people = People(1, "Mara", "profile 1")
    assert clean_text(a + MARK + b, people).kind is Kind.NOISE
    stored = clean_text(a, people).text
    assert unmarked(stored) == stored and not is_marked(stored)


def test_the_mark_is_invisible_and_is_no_white_space_that_is_trimmed() -> None:
    assert [unicodedata.name(sign) for sign in MARK] == [
        *("INVISIBLE SEPARATOR", "INVISIBLE TIMES", "INVISIBLE PLUS", "INVISIBLE SEPARATOR")
    ]
    assert all(unicodedata.category(sign) == "Cf" and not sign.isspace() for sign in MARK)
    assert all(unicodedata.normalize(form, MARK) == MARK for form in ("NFC", "NFD", "NFKC", "NFKD"))


def test_marked_words_are_a_bots_whoever_posts_them_and_are_heard_without_the_mark() -> None:
    author = {"id": "7", "username": "bo", "global_name": "Bo"}
    raw = {"id": "1", "channel_id": "2", "type": 0, "content": marked("well"), "author": author, "mentions": []}
    heard = seen(raw, 99)
    assert heard is not None and heard.heard.text == "well" and not heard.heard.human
    plain = seen({**raw, "content": "well"}, 99)
    assert plain is not None and plain.heard.human
