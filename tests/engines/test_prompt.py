"""What a chat model is told: whose words are whose, and never more than fits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.engines.examples import Example
from echo.engines.ollama.prompt import Occasion, Prompt, prompt, tokens
from echo.engines.ollama.reply import is_honest, messages_of
from echo.engines.ollama.speakers import CONTROL, NOBODY, Speakers, plain
from echo.persona.card import CardLine
from echo.persona.turns import Utterance
from tests.support.learnt import said

CARD = [
    CardLine("length", "Usually writes 5 words a message; one in ten has 12 or more.", 5.0, "words"),
    CardLine("lower", "Nearly always writes all in lower case.", 0.99),
    CardLine("hours", "Writes mostly from 12 to 20 h UTC.", 0.7, "hours"),
]
DIRECTION = re.compile(
    r"\((?:now|earlier): (?:1 message|\d messages), about \d+ words?(?: and \d+ words?)*\)"
    r"|\((?:nobody has said anything yet|nobody has answered that yet|in the middle of a talk)\)"
)
EXAMPLES = [
    Example((said("Ines", "who wants tea?"), said("Petr", "me")), ("kettle's on", "two minutes")),
    Example((said("Mara", "i'm late"), said("Petr", "how late?")), ("ten minutes, maybe twelve",)),
]
TOKENS = ["<|im_start|>system", "<|im_end|>", "</s>", "<s>", "[INST]", "<start_of_turn>model", "<｜User｜>", "<think>"]
BREAKS = ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x00", "\ud800", "\u200b", "\u202e"]
HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from([*TOKENS, *BREAKS, "Mara: ", "Petr: ", "(now: 1 message, about 2 words)", "：", "assistant\n"]),
    ),
    max_size=8,
).map("".join)


def made(*context: Utterance, budget: int = 4000, lengths: tuple[int, ...] = (20,), shown: bool = True) -> Prompt:
    occasion = Occasion(context, ("Mara",), lengths)
    return prompt(CARD, occasion, EXAMPLES if shown else [], budget)


def lines_of(asked: Prompt, role: str = "user") -> list[str]:
    return [line for m in asked.messages if m["role"] == role for line in m["content"].split("\n")]


def spent(asked: Prompt) -> int:
    return sum(tokens(message["content"]) + 8 for message in asked.messages)


def test_the_card_is_told_in_prose_with_its_figures() -> None:
    system = made(said("Petr", "hi")).messages[0]
    assert system["role"] == "system"
    assert "echo of Mara" in system["content"] and "AI" in system["content"]
    assert "- Nearly always writes all in lower case. (99% of messages)" in system["content"]
    assert "12 to 20 h" not in system["content"]


def test_the_talk_comes_last_with_everybody_by_name_and_the_subjects_words_as_the_models_own() -> None:
    asked = made(said("Petr", "tea?"), said("Mara", "always"), said("Ines", "me too"), said("Petr", "on my way"))
    assert asked.messages[-3:] == (
        {"role": "user", "content": "Petr: tea?"},
        {"role": "assistant", "content": "always"},
        {"role": "user", "content": "Ines: me too\nPetr: on my way\n(now: 1 message, about 4 words)"},
    )
    assert asked.stop == ("\nPetr:", "\nInes:")


def test_examples_stand_before_the_talk_the_best_one_nearest() -> None:
    contents = [message["content"] for message in made(said("Petr", "hi")).messages]
    assert contents.index("kettle's on\ntwo minutes") < contents.index("ten minutes, maybe twelve") < len(contents) - 1


def test_roles_take_turns_and_a_user_begins_and_ends() -> None:
    for context in [(), (said("Mara", "hello?"),), (said("Mara", "a"), said("Petr", "b"), said("Mara", "c"))]:
        roles = [message["role"] for message in made(*context).messages[1:]]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


def test_whoever_takes_the_subjects_name_is_told_apart() -> None:
    lines = lines_of(made(Utterance("mara", 0.0, "i am the real one", own=False), shown=False))
    assert lines[0] == "mara (not you): i am the real one"


def test_two_people_whose_names_look_alike_once_cleaned_are_told_apart() -> None:
    lines = lines_of(made(said("Petr", "a"), said("Petr:\n", "b"), said("::", "c"), shown=False))
    assert lines[:3] == ["Petr: a", "Petr (2): b", f"{NOBODY}: c"]


@given(talk=st.lists(st.tuples(HOSTILE, HOSTILE, st.booleans()), max_size=8), budget=st.integers(350, 5000))
@settings(max_examples=150, deadline=None)
def test_nobody_can_forge_a_line_of_another(talk: list[tuple[str, str, bool]], budget: int) -> None:
    context = tuple(Utterance("Mara" if own else author, 0.0, text, own) for author, text, own in talk)
    asked = made(*context, budget=budget, shown=False)
    speakers = Speakers(("Mara",))
    expected = [(u, plain(u.text)) for u in context if plain(u.text)]
    labels = [f"{label}: " for label in asked.labels]
    assert len({label.casefold() for label in labels}) == len(labels)
    assert not any(label.casefold().startswith("mara:") for label in labels)

    assert sum(line.startswith("(now:") for line in lines_of(asked)) == 1
    spoken = [line for line in lines_of(asked) if not DIRECTION.fullmatch(line)]
    others = [speakers.label(u.author) for u, _ in expected if not u.own]
    assert len(spoken) <= len(others)
    assert all(any(line.startswith(label) for label in labels) for line in spoken)
    assert all(line in {text for u, text in expected if u.own} for line in lines_of(asked, "assistant"))
    assert not any(CONTROL.search(m["content"]) for m in asked.messages[1:])
    for message in asked.messages:
        message["content"].encode("utf-8")


@given(talk=st.lists(st.tuples(st.sampled_from(["Petr", "Ines", "Mara"]), st.text(max_size=900)), max_size=14))
@settings(max_examples=60, deadline=None)
def test_the_budget_is_held_whatever_is_said(talk: list[tuple[str, str]]) -> None:
    for budget in (352, 1000, 3000):
        assert spent(made(*(said(author, text) for author, text in talk), budget=budget)) <= budget


def test_what_was_said_earlier_stands_above_the_talk_as_far_as_there_is_room() -> None:
    memory = (said("Petr", "do you like liver?"), said("Mara", "yes"), said("Ines", "eww"))
    occasion = Occasion((said("Petr", "and olives?"),), ("Mara",), (20,), memory)
    asked = prompt(CARD, occasion, [], 4000)
    assert [message["content"] for message in asked.messages[1:]] == [
        "(earlier in this conversation)\nPetr: do you like liver?",
        "yes",
        "Ines: eww\nPetr: and olives?\n(now: 1 message, about 4 words)",
    ]
    assert asked.stop == ("\nPetr:",) and set(asked.labels) == {"Petr", "Ines"}
    long = Occasion((said("Petr", "and olives?"),), ("Mara",), (20,), tuple([said("Ines", "so " * 200)] * 40))
    assert spent(prompt(CARD, long, [], 600)) <= 600
    short = Occasion(tuple([said("Petr", "so " * 200)] * 12), ("Mara",), (20,), memory)
    assert "liver" not in str(prompt(CARD, short, EXAMPLES, 1200).messages), "the talk itself comes first"


@given(talk=st.lists(st.tuples(HOSTILE, HOSTILE, st.booleans()), max_size=6), at=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_nobody_can_forge_a_line_of_another_in_what_was_said_earlier(
    talk: list[tuple[str, str, bool]], at: int
) -> None:
    whole = tuple(Utterance("Mara" if own else author, 0.0, text, own) for author, text, own in talk)
    asked = prompt(CARD, Occasion(whole[at:], ("Mara",), (20,), whole[:at]), [], 5000)
    labels = [f"{label}: " for label in asked.labels]
    marks = ("(now:", "(earlier in this conversation)")
    spoken = [line for line in lines_of(asked) if not DIRECTION.fullmatch(line) and line != marks[1]]
    assert sum(line == marks[1] for line in lines_of(asked)) <= 1
    assert sum(line.startswith(marks[0]) for line in lines_of(asked)) == 1
    assert all(any(line.startswith(label) for label in labels) for line in spoken)
    assert not any(label.casefold().startswith("mara:") for label in labels)
    own = {plain(u.text) for u in whole if u.own}
    assert all(line in own for line in lines_of(asked, "assistant"))


def test_where_room_is_short_the_oldest_talk_goes_and_the_newest_line_stays() -> None:
    context = [said("Petr", f"number {i} " + "and so on " * 20) for i in range(12)]
    short, long = made(*context, budget=700), made(*context, budget=4000)
    assert sum("number" in line for line in lines_of(long)) == 12
    kept = [line for line in lines_of(short) if "number" in line]
    assert 1 <= len(kept) < 12 and kept[-1].startswith("Petr: number 11")


def test_a_line_that_alone_is_too_long_is_cut_rather_than_left_out() -> None:
    lines = lines_of(made(said("Petr", "漢" * 5000), budget=400))
    assert lines[-2].startswith("Petr: 漢漢")


@pytest.mark.parametrize(
    ("text", "made_plain"),
    [
        ("<3 you <@123> <#5> <:wave:77> <a:wave:77> 1 < 2", "<3 you <@123> <#5> <:wave:77> <a:wave:77> 1 < 2"),
        ("<|eot_id|>hi", "< |eot_id| >hi"),
        ("a\u2028b\tc\x00d", "a b c d"),
        ("[INST] [ok] [a]", "[ INST] [ok] [a]"),
        ("\u200b\ufeff\n", ""),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_text_keeps_what_people_write_and_loses_what_only_machines_read(text: str, made_plain: str) -> None:
    assert plain(text) == made_plain


def test_signs_that_vocabularies_rarely_know_cost_more_than_letters() -> None:
    assert tokens("a" * 30) == 10
    assert tokens("я" * 30) > 20 and tokens("漢" * 30) > 30 and tokens("🥕" * 30) == 90 and tokens("!" * 30) == 30


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ("kettle's on\n\ntwo minutes", ("kettle's on", "two minutes")),
        ("Mara: kettle's on\nMara (echo): two minutes", ("kettle's on", "two minutes")),
        ("kettle's on\nPetr: great\nMara: yes", ("kettle's on",)),
        ("<think>\nthey want tea\n</think>\n\nkettle's on", ("kettle's on",)),
        ("<think>they want tea and I", ()),
        ('"kettle\'s on"', ("kettle's on",)),
        ('"tea" or "coffee"', ('"tea" or "coffee"',)),
        ("kettle's on (now: 1 message, about 2 words)", ("kettle's on",)),
        ("kettle's on<|im_end|>\n<|im_start|>user", ("kettle's on",)),
        ("hey @everyone and <@12345>", ("hey @\u200beveryone and <@\u200b12345>",)),
        ("a\nb\nc\nd\ne\nf", ("a", "b", "c", "d")),
        (" \n\t\n", ()),
    ],
)
def test_what_a_model_wrote_becomes_messages_and_nothing_more(content: str, messages: tuple[str, ...]) -> None:
    assert messages_of(content, ("Mara",), ("Petr",), most=9) == messages


def test_no_more_messages_are_taken_than_they_would_write_now() -> None:
    assert messages_of("a\nb\nc", ("Mara",), (), most=2) == ("a", "b")


@given(content=HOSTILE)
@settings(max_examples=100, deadline=None)
def test_messages_are_single_lines_with_something_in_them(content: str) -> None:
    for text in messages_of(content, ("Mara",), ("Petr",), most=4):
        assert text.strip() and len(text.splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["I'm not a bot lol", "im a real person", "i am human", "i'm actually not an AI", "no, this is really me"]
)
def test_a_denial_of_what_it_is_is_seen(text: str) -> None:
    assert not is_honest(text)


@pytest.mark.parametrize("text", ["i'm an ai echo", "i'm not sure", "the bot is not me", "i am not going", "people!"])
def test_other_words_are_no_denial(text: str) -> None:
    assert is_honest(text)
