"""What is kept beside a persona, how it is found again, and how damaged bytes are told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.engines.bundle import bundled, unbundled
from echo.engines.examples import LONGEST, MOST, Example, Examples, dumped, examples_of, loaded
from echo.engines.ollama.mind import Mind
from echo.errors import EngineFailed
from echo.persona.turns import Burst, Utterance
from tests.support.learnt import bundle, bursts, persona, said


def turn(ts: float, heard: str, *texts: str, own_before: bool = False) -> Burst:
    before = said("Mara", "mine") if own_before else said("Petr", heard)
    return Burst(
        ts, "general", (before,), texts, tuple(ts + i for i in range(len(texts))), 5.0, (1.0,) * (len(texts) - 1)
    )


def test_only_answers_to_others_are_kept_oldest_first() -> None:
    kept = examples_of([turn(2, "later", "b"), turn(1, "sooner", "a"), turn(3, "", "c", own_before=True)])
    assert [(one.context[-1].text, one.texts) for one in kept] == [("sooner", ("a",)), ("later", ("b",))]


def test_the_newest_are_kept_and_each_only_so_far() -> None:
    kept = examples_of(turn(float(i), f"question {i}", "so " * 200 if i == 10 else "so") for i in range(MOST + 10))
    assert len(kept) == MOST
    assert kept[0].context[-1].text == "question 10"
    assert LONGEST - 2 <= len(kept[0].texts[0]) <= LONGEST


def test_steady_examples_are_the_same_ones_each_time_and_others_that_come_change_few_of_them() -> None:
    kept = examples_of(turn(float(i), f"question {i}", f"answer {i}") for i in range(500))
    before, again, after = (
        Examples(some).steady(6) for some in (kept, kept, kept[10:] + examples_of([turn(1e6, "x", "y")]))
    )
    assert before == again and len({one.texts for one in before}) == 6
    assert sum(one in before for one in after) >= 5
    assert len(Examples(kept[:3]).steady(6)) == 3


def test_what_identifies_somebody_is_not_kept() -> None:
    (kept,) = examples_of([turn(1, "what's your mail?", "mara.lind@example.org, or +31 6 1234 5678")])
    assert "example.org" not in str(kept) and "1234" not in str(kept)


def test_like_moments_are_found_the_most_like_last() -> None:
    pairs = [
        Example((said("Petr", "is the kiln still warm today"),), ("warm enough",)),
        Example((said("Ines", "who has the blue paint"),), ("me",)),
        Example((said("Petr", "the kiln is on fire"),), ("again?",)),
        Example((said("Juno", "nothing of the kind"),), ("hm",)),
    ]
    found = Examples(pairs).like([said("Kofi", "hello"), said("Tobias", "is the kiln warm?")], 2, seed=1)
    assert [one.texts[0] for one in found] == ["again?", "warm enough"]


def test_where_nothing_is_like_it_others_make_up_the_number_and_no_answer_comes_twice() -> None:
    pairs = [Example((said("Petr", f"word{i}"),), (f"answer {i // 2}",)) for i in range(40)]
    found = Examples(pairs).like([said("Petr", "unheard of")], 6, seed=3)
    assert len({one.texts for one in found}) == 6
    assert found == Examples(pairs).like([said("Petr", "unheard of")], 6, seed=3)


def test_without_examples_there_is_nothing_to_find() -> None:
    assert Examples([]).like([said("Petr", "hi")], 5, seed=1) == []


def test_a_real_corpus_gives_examples_that_fit() -> None:
    known = examples_of(bursts())
    assert len(known) > 100
    asked = known[100]
    assert Examples(known).like(asked.context, 3, seed=1)[-1].context[-1].text == asked.context[-1].text


@given(
    pairs=st.lists(
        st.builds(
            Example,
            st.tuples(st.builds(Utterance, st.text(), st.just(0.0), st.text(), st.booleans())),
            st.lists(st.text(st.characters(codec=None)), min_size=1).map(tuple),
        )
    ),
    model=st.binary(max_size=40),
)
@settings(max_examples=40, deadline=None)
def test_what_goes_into_a_bundle_comes_out_again(pairs: list[Example], model: bytes) -> None:
    inside, kept = unbundled(bundled(model, dumped(pairs)))
    assert inside == model
    assert loaded(kept) == pairs


def test_a_bare_persona_is_a_model_without_examples() -> None:
    assert len(Mind.of(persona()).examples) == 0
    assert len(Mind.of(bundle()).examples) > 100


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        (lambda blob: b"", "not one of Echo's"),
        (lambda blob: b"PK" + blob, "not one of Echo's"),
        (lambda blob: blob[:20], "not one of Echo's"),
        (lambda blob: blob[:-1], "damaged or cut short"),
        (lambda blob: blob[:-9] + bytes([blob[-9] ^ 1]) + blob[-8:], "damaged or cut short"),
        (lambda blob: blob[:8] + b"\0\0\0\7" + blob[12:], "format 7"),
    ],
)
def test_damaged_bytes_are_refused_in_one_sentence(spoilt, sentence: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(EngineFailed, match=sentence) as told:
        Mind.of(spoilt(bundle()))
    assert str(told.value).endswith("train the echo again.")


def test_examples_of_another_shape_are_refused() -> None:
    for rows in (b"7", b"[[1]]", b"\xff", b'[["ab", "c"], 5]'):
        with pytest.raises(EngineFailed, match="train the echo again"):
            Mind.of(bundled(persona(), rows))
