"""The card: true of the corpus, comparable with the others, and never telling what is private."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.persona.card import MOST, CardLine, describe, edge
from echo.persona.evidence import OF_FORM, avoided, evidence, mended, shows, telling
from echo.persona.languages import language_of, shares
from echo.persona.names import NameBook
from echo.persona.past import Past
from echo.persona.traits import TRAITS

from .talk import START

OTHERS = ("well, I think so.", "Maybe. Who knows?", "That is the plan, I guess.", "haha, lovely")


def card_of(texts: Sequence[str], others: Sequence[str] = OTHERS, step: float = 4000.0) -> dict[str, CardLine]:
    """The card of Wren, who answers Otto and Dagny with these texts."""
    rows = []
    for i, text in enumerate(texts):
        rows.append(Written(("Otto", "Dagny")[i % 2], "lobby", START + i * step, others[i // 2 % len(others)]))
        rows.append(Written("Wren", "lobby", START + i * step + 20, text))
    past = Past.of(bursts_of(rows, "Wren"), "Wren")
    lexicon = past.lexicon()
    return {line.key: line for line in describe(past, lexicon, NameBook("Wren", past.others(), lexicon.plain()))}


def test_shares_are_those_of_the_messages_with_the_others_beside_them() -> None:
    card = card_of(["yes. indeed", "no!", "Sure thing", "u know idk", "dont know"] * 16)
    assert card["lower"].figure == pytest.approx(0.8) and card["lower"].others == pytest.approx(0.25)
    assert card["lower"].text == "Nearly always writes all in lower case."
    assert card["lower"].figures() == "80 %, others 25 %"
    assert card["exclaims"].figure == pytest.approx(0.2) and card["exclaims"].others == 0
    assert card["abbreviations"].figure == pytest.approx(0.2) and set(card["abbreviations"].named) == {"u", "idk"}
    assert card["apostrophes"].figure == pytest.approx(0.2)
    assert card["laughs"].figure == 0 and card["laughs"].others == pytest.approx(0.25)


def test_im_is_no_dropped_apostrophe_in_german() -> None:
    assert "apostrophes" not in card_of(["ich bin im garten", "das ist im keller", "der ist im urlaub"] * 20)
    assert card_of(["im tired", "im so done with this", "no"] * 20)["apostrophes"].figure == pytest.approx(2 / 3)


def test_lengths_are_told_as_quartiles_and_turns_by_how_often_there_are_several() -> None:
    card = card_of(["one", "one two", "one two three", " ".join(["word"] * 25)] * 25)
    assert card["length"].text == "Writes 2 to 25 words a message mostly, 3 in the middle; one in ten has 25 or more."
    assert (card["length"].figure, card["length"].unit) == (3.0, "words")
    assert card["one_word"].figure == pytest.approx(0.25) and card["long"].figure == pytest.approx(0.25)
    assert card["burst"].figure == pytest.approx(1.0) and card["burst"].text.startswith("Never sends several")


def test_a_length_that_is_always_the_same_is_told_in_one_figure() -> None:
    assert card_of(["one"] * 80)["length"].text == "Writes 1 word a message mostly."
    text = card_of(["one"] * 65 + ["one two three"] * 15)["length"].text
    assert text == "Writes 1 word a message mostly; one in ten has 3 or more."


def test_kinds_of_laughter_and_signs_are_named() -> None:
    card = card_of(["hahaha no", "haha", "lol", "lol sure", "xD", "xDD ok :)", "fine :) 🔥"] * 10)
    assert card["laughs"].named == ("haha", "lol", "xd")
    assert card["signs"].named == (":)", "xD", "xDD", "🔥")
    assert edge("what a day :D", -1) == ":D" and edge("Well then", 0) == "well"


def test_languages_and_scripts_are_told_with_their_shares() -> None:
    german = ["ich weiß nicht, ob das noch geht", "das ist doch auch schon wieder vorbei"] * 20
    english = ["I think this is what you want", "they have not done that yet"] * 10
    assert card_of([*german, *english])["languages"].text == "Writes German (67 %) and English (33 %)."
    assert card_of(["מה שלומך היום", "אני לא יודע"] * 20)["languages"].text == "Writes Hebrew."
    assert "languages" not in card_of(["ok", "hm"] * 30)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("je ne sais pas, mais c'est pas grave", "French"),
        ("no sé, pero creo que está muy bien", "Spanish"),
        ("não sei, mas acho que também vou", "Portuguese"),
        ("non so che cosa è quello", "Italian"),
        ("ik weet niet wat het is", "Dutch"),
        ("nie wiem, ale jest już późno", "Polish"),
        ("jag vet inte vad det är", "Swedish"),
        ("ben bilmiyorum ama çok güzel", "Turkish"),
        ("今日はいい天気です", "Japanese"),
        ("ok", None),
        ("wasm bytecode", None),
    ],
)
def test_messages_that_tell_their_language_are_told_apart(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_a_language_of_too_few_messages_is_not_guessed() -> None:
    assert shares(["I think this is what you want"] * 3) == []


def test_no_word_stands_on_the_card_that_only_this_person_uses_or_that_names_somebody() -> None:
    secret = [
        *["hunter2x is the word, gwendolyn", "gwendolyn said so", "gwendolyn knows, otto", "pomigule again"] * 20,
        *["[phone] is my number", "[password]", "mind the biscuit tin", "biscuit anyone"] * 20,
    ]
    others = ("ask Gwendolyn", "where is the biscuit?", "the biscuit is mine", "Gwendolyn has it")
    card = card_of(secret, others)
    told = json.dumps([line.row() for line in card.values()]).lower()
    for word in ("gwendolyn", "hunter2x", "pomigule", "otto", "dagny", "[phone]", "[password]"):
        assert word not in told
    assert "biscuit" in told, "what everybody says gives nothing away"


def test_whom_nobody_talked_with_has_no_words_on_the_card() -> None:
    rows = [Written("Wren", "lobby", START + i * 4000, "dear diary, pomigule") for i in range(60)]
    past = Past.of(bursts_of(rows, "Wren"), "Wren")
    lexicon = past.lexicon()
    card = describe(past, lexicon, NameBook("Wren", past.others(), lexicon.plain()))
    assert not any(word in line.text for line in card for word in ("dear", "diary", "pomigule"))
    assert all(line.others is None for line in card)


def test_evidence_of_a_line_are_the_messages_that_its_figure_counts() -> None:
    texts = ["Yes, sir.", "no :)", "hahaha", "what?", "a b c d e f g h i j k l m n o p q r s t u v", "ok"]
    card = card_of(texts * 20)
    for key in TRAITS.keys() & card.keys():
        found = evidence(card[key], texts)
        assert all(shows(card[key], texts[i]) for i in found)
        cased = [text for text in texts if text.lower() != text.upper()]
        assert len(found) / len(cased) == pytest.approx(card[key].figure), key
    assert evidence(card["signs"], texts) == [1]
    assert evidence(card["hours"], texts) == []


def test_struck_form_is_mended_and_struck_habits_are_avoided() -> None:
    assert mended("Well then.", frozenset({"full_stop"})) == "Well then"
    assert mended("Well then", frozenset({"capitals"})) == "well then"
    assert mended("well then", frozenset({"lower"})) == "Well then"
    assert mended("well then...", frozenset({"full_stop"})) == "well then..."
    assert mended("Well", frozenset({"capitals", "lower"})) == "Well"
    assert mended(".", frozenset({"full_stop"})) == "."
    card = card_of(["ha ha haha", "Ok."] * 30)
    lines = avoided(list(card.values()), frozenset({"laughs", "capitals", "length", "gone"}))
    assert [line.key for line in lines] == ["laughs"]


def test_what_tells_most_is_of_form_and_sets_apart() -> None:
    card = card_of(["HELLO THERE", "YES PLEASE", "no"] * 30)
    told = telling(list(card.values()), 4)
    assert told[0].key == "length"
    assert "shouts" in {line.key for line in told} and all(line.key in OF_FORM for line in told)


def test_a_line_is_stored_whole_and_that_of_an_earlier_echo_is_read() -> None:
    line = CardLine("signs", "Favourite signs: :)", 0.1, "share", 0.2, (":)",))
    assert CardLine.of(json.loads(json.dumps(line.row()))) == line
    assert CardLine.of(["length", "Usually writes 5 words.", 5.0]).unit == "words"
    assert CardLine.of(["lower", "Never.", 0]).is_share


ODD = st.one_of(
    st.text(min_size=1, max_size=30),
    st.sampled_from(["😂😂", "ok", "https://example.org/a", "今天天气很好", "שלום", "مرحبا كيف", "हिन्दी में", "ไปกินข้าว"]),
    st.sampled_from(["[key]", "<@5> hi", "\ud800", "\x00", "a" * 3000, "...", "!?", "ＡＢＣ", "e\u0301"]),
)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(ODD, min_size=1, max_size=60), others=st.lists(ODD, min_size=1, max_size=5))
def test_any_corpus_has_a_card_that_can_be_read(texts: list[str], others: list[str]) -> None:
    if not any(text.strip() for text in texts):
        return
    card = card_of(texts, others)
    assert {"length", "burst", "hours", "asks"} <= card.keys() and len(card) <= MOST
    for line in card.values():
        assert (line.text.strip() and line.text.isprintable()) or any("\ud800" <= c <= "\udfff" for c in line.text)
        assert line.figures() is not None
        if line.is_share:
            assert 0 <= line.figure <= 1 and (line.others is None or 0 <= line.others <= 1)
        evidence(line, texts)
        json.dumps(line.row())


@pytest.mark.parametrize("text", ["😂", "ok", "https://example.org", "你好吗", "שלום", "नमस्ते"])
def test_a_corpus_of_one_kind_says_nothing_of_what_it_has_not(text: str) -> None:
    card = card_of([text] * 50)
    if text.lower() == text.upper():
        assert not {"capitals", "lower", "full_stop"} & card.keys(), "what has no case has no casing"
    assert card["asks"].text == "Never asks something."
