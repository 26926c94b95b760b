"""Pseudonyms: invented names for everybody but the subject, the same in all of a profile's texts."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.ordinary import ORDINARY
from echo.corpus.pseudonyms import People, pseudonym

WREN, OTTO, DAGNY = 11, 22, 33


def people(subject: str = "Wren", salt: str = "profile 7") -> People:
    return People(WREN, subject, salt)


def test_a_pseudonym_is_pronounceable_capitalised_and_no_ordinary_word() -> None:
    for user_id in range(5_000):
        name = pseudonym("profile 7", user_id)
        assert re.fullmatch(r"[A-Z][a-z]{4,12}", name)
        assert re.search(r"[aeiou]", name)
        assert not re.search(r"[^aeiou]{4}|[aeiou]{3}", name)
        assert name.lower() not in ORDINARY


def test_there_are_millions_of_pseudonyms() -> None:
    # Of n names drawn from m the expected number of pairs alike is n * n / (2 * m): 50,000 draws from 300,000 would
    # give 4,167, from 5 million 240.
    drawn = [pseudonym("profile 7", user_id) for user_id in range(50_000)]
    assert len(drawn) - len(set(drawn)) < 400


def test_a_pseudonym_stays_the_same_and_differs_between_profiles() -> None:
    assert people().name_of(OTTO, "Otto") == people().name_of(OTTO, "Otto the Great") == pseudonym("profile 7", OTTO)
    assert people().name_of(OTTO) != people(salt="profile 8").name_of(OTTO)


def test_the_subject_keeps_their_shown_name_and_nobody_else_gets_it() -> None:
    taken = people().name_of(OTTO)
    assert people(taken.upper()).name_of(WREN, "wren_old") == taken.upper()
    assert people(taken.upper()).name_of(OTTO).lower() != taken.lower()


OTTOS = people().name_of(OTTO)
DAGNYS = people().name_of(DAGNY)


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (["Otto"], "Otto said so", f"{OTTOS} said so"),
        (["Otto"], "ask otto, or OTTO", f"ask {OTTOS.lower()}, or {OTTOS}"),
        (["Otto"], "ottoman risotto Otto2 _Otto", "ottoman risotto Otto2 _Otto"),
        (["Otto"], "Otto's boat, (Otto) **Otto**", f"{OTTOS}'s boat, ({OTTOS}) **{OTTOS}**"),
        (["otto_k"], "ping otto_k", f"ping {OTTOS.lower()}"),
        (["Otto Kettle"], "Otto Kettle and Otto", f"{OTTOS} and {OTTOS}"),
        (["Otto Kettle"], "Otto\nKettle", f"{OTTOS}\nKettle"),
        (["xX_Otto_Xx", "Otto | harbour"], "Otto | harbour is xX_Otto_Xx", f"{OTTOS} is {OTTOS}"),
        (["Will"], "Will you? will i, Will", "Will you? will i, Will"),
        (["Will"], "@Will you? @will", f"@{OTTOS} you? @{OTTOS}"),
        (["Will Hope"], "will hope", "will hope"),
        (["Will Smithson"], "Will Smithson will", f"{OTTOS} will"),
        (["Bo"], "Bo went", "Bo went"),
        (["123"], "123 of @123", f"123 of @{OTTOS}"),
        (["The Great Otto"], "the boat of the great otto", f"the boat of {OTTOS.lower()}"),
        (["Bo"], "@Bo went", f"@{OTTOS} went"),
        (["Öttö"], "öttö, Öttö", f"{OTTOS.lower()}, {OTTOS}"),
        (["???", "", "  "], "??? what", "??? what"),
        (["Otto"], "https://example.org/Otto by Otto", f"https://example.org/Otto by {OTTOS}"),
        (["a.b*c(d"], "@a.b*c(d is there", f"@{OTTOS} is there"),
    ],
)
def test_learnt_names_are_replaced_as_whole_words(names: list[str], text: str, expected: str) -> None:
    known = people()
    known.learn(OTTO, *names)
    assert known.renamed(text) == expected


def test_names_of_the_subject_become_their_shown_name() -> None:
    known = people("Wren Hale")
    known.learn(WREN, "wrenna_h")
    assert known.renamed("wrenna_h, @Wren Hale") == "wren hale, @Wren Hale"


def test_a_name_of_two_stays_with_the_first_and_the_subjects_with_the_subject() -> None:
    known = people("Arlo")
    known.learn(OTTO, "Otto")
    known.learn(DAGNY, "Otto", "Arlo")
    assert known.renamed("Otto and Arlo") == f"{OTTOS} and Arlo"
    known.learn(WREN, "Otto")
    assert known.renamed("Otto") == "Arlo"


def test_a_name_that_is_learnt_later_is_found_from_then_on() -> None:
    known = people()
    known.learn(OTTO, "Otto")
    assert known.renamed("Otto Dagny") == f"{OTTOS} Dagny"
    known.learn(DAGNY, "Otto Dagny")
    assert known.renamed("Otto Dagny") == DAGNYS


def test_channels_are_called_by_name_once_learnt() -> None:
    known = people()
    assert known.channel(5) == "channel"
    known.learn_channel(5, "general")
    assert known.channel(5) == "general"


@settings(max_examples=150)
@given(st.lists(st.text(max_size=12), max_size=6), st.text(max_size=60))
def test_any_name_can_be_learnt_and_any_text_renamed(names: list[str], text: str) -> None:
    known = people()
    known.learn(OTTO, *names)
    assert isinstance(known.renamed(f"{text} {' '.join(names)}"), str)


def test_thousands_of_names_cost_no_more_than_a_few() -> None:
    known = people()
    for user_id in range(20_000):
        known.learn(1_000 + user_id, f"name{user_id} of{user_id}")
    began = time.process_time()
    for _ in range(1_000):
        known.renamed("so what i did was: i took the old one apart and put a new one in")
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("piece", ["a", "Otto ", "@Otto", "Otto Kettle", "Otto| ", "a://", "a:", "Otto  "])
def test_hostile_repetition_costs_no_more_than_its_length(piece: str) -> None:
    known = people()
    known.learn(OTTO, "Otto Kettle", "Otto", "Otto Otto Otto")
    began = time.process_time()
    known.renamed(f"Otto {piece * (100_000 // len(piece))}")
    assert time.process_time() - began < 1.0
