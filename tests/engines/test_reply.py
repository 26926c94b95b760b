"""What a chat model wrote becomes messages, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from echo.engines.ollama.reply import messages_of
from echo.persona.avowal import denies
from echo.persona.unmasking import bare_words
from tests.engines.test_prompt import HOSTILE


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
        ("(You write as Mara. Today is Monday.)\n(you) kettle's on\n(then) Ines: tea?", ("kettle's on",)),
        ("kettle's on<|im_end|>\n<|im_start|>user", ("kettle's on",)),
        ("kettle's on[|endofturn|]\n[|user|]tea", ("kettle's on",)),
        ("hey @everyone and <@12345>", ("hey @everyone and <@12345>",)),
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
    assert denies(bare_words(text), text)


@pytest.mark.parametrize("text", ["i'm an ai echo", "i'm not sure", "the bot is not me", "i am not going", "people!"])
def test_other_words_are_no_denial(text: str) -> None:
    assert not denies(bare_words(text), text)
