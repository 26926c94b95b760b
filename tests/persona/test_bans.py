"""What the subject bans is not said, however it is written; what they strike is not shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import NO_WISHES, Wishes
from echo.persona.bans import Bans, Topic, stem
from echo.persona.card import CardLine
from echo.persona.model import Persona
from echo.persona.portrait import Portrait
from echo.persona.turns import Utterance
from echo.persona.unmasking import bare_words, unmasked

from .talk import START, asked, talk


@pytest.fixture(scope="module")
def blob() -> bytes:
    return Persona.fit(talk(), "Wren", seed=5).dump()


@pytest.fixture
def wren(blob: bytes) -> Persona:
    return Persona.load(blob)


@pytest.mark.parametrize(
    "text",
    [
        "new york",
        "i love New   York!",
        "NEW-YORK city",
        "new, york",
        "Ñew Yörk",
        "ｎｅｗ ｙｏｒｋ",
        "ne\u200bw yo\u00adrk",
        "nеw yоrk",
        "n.e.w y o r k",
        "newyork",
        "new\nyork",
    ],
)
def test_a_banned_phrase_is_found_however_it_is_written(text: str) -> None:
    assert Bans(Wishes(phrases=("New York",))).forbids(text)


@pytest.mark.parametrize("text", ["new yorker", "renew york", "york, new", "knew york", "", "new"])
def test_only_whole_words_in_order_are_the_phrase(text: str) -> None:
    assert not Bans(Wishes(phrases=("New York",))).forbids(text)


def test_phrases_of_signs_and_of_scripts_without_spaces_are_found_too() -> None:
    bans = Bans(Wishes(phrases=("🔥", "北京", "пароль")))
    for text in ("so 🔥🔥", "我在北京吃饭", "это ПАРОЛЬ!"):
        assert bans.forbids(text)
    assert not bans.forbids("так и не паролькин 东京")


@pytest.mark.parametrize(
    ("topic", "about", "not_about"),
    [
        ("gardens", ("my garden", "gardening all day", "two gardeners"), ("guard", "a garland")),
        ("Pflanze", ("die Pflanzen", "eine Zimmerpflanze"), ("flach",)),
        ("war", ("the war", "two wars"), ("warm", "ward", "beware")),
        ("ex boyfriend", ("my ex, the boyfriend", "ex-boyfriend", "boyfriends and exs"), ("the next boy",)),
        ("politics", ("politicians", "so political"), ("polite",)),
        ("日本", ("我喜欢日本",), ("日 in 本",)),
    ],
)
def test_a_topic_bans_its_inflections(topic: str, about: tuple[str, ...], not_about: tuple[str, ...]) -> None:
    bans = Bans(Wishes(topics=(topic,)))
    assert [text for text in about if not bans.forbids(text)] == []
    assert [text for text in not_about if bans.forbids(text)] == []


def test_stems_keep_enough_letters_to_mean_something() -> None:
    assert stem("gardening") == stem("gardens") == stem("gardener") == "garden"
    assert stem("cats") == "cats" or len(stem("cats")) >= 3


def test_words_used_like_a_topic_are_near_it_and_others_are_not() -> None:
    """Sails and harbours are talked of together, and kettles elsewhere."""
    bursts = talk(600)
    more = []
    for i in range(40):
        said = ("the regatta needs a spinnaker", "a spinnaker for the regatta", "soup with pepper", "pepper in my soup")
        b = bursts[i % len(bursts)]
        context = (Utterance(("Otto", "Dagny")[i % 2], START + 4e7 + i * 9000, said[i % 4], False),)
        more.append(type(b)(context[0].ts + 20, "lobby", context, (said[i % 4],), (context[0].ts + 20,), 20.0, ()))
    persona = Persona.fit([*bursts, *more], "Wren", seed=2)
    persona.wish(Wishes(topics=("regatta",)))
    assert not persona.allows(["where is my spinnaker"])
    assert persona.allows(["where is my soup"])


def test_no_answer_holds_what_is_banned_or_struck(wren: Persona) -> None:
    free = [text for seed in range(30) for text in wren.reply(asked("where is the kettle?"), seed=seed)]
    assert any("kettle" in text for text in free) and any("?" in text for text in free)
    wren.wish(Wishes(frozenset({"asks", "commas"}), ("kettles",), ("the shed",)))
    held = [text for seed in range(30) for text in wren.reply(asked("where is the kettle?"), seed=seed)]
    assert len(held) >= 10
    assert not [text for text in held if "kettle" in text or "the shed" in text or "?" in text or "," in text]
    assert "asks" not in {line.key for line in wren.card()}
    wren.wish(NO_WISHES)
    assert [text for seed in range(30) for text in wren.reply(asked("where is the kettle?"), seed=seed)] == free


def test_struck_casing_is_mended_in_every_answer(wren: Persona) -> None:
    wren.wish(Wishes(frozenset({"lower"})))
    said = [text for seed in range(20) for text in wren.reply(asked("where is the boat?"), seed=seed)]
    assert said and all(text[0].isupper() for text in said if text[0].isalpha())


def test_a_banned_topic_is_not_taken_up_unasked_but_who_asks_is_answered(wren: Persona) -> None:
    about, other = asked("does anybody know where the kettle went?"), asked("does anybody know where the piano went?")
    wren.wish(Wishes(topics=("kettle",)))
    assert wren.speak_probability(about, addressed=False) == 0.0
    assert wren.speak_probability(about, addressed=True) > 0.5
    assert wren.speak_probability(other, addressed=False) > 0.0
    assert any(wren.reply(about, seed=seed) for seed in range(5))


def test_a_line_of_the_card_that_names_a_banned_word_is_neither_shown_nor_told(wren: Persona) -> None:
    named = {line.key: line.named for line in wren.card() if line.named and line.key != "hours"}
    key, words = next(iter(named.items()))
    wishes = Wishes(phrases=(words[0].upper(),))
    wren.wish(wishes)
    assert key not in {line.key for line in wren.card()} and wren.card()
    laughs = CardLine("laughs", "Often laughs (haha, lol).", 0.3, "share", 0.1, ("haha", "lol"))
    length = CardLine("length", "Writes 3 to 9 words a message mostly.", 5.0, "words", 6.0)
    assert Portrait((laughs, length), Wishes(phrases=("lol",))).unstruck == (length,)
    assert Portrait((laughs, length), Wishes(phrases=("brb",))).unstruck == (laughs, length)


def test_a_banned_phrase_is_not_split_over_messages(wren: Persona) -> None:
    wren.wish(Wishes(phrases=("tidy shed",)))
    assert wren.sayable(["so tidy", "shed again", "fine"]) == ["so tidy"]
    assert not wren.allows(["so tidy", "shed again"]) and wren.allows(["so tidy", "sheds"])


def test_nothing_wished_forbids_nothing() -> None:
    assert not Bans().forbids("anything at all") and not Bans().shuns(asked("kettle"))
    assert not Topic("...").touches(["dots"])


@settings(max_examples=80, deadline=None)
@given(
    phrase=st.text(min_size=1, max_size=20),
    before=st.text(max_size=15),
    after=st.text(max_size=15),
    topic=st.text(max_size=20),
)
def test_any_banned_text_is_found_in_itself_and_nothing_breaks(
    phrase: str, before: str, after: str, topic: str
) -> None:
    line = CardLine("favourites", "Favourite words: tea.", 1.0, "named", None, ("tea",))
    bans = Bans(Wishes(frozenset({"favourites", "gone"}), (topic,), (phrase,)), [line])
    bans.forbids(f"{before} {after}")
    assert bans.forbids("a tea")
    if bare_words(phrase) or unmasked(phrase).strip():
        assert bans.forbids(f"{before} {phrase} {after}")
        assert bans.forbids(phrase.upper().lower()) or phrase.casefold() != phrase.upper().lower().casefold()
