"""Telling drafts from what was really written."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.persona.discriminating import FEWEST, Discriminator
from echo.persona.ngram import Phrases

WORDS = ("kettle", "ladder", "shed", "boat", "again", "was", "the", "is")


def lines(count: int, ending: str, seed: int) -> list[str]:
    rng = Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(2, 9))) + ending for _ in range(count)]


def test_what_drafts_lack_speaks_for_a_text() -> None:
    told = Discriminator.learn(lines(300, "...", 1), lines(300, "", 2))
    real, drafts = told.odds(lines(100, "...", 3)), told.odds(lines(100, "", 4))
    assert float(np.mean(real)) > 0.5 > -0.5 > float(np.mean(drafts))


def test_texts_of_one_kind_are_not_told_apart() -> None:
    told = Discriminator.learn(lines(300, "", 1), lines(300, "", 2))
    assert abs(float(np.mean(told.odds(lines(200, "", 3))))) < 0.25


def test_from_too_few_nothing_is_told() -> None:
    told = Discriminator.learn(lines(FEWEST - 1, "!", 1), lines(300, "", 2))
    assert told.odds(["so!", ""]).tolist() == [0.0, 0.0]


def test_what_was_learnt_survives_storing() -> None:
    told = Discriminator.learn(lines(200, "?", 1), lines(200, "", 2))
    again = Discriminator.of(told.arrays())
    np.testing.assert_array_equal(again.odds(["where is it?", "so"]), told.odds(["where is it?", "so"]))


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(max_size=30), max_size=8))
def test_any_text_at_all_has_its_odds(texts: list[str]) -> None:
    told = Discriminator.learn(lines(120, "?", 1), lines(120, "", 2))
    assert np.isfinite(told.odds(texts)).all()
    assert len(told.odds(texts)) == len(texts)
    assert Phrases.learn([[list(text) for text in texts]]).messages == len(texts)
