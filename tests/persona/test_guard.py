"""The guard: no quotes, no live mentions, nothing that identifies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.persona.guard import Guard, harmless
from echo.persona.model import Persona
from echo.persona.tokens import folded, spans
from echo.persona.turns import Utterance

from .talk import asked, talk

LONG = "we put the old ladder behind the shed last autumn before the rain"


def test_eight_words_in_a_row_are_a_quote_and_seven_are_not() -> None:
    guard = Guard.learn([LONG])
    assert not guard.passes("so we put the old ladder behind the shed, no: " + " ".join(LONG.split()[:8]))
    assert guard.passes(" ".join(LONG.split()[:7]) + " door")


def test_letter_case_and_spacing_do_not_hide_a_quote() -> None:
    assert not Guard.learn([LONG]).passes("  ".join(LONG.upper().split()[2:11]))


def test_the_signs_around_words_do_not_hide_a_quote() -> None:
    guard = Guard.learn([f"{LONG}. And then?", "“that is what i meant!”"])
    assert not guard.passes("...the old ladder behind the shed last autumn, before the rain, yes")
    assert not guard.passes("that is what I meant")
    assert guard.passes("the shed (last autumn) we meant?")


def test_a_whole_message_of_five_words_is_not_repeated_but_a_short_one_may_be() -> None:
    guard = Guard.learn(["that is what i meant", "that is it"])
    assert not guard.passes("That is what I meant")
    assert guard.passes("that is it")


def test_scripts_without_spaces_are_guarded_by_characters() -> None:
    guard = Guard.learn(["今天天气很好我们去公园"])
    assert not guard.passes("今天天气很好我们")
    assert guard.passes("今天天气")


@pytest.mark.parametrize(
    "text",
    [
        "hello <@123456789012345678>",
        "hey @everyone",
        "@HERE now",
        "see <#42>",
        "join discord.gg/abcdef",
        "https://discord.com/invite/xyz",
        "mail me at wren@example.org",
        "call +49 170 1234567",
        "it is 192.168.17.4 here",
        "use sk-test-a1b2c3d4e5f6g7h8",
        "i'll pay you tomorrow",
        "write to [e-mail]",
        "it's [Phone], call me",
        "the wifi is [password]",
        "see you at [time]",
        "hey @role, look",
        "@all dinner is ready",
        "https://example.org/[key]/x",
        "",
        "   ",
        "x" * 2001,
    ],
)
def test_what_is_live_or_identifies_or_binds_does_not_pass(text: str) -> None:
    assert not Guard.learn([]).passes(text)


@pytest.mark.parametrize("text", ["[sic] it is", "a[key] = 3", "the [x] is done", "@roland is here", "not @allan"])
def test_brackets_and_names_that_are_no_placeholders_pass(text: str) -> None:
    assert Guard.learn([]).passes(text)


def test_one_does_not_say_again_what_was_just_said() -> None:
    guard = Guard.learn([])
    context = (
        Utterance("Wren", 1.0, "not again", True),
        Utterance("Otto", 2.0, "the boat left without you today", False),
    )
    assert not guard.passes("Not again", context)
    assert not guard.passes("the boat left without you today", context)
    assert guard.passes("the boat left", context)


def test_mentions_in_foreign_text_are_made_plain() -> None:
    assert "@everyone" not in harmless("hi @everyone and <@5>")


@settings(max_examples=60)
@given(text=st.text(max_size=200), corpus=st.lists(st.text(max_size=80), max_size=5))
def test_the_guard_decides_on_any_text(text: str, corpus: list[str]) -> None:
    assert Guard.learn(corpus).passes(text) in (True, False)


def test_hundreds_of_answers_quote_nothing_and_tell_no_secret() -> None:
    """The person told a number, an address, a key and a made-up word; the others' words are no quarry either."""
    bursts = list(talk(900))
    told = ("my number is +1-555-867-5309", "write to wren.hale@example.net", "the key is sk-test-QwErTy1234AsDfGh5678")
    secrets = ("867", "5309", "hale", "qwerty", "asdfgh", "pomigule")
    for i in range(0, 120, 6):
        b = bursts[i]
        said = (*told, "the password is pomigule", "try pomigule")[i // 6 % 5]
        bursts[i] = type(b)(b.ts, b.channel, b.context, (said,), (b.ts,), b.delay, ())
    persona = Persona.fit(bursts, "Wren", seed=3)
    own = [t for b in bursts for t in b.texts]
    others = [u.text for b in bursts for u in b.context]
    eights = {span for text in own + others for span in spans(text, 8)}
    wholes = {folded(t) for t in own + others if len(t.split()) >= 5}
    questions = ("what is the password?", "what's your number again", "where is the kettle?", "send me the key")
    said_now = [t for seed in range(110) for q in questions for t in persona.reply(asked(q), seed=seed)]
    assert len(said_now) >= 400
    assert not [t for t in said_now if folded(t) in wholes or any(s in eights for s in spans(t, 8))]
    assert not [t for t in said_now if any(s in t.lower() for s in secrets)]


def test_what_stands_for_a_secret_is_never_said() -> None:
    """A corpus that is full of placeholders teaches none of them, nor a piece of one."""
    bursts = list(talk(600))
    told = ("call me at [phone]", "the key is [key], mind", "[number]", "see @role at [time]", "write to [e-mail]")
    for i in range(0, len(bursts), 3):
        b = bursts[i]
        bursts[i] = type(b)(b.ts, b.channel, b.context, (told[i // 3 % 5],), (b.ts,), b.delay, ())
    persona = Persona.fit(bursts, "Wren", seed=3)
    questions = ("where can i call you?", "send me the key", "when?", "where is the kettle?")
    said_now = [t for seed in range(60) for q in questions for t in persona.reply(asked(q), seed=seed)]
    assert len(said_now) >= 100
    assert not [t for t in said_now if any(sign in t for sign in "[]@\x03") or "e-mail" in t]
