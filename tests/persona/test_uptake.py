"""Words that somebody just used are taken up, where the person would; names, numbers and keys are not."""

from __future__ import annotations

from random import Random

import pytest

from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.persona.lexicon import Lexicon
from echo.persona.model import Persona
from echo.persona.names import NameBook
from echo.persona.past import Past
from echo.persona.tokens import TAKEN
from echo.persona.turns import Utterance
from echo.persona.uptake import CAPITAL, CODE, DONE, GOING, PLURAL, SMALL, Uptake, kind_of, taken

from .talk import START, asked

SYLLABLES = ("zor", "quin", "bla", "mep", "tul", "fiv", "rag", "nod")


def coined(number: int) -> str:
    """A word that nobody has used before; never two alike below 512."""
    return SYLLABLES[number % 8] + SYLLABLES[number // 8 % 8] + SYLLABLES[number // 64 % 8]


@pytest.fixture(scope="module")
def curious() -> Persona:
    """Somebody who always asks back about the new thing."""
    rng = Random(4)
    rows = []
    for at in range(240):
        thing, now = coined(at), START + at * 4000
        rows.append(Written("Otto", "lobby", now, f"i have bought the {thing} today"))
        back = (f"oh, the {thing} again?", f"what does the {thing} do", f"is the {thing} any good?", "hm, i see")
        rows.append(Written("Wren", "lobby", now + 20, rng.choice(back)))
    return Persona.fit(bursts_of(rows, "Wren"), "Wren", seed=1)


def test_a_word_never_heard_before_is_taken_up(curious: Persona) -> None:
    answers = [" ".join(curious.reply(asked("i have bought the wexlin today"), seed=seed)) for seed in range(30)]
    assert sum("wexlin" in answer for answer in answers) >= 11
    assert not any(slot in answer for slot in TAKEN for answer in answers)
    assert not any(coined(at) in answer for at in range(240) for answer in answers)


def test_it_is_still_taken_up_after_storing(curious: Persona) -> None:
    again = Persona.load(curious.dump())
    for seed in range(8):
        context = asked("i have bought the wexlin today")
        assert again.reply(context, seed=seed) == curious.reply(context, seed=seed)


def test_where_nothing_may_be_taken_up_something_else_is_said(curious: Persona) -> None:
    for context in ((), asked("hello"), asked("")):
        assert not any(
            slot in text for seed in range(3) for text in curious.reply(context, seed=seed) for slot in TAKEN
        )


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("kettle", SMALL),
        ("Kettle", CAPITAL),
        ("NASA", CAPITAL),
        ("my_kettle", CODE),
        ("utf8", CODE),
        ("getKettle", CODE),
        ("kettles", PLURAL),
        ("boiling", GOING),
        ("boiled", DONE),
        ("bus", SMALL),
        ("чайник", SMALL),
        ("茶", SMALL),
    ],
)
def test_words_are_told_apart_by_how_they_are_written(word: str, kind: str) -> None:
    assert kind_of(word) == kind


def uptake() -> Uptake:
    past = Past.of((), "Wren")
    return Uptake(Lexicon.learn([("Otto", "morning all", False)]), NameBook("Wren", {*past.others(), "Dagny"}))


@pytest.mark.parametrize(
    "text", ["dagny", "wren", "otto", "my pin is 482913", "https://wexlin.example/zorblat", "please", "ab", "x" * 40]
)
def test_names_numbers_links_and_plain_words_are_not_offered(text: str) -> None:
    words = {
        offer.word for offers in uptake().offered([Utterance("Otto", START, text, False)]).values() for offer in offers
    }
    assert not words & {"dagny", "wren", "otto", "482913", "wexlin", "zorblat", "please", "ab", "x" * 40}


def test_a_word_comes_where_it_stood_among_the_same_words() -> None:
    offered = uptake().offered([Utterance("Otto", START, "we wexlin the zorblat", False)])
    assert {taken(f"where is the {SMALL}", offered, Random(seed)) for seed in range(9)} == {"where is the zorblat"}
    assert taken(f"so {SMALL} up", offered, Random(1)) is None
    assert taken("nothing to fill", offered, Random(1)) == "nothing to fill"
