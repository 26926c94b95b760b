"""Drafts: they come to their length, never quote for long, and end as people end."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.persona.fingerprints import SPAN
from echo.persona.finishing import closed, sound
from echo.persona.guard import Guard
from echo.persona.model import Persona
from echo.persona.ngram import FIRST, Phrases
from echo.persona.sampling import CROWD, Mood, Sampler, bounds
from echo.persona.tokens import pieces

from .talk import START, asked

SYLLABLES = ("ka", "lo", "mi", "ne", "tu", "ra", "so", "ve", "bi", "du")


def ramble(rng: Random, words: int) -> str:
    """Words each of which is followed by one of eight: what is said is new, and two words of it never are."""
    at, out = rng.randrange(200), []
    for _ in range(words):
        out.append(SYLLABLES[at % 10] + SYLLABLES[at // 10 % 10] + "n" * (at // 100))
        at = (at * 7 + rng.randrange(8)) % 200
    return " ".join(out)


def texts(count: int, words: tuple[int, ...] = (4, 12, 24, 50)) -> list[str]:
    """Messages of so many words."""
    rng = Random(3)
    return [ramble(rng, rng.choice(words)) for _ in range(count)]


def sampler(said: list[str], seed: int = 1) -> tuple[Phrases, Sampler]:
    """A sampler of these messages in no particular mood."""
    phrases = Phrases.learn([[pieces(text)] for text in said])
    mood = Mood(np.ones(phrases.messages), np.ones(len(phrases.vocabulary)))
    return phrases, Sampler(phrases, mood, Random(seed))


@pytest.mark.parametrize("length", [40, 120, 250])
def test_drafts_come_to_the_length_that_was_planned(length: int) -> None:
    phrases, drawing = sampler(texts(400))
    least, most = bounds(length)
    sizes = []
    for _ in range(60):
        tokens, _ = drawing.message(drawing.opening(FIRST), least, most)
        sizes.append(len("".join(phrases.vocabulary[token] for token in tokens)))
    assert sum(least <= size <= most for size in sizes) >= 44


def test_drafts_are_no_quotes_however_long_they_are() -> None:
    said = texts(400)
    phrases, drawing = sampler(said)
    guard = Guard.learn(said)
    least, most = bounds(200)
    drafts = []
    for _ in range(60):
        tokens, _ = drawing.message(drawing.opening(FIRST), least, most)
        drafts.append("".join(phrases.vocabulary[token] for token in tokens).strip())
    long = [draft for draft in drafts if len(draft.split()) >= SPAN]
    assert len(long) >= 40
    assert sum(guard.copies(draft) for draft in long) <= len(long) / 5


def test_an_answer_is_as_long_as_theirs_are() -> None:
    rows = []
    for at, text in enumerate(said := texts(250, (12, 30, 50))):
        rows.append(Written("Otto", "lobby", START + at * 4000, f"what of {SYLLABLES[at % 10]}?"))
        rows.append(Written("Wren", "lobby", START + at * 4000 + 20, text))
    persona = Persona.fit(bursts_of(rows, "Wren"), "Wren", seed=2)
    answers = [text for seed in range(24) for text in persona.reply(asked("what of ka?"), seed=seed)]
    theirs = sorted(len(text) for text in said)
    ours = sorted(len(text) for text in answers)
    for share in (0.25, 0.5, 0.75, 0.9):
        assert ours[int(share * len(ours))] == pytest.approx(theirs[int(share * len(theirs))], rel=0.3)
    assert answers[0] == persona.reply(asked("what of ka?"), seed=0)[0]


def test_of_very_many_places_a_sample_is_weighed() -> None:
    phrases, drawing = sampler([f"so {word} it" for word in ("is", "was", "goes") for _ in range(CROWD)])
    said = set()
    for _ in range(60):
        tokens, _ = drawing.message(drawing.opening(FIRST), 1, 40)
        said.add("".join(phrases.vocabulary[token] for token in tokens))
    assert said == {"so is it", "so was it", "so goes it"}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("well (if you ask me", "well (if you ask me)"),
        ('he said "no way', 'he said "no way"'),
        ("use `make", "use `make`"),
        ("fine :(", "fine :("),
        ("a (b) c", "a (b) c"),
        ("(" + "so " * 40, "(" + "so " * 40),
        ("what is this (", "what is this ("),
        ("", ""),
    ],
)
def test_what_was_opened_a_moment_ago_is_closed(text: str, whole: str) -> None:
    assert closed(text) == whole
    assert sound(closed("see (the shed")) and not sound("see (the shed")
