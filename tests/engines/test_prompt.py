"""What a chat model is told: whose words are whose, never more than fits, and what stays first."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.engines.examples import Example
from echo.engines.ollama import notes
from echo.engines.ollama.anchoring import FARTHEST, NEAREST, Beginnings
from echo.engines.ollama.counting import MOST, Counting, cost, tokens
from echo.engines.ollama.prompt import Occasion, Prompt, Rooms, prompt, window
from echo.engines.ollama.speakers import CONTROL, NOBODY, plain
from echo.engines.ollama.system import system_text
from echo.persona.card import CardLine
from echo.persona.turns import Utterance
from tests.support.learnt import said

CARD = [
    CardLine("length", "Usually writes 5 words a message; one in ten has 12 or more.", 5.0, "words"),
    CardLine("lower", "Nearly always writes all in lower case.", 0.99),
    CardLine("emoji", "Never uses emoji.", 0.0),
    CardLine("hours", "Writes mostly from 12 to 20 h UTC.", 0.7, "hours"),
]
SYSTEM = system_text(CARD, 4096)
ONE_NOTE = (
    r"\((?:now|earlier): (?:1 message|\d messages), about \d+ words?(?: and \d+ words?)*\)"
    r"|\((?:nobody has said anything yet|nobody has answered that yet|in the middle of a talk)\)"
    rf"|{re.escape(notes.EARLIER)}|{re.escape(notes.TALK)}|{re.escape(notes.OTHER_DAYS)}|\(You write as [^()]+\)"
)
NOTE = re.compile(ONE_NOTE)
NOON = 1_795_435_200.0
"""On 23 November 2026."""
STEADY = [
    Example((said("Ines", "who wants tea?"), said("Petr", "me")), ("kettle's on", "two minutes")),
    Example((said("Mara", "i'm late"), said("Petr", "how late?")), ("ten minutes, maybe twelve",)),
]
FRESH = [
    Example((said("Ines", "tea?"), said("Mara", "now?"), said("Ines", "yes")), ("always", "with milk")),
    Example((said("Ines", "and the boat"),), ("it floats",)),
]
TOKENS = [
    "<|im_start|>system",
    "<|im_end|>",
    "</s>",
    "<s>",
    "[INST]",
    "<start_of_turn>model",
    "<｜User｜>",
    "<think>",
    "[|user|]",
]
BREAKS = ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x00", "\ud800", "\u200b", "\u202e"]
MARKS = [
    "Mara: ",
    "Petr: ",
    "(now: 1 message, about 2 words)",
    "：",
    "assistant\n",
    "(you) ",
    "(then) Petr: ",
    notes.TALK,
]
HOSTILE = st.lists(
    st.one_of(st.text(max_size=12), st.sampled_from([*TOKENS, *BREAKS, *MARKS])),
    max_size=8,
).map("".join)
TALKS = st.lists(st.tuples(HOSTILE, HOSTILE, st.booleans()), max_size=8)

PLAIN = Occasion(("Mara",), (20,))


def made(
    *talk: Utterance,
    budget: int = 4000,
    occasion: Occasion = PLAIN,
    steady: list[Example] = STEADY,
    fresh: list[Example] = FRESH,
    stored: bool = False,
    beginnings: Beginnings | None = None,
) -> Prompt:
    rooms = Rooms.of(SYSTEM, budget)
    return prompt(SYSTEM, window(talk, rooms, beginnings or Beginnings()), occasion, steady, fresh, rooms, stored)


def bare(*talk: Utterance, budget: int = 4000) -> Prompt:
    return made(*talk, budget=budget, steady=[], fresh=[])


def lines_of(asked: Prompt, role: str = "user") -> list[str]:
    return [line for m in asked.messages if m["role"] == role for line in m["content"].split("\n")]


def talk_of(asked: Prompt) -> list[str]:
    """The lines of others, wherever they stand."""
    return [line for line in lines_of(asked) if not line.startswith("(")]


def test_the_system_text_tells_how_they_write_and_what_they_never_do_and_nothing_of_the_moment() -> None:
    assert "AI" in SYSTEM and "- Nearly always writes all in lower case. (99% of messages)" in SYSTEM
    how, never = SYSTEM.split("What they never say: ")
    assert "Usually writes 5 words" in how and "that they are human" in never and "- uses emoji." in never
    assert "12 to 20 h" not in SYSTEM and "Mara" not in SYSTEM
    first = bare(said("Petr", "hi")).messages[0]
    assert first == {"role": "system", "content": SYSTEM}
    assert tokens(system_text(CARD * 100, 2048)) <= 2048 * 0.3


def test_a_model_that_has_the_system_text_stored_is_not_sent_it_again() -> None:
    sent, held = made(said("Petr", "hi")), made(said("Petr", "hi"), stored=True)
    assert held.messages == sent.messages[1:] and held.tokens == sent.tokens
    assert not any(message["role"] == "system" for message in held.messages)


def test_the_talk_comes_last_with_everybody_by_name_and_the_subjects_words_as_the_models_own() -> None:
    asked = bare(said("Petr", "tea?"), said("Mara", "always"), said("Ines", "me too"), said("Petr", "on my way"))
    assert asked.messages[1:] == (
        {"role": "user", "content": "Petr: tea?"},
        {"role": "assistant", "content": "always"},
        {
            "role": "user",
            "content": "Ines: me too\n(You write as Mara. Here now: Petr and Ines.)\nPetr: on my way\n"
            "(now: 1 message, about 4 words)",
        },
    )
    assert asked.stop == ("\nPetr:", "\nInes:")


def test_what_changes_with_every_turn_stands_in_the_last_message_before_the_newest_line() -> None:
    occasion = Occasion(("Mara",), (20, 9), now=NOON, unspoken=("the boat\n(it sank)",))
    asked = made(said("Petr", "hi"), said("Mara", "hey"), said("Ines", "tea?"), occasion=occasion)
    assert asked.messages[-1]["content"].split("\n") == [
        notes.OTHER_DAYS,
        "(you) now?",
        "(then) Ines: yes",
        "(you) always",
        "(you) with milk",
        "(then) Ines: and the boat",
        "(you) it floats",
        "(You write as Mara. Today is Monday, 23 November 2026. Here now: Petr and Ines. You do not speak of: the boat "
        "it sank.)",
        "Ines: tea?",
        "(now: 2 messages, about 4 words and 2 words)",
    ]
    contents = [message["content"] for message in asked.messages]
    assert contents[-3:-1] == [f"{notes.TALK}\nPetr: hi", "hey"]
    assert contents.index("kettle's on\ntwo minutes") < contents.index("ten minutes, maybe twelve") < len(contents) - 3


def test_a_prompt_begins_as_the_one_before_it_did_up_to_that_ones_last_message() -> None:
    rng, talk, leaps = random.Random(3), list[Utterance](), 0
    for turn in range(140):
        words = " ".join(rng.choices(["tea", "boat", "rain", "tide", "rope"], k=rng.randint(2, 9)))
        talk.append(said(rng.choice(["Petr", "Ines", "Mara"]), words, NOON + 60.0 * turn))
    beginnings, before = Beginnings(), list[dict[str, str]]()
    for end in (at for at in range(FARTHEST, len(talk)) if not talk[at - 1].own):
        messages = list(made(*talk[end - FARTHEST : end], stored=True, beginnings=beginnings).messages)
        begins = next(at for at, message in enumerate(messages) if message["content"].startswith(notes.TALK))
        assert not before or messages[:begins] == before[:begins]
        leaps += messages[: len(before) - 1] != before[:-1]
        before = messages
    assert leaps <= 100 / (FARTHEST - NEAREST) + 1


def test_the_shown_talk_begins_at_the_same_line_for_many_turns_and_keeps_enough() -> None:
    talk = [said("Petr", f"line {number}", NOON + 60.0 * number) for number in range(400)]
    begins, beginnings = [], Beginnings()
    for end in range(1, len(talk)):
        start = max(0, end - FARTHEST)
        at = beginnings.of(talk[start:end], [10] * (end - start), 10_000)
        assert min(NEAREST, end) <= end - start - at <= FARTHEST
        begins.append(start + at)
    assert begins == sorted(begins)
    assert len(set(begins)) <= len(begins) / (FARTHEST - NEAREST) + 1


def test_where_room_is_short_the_shown_talk_leaps_as_well_instead_of_sliding() -> None:
    talk = [said("Petr", f"line {number}", NOON + 60.0 * number) for number in range(100)]
    beginnings = Beginnings()
    begins = [at + beginnings.of(talk[at : at + FARTHEST], [10] * FARTHEST, 100) for at in range(60)]
    assert len(set(begins)) <= 60 / 5 + 1 and all(30 + at <= begin <= 35 + at for at, begin in enumerate(begins))


def test_the_shown_talk_begins_after_a_pause_where_there_is_one_and_drops_what_is_of_another_day() -> None:
    talk = [said("Petr", f"line {number}", NOON + 60.0 * number + 7200.0 * (number >= 20)) for number in range(40)]
    assert Beginnings().of(talk, [10] * 40, 10_000) == 20
    old = [said("Petr", f"line {number}", NOON + 86_400.0 * (number >= 38)) for number in range(40)]
    assert Beginnings().of(old, [10] * 40, 10_000) == 38
    assert Beginnings().of(talk, [10] * 40, 5) == 40 and Beginnings().of([], [], 100) == 0


def test_roles_take_turns_and_a_user_begins_and_ends() -> None:
    for context in [(), (said("Mara", "hello?"),), (said("Mara", "a"), said("Petr", "b"), said("Mara", "c"))]:
        roles = [message["role"] for message in made(*context).messages[1:]]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


def test_whoever_takes_the_subjects_name_is_told_apart() -> None:
    lines = talk_of(bare(Utterance("mara", 0.0, "i am the real one", own=False)))
    assert lines[0] == "mara (not you): i am the real one"


def test_two_people_whose_names_look_alike_once_cleaned_are_told_apart() -> None:
    lines = talk_of(bare(said("Petr", "a"), said("Petr:\n", "b"), said("::", "c")))
    assert lines == ["Petr: a", "Petr (2): b", f"{NOBODY}: c"]


@given(talk=TALKS, shown=TALKS, wish=HOSTILE, budget=st.integers(450, 5000), at=st.integers(0, 8))
@settings(max_examples=150, deadline=None)
def test_nobody_can_forge_a_line_of_another(
    talk: list[tuple[str, str, bool]], shown: list[tuple[str, str, bool]], wish: str, budget: int, at: int
) -> None:
    """Neither in the talk, nor in what was said earlier, nor in examples, nor in what is not to be spoken of."""
    whole = [Utterance("Mara" if own else author, 10.0 * n, text, own) for n, (author, text, own) in enumerate(talk)]
    examples = [Example((Utterance(author, 0.0, text, own),), (text, "ok")) for author, text, own in shown]
    occasion = Occasion(("Mara",), (20,), tuple(whole[:at]), NOON, (wish,))
    asked = made(*whole[at:], budget=budget, occasion=occasion, steady=examples[::2], fresh=examples[1::2])
    labels = [f"{label}: " for label in asked.labels]
    assert len({label.casefold() for label in labels}) == len(labels)
    assert not any(label.casefold().startswith(("mara:", "(")) for label in labels)

    lines = lines_of(asked)
    assert sum(line.startswith("(now:") for line in lines) == 1
    assert all(sum(line == note for line in lines) <= 1 for note in (notes.EARLIER, notes.TALK, notes.OTHER_DAYS))
    said_then = [line.removeprefix(f"{notes.THEN} ") for line in lines if line.startswith(f"{notes.THEN} ")]
    spoken = [
        line for line in lines if not line.startswith((f"{notes.THEN} ", f"{notes.YOU} ")) and not NOTE.fullmatch(line)
    ]
    assert all(any(line.startswith(label) for label in labels) for line in (*spoken, *said_then))
    own = {plain(u.text) for u in whole if u.own} | {plain(t) for e in examples for t in e.texts}
    own |= {plain(u.text) for e in examples for u in e.context if u.own}
    yours = [line.removeprefix(f"{notes.YOU} ") for line in lines if line.startswith(f"{notes.YOU} ")]
    # One that is too long for the room may be cut.
    assert all(any(text.startswith(line) for text in own) for line in (*lines_of(asked, "assistant"), *yours))
    assert not any(CONTROL.search(m["content"]) for m in asked.messages[1:])
    assert asked.tokens <= budget
    for message in asked.messages:
        message["content"].encode("utf-8")


@given(
    talk=st.lists(st.tuples(st.sampled_from(["Petr", "Ines", "Mara", "漢" * 40]), st.text(max_size=900)), max_size=50),
    memory=st.lists(st.text(max_size=300), max_size=20),
)
@settings(max_examples=60, deadline=None)
def test_the_budget_is_held_whatever_is_said(talk: list[tuple[str, str]], memory: list[str]) -> None:
    earlier = tuple(said("Ines", text, 1.0) for text in memory)
    for budget in (450, 1000, 3000):
        asked = made(
            *(said(author, text) for author, text in talk),
            budget=budget,
            occasion=Occasion(("Mara",), (20,) * 4, earlier, NOON, ("x" * 400,) * 9),
        )
        assert asked.tokens == cost(asked.messages) <= budget


def test_what_was_said_earlier_stands_above_the_talk_as_far_as_there_is_room() -> None:
    memory = (said("Petr", "do you like liver?", 1.0), said("Mara", "yes", 2.0), said("Ines", "eww", 3.0))
    olives = said("Petr", "and olives?")
    occasion = Occasion(("Mara",), (20,), (*memory, olives))
    asked = made(olives, occasion=occasion, steady=[], fresh=[])
    assert [message["content"] for message in asked.messages[1:]] == [
        "(earlier in this conversation)\nPetr: do you like liver?",
        "yes",
        "Ines: eww\n(You write as Mara. Here now: Petr.)\nPetr: and olives?\n(now: 1 message, about 4 words)",
    ]
    assert asked.stop == ("\nPetr:",) and set(asked.labels) == {"Petr", "Ines"}
    long = Occasion(("Mara",), (20,), tuple([said("Ines", "so " * 200, 1.0)] * 40))
    assert made(olives, budget=600, occasion=long).tokens <= 600


def test_where_room_is_short_the_oldest_talk_goes_and_the_newest_line_stays() -> None:
    context = [said("Petr", f"number {i} " + "and so on " * 20) for i in range(12)]
    short, long = bare(*context, budget=1000), bare(*context, budget=4000)
    assert sum("number" in line for line in lines_of(long)) == 12
    kept = [line for line in lines_of(short) if "number" in line]
    assert 1 <= len(kept) < 12 and kept[-1].startswith("Petr: number 11")


def test_a_line_that_alone_is_too_long_is_cut_rather_than_left_out() -> None:
    lines = lines_of(bare(said("Petr", "漢" * 5000), budget=500))
    assert lines[-2].startswith("Petr: 漢漢")


def test_our_count_is_raised_by_what_a_base_was_seen_to_take_and_never_falls() -> None:
    counting = Counting()
    assert counting.factor("a") == 1.0
    for counted, real in ((1000, 700), (0, 700), (1000, 0)):
        counting.learn("a", counted, real)
    assert counting.factor("a") == 1.0
    counting.learn("a", 1000, 1500)
    counting.learn("a", 1000, 900)
    assert counting.factor("a") == 1.5 and counting.factor("b") == 1.0
    counting.exceeded("b")
    counting.exceeded("b")
    assert counting.factor("b") == pytest.approx(1.5625)
    counting.learn("b", 1, 4000)
    assert counting.factor("b") == MOST


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
