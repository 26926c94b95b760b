"""Amending a persona: what is withdrawn is taken out, what is new joins, and nothing is fitted anew."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echo.persona.amending import Amended
from echo.persona.model import Persona
from echo.persona.turns import Burst, Utterance
from tests.persona.talk import START, asked, talk
from tests.support.learnt import named

MESSAGES = 260
SECRET_WORDS = ("zorblatt", "quixmere", "vantoosh")


@cache
def learnt() -> bytes:
    """A persona of the first of the talk."""
    return Persona.fit(known(), "Wren", seed=1).dump()


@cache
def known() -> list[Burst]:
    return named(talk(MESSAGES))


@cache
def later() -> list[Burst]:
    """Turns of which the persona knows nothing, with words of their own."""
    new = [moved(b, 1e8) for b in talk(80, seed=5)]
    marked = [replace(b, texts=tuple(f"{text} vexillum{k % 5}" for text in b.texts)) for k, b in enumerate(new)]
    return named([*known(), *marked])[len(known()) :]


def moved(burst: Burst, by: float) -> Burst:
    """The same so many seconds later."""
    heard = tuple(replace(u, ts=u.ts + by) for u in burst.context)
    return replace(burst, ts=burst.ts + by, times=tuple(ts + by for ts in burst.times), context=heard)


def fresh() -> Persona:
    return Persona.load(learnt())


def own_ids(bursts: list[Burst]) -> list[int]:
    return [one for burst in bursts for one in burst.ids]


def everything(bursts: list[Burst]) -> set[int]:
    return {one for burst in bursts for one in (*burst.ids, *burst.context_ids)}


def planted() -> tuple[list[Burst], set[int]]:
    """The talk with a phrase in it that only some messages hold, often enough to be said; and those messages."""
    out, ids = [], set()
    for at, burst in enumerate(known()):
        if at % 6 == 5:
            burst = replace(burst, texts=(f"the {SECRET_WORDS[0]} is in the {SECRET_WORDS[1]}", *burst.texts[1:]))
            ids.add(burst.ids[0])
        elif at % 6 == 2 and not burst.context[-1].own:
            heard = replace(burst.context[-1], text=f"and the {' '.join(SECRET_WORDS)}?")
            burst = replace(burst, context=(*burst.context[:-1], heard))
            ids.add(burst.context_ids[-1])
        out.append(burst)
    # What is heard before one turn stands before later ones too.
    said = {one: text for b in out for one, text in zip(b.ids, b.texts, strict=True) if one in ids}
    said |= {
        one: u.text for b in out for one, u in zip(b.context_ids, b.context, strict=True) if SECRET_WORDS[2] in u.text
    }
    for at, burst in enumerate(out):
        pairs = zip(burst.context_ids, burst.context, strict=True)
        out[at] = replace(burst, context=tuple(replace(u, text=said.get(one, u.text)) for one, u in pairs))
    return out, ids


def strings(blob: bytes) -> bytes:
    """All that a stored persona holds, array by array."""
    with np.load(io.BytesIO(blob[blob.index(b"PK") :]), allow_pickle=False) as stored:
        return b"\0".join(stored[name].tobytes() for name in stored.files)


def test_what_only_withdrawn_messages_said_never_comes_out_again() -> None:
    bursts, ids = planted()
    persona = Persona.fit(bursts, "Wren", seed=2)
    question = asked("wren, is the zorblatt quixmere in the shed?")
    before = [" ".join(persona.reply(question, seed=seed)) for seed in range(25)]
    assert any(SECRET_WORDS[0] in text for text in before)
    counts = persona.amend((), ids)
    assert counts == Amended(0, len(ids), 0)
    after = [" ".join(persona.reply(question, seed=seed)) for seed in range(500)]
    assert all(after) and not any(word in text for text in after for word in SECRET_WORDS)


def test_a_stored_persona_holds_no_word_that_only_withdrawn_messages_held() -> None:
    bursts, ids = planted()
    persona = Persona.fit(bursts, "Wren", seed=2)
    assert all(word.encode() in strings(persona.dump()) for word in SECRET_WORDS)
    persona.amend((), ids)
    left = strings(persona.dump())
    assert not any(word.encode() in left for word in SECRET_WORDS)


def test_the_counts_are_those_of_a_fit_without_the_withdrawn() -> None:
    ids = set(own_ids(known())[3::7]) | {b.context_ids[-1] for b in known()[2::9]}
    persona = fresh()
    persona.amend((), ids)
    rest = []
    for b in known():
        said = [k for k, one in enumerate(b.ids) if one not in ids]
        heard = [k for k, one in enumerate(b.context_ids) if one not in ids]
        if said:
            rest.append(
                replace(
                    b,
                    texts=tuple(b.texts[k] for k in said),
                    times=tuple(b.times[k] for k in said),
                    ids=tuple(b.ids[k] for k in said),
                    context=tuple(b.context[k] for k in heard),
                    context_ids=tuple(b.context_ids[k] for k in heard),
                )
            )
    again = Persona.fit(rest, "Wren", seed=1)
    assert persona.messages == again.messages
    for key in ("lexicon.rarity", "lexicon.affinity", "lexicon.people", "lexicon.share", "guard.spans", "guard.wholes"):
        assert (array(persona, key) == array(again, key)).all(), key
    assert sorted(array(persona, "record.message")) == sorted(array(again, "record.message"))
    assert len(array(persona, "phrases.tokens")) == len(array(again, "phrases.tokens"))


def array(persona: Persona, key: str) -> NDArray[np.generic]:
    blob = persona.dump()
    with np.load(io.BytesIO(blob[blob.index(b"PK") :]), allow_pickle=False) as stored:
        found: NDArray[np.generic] = stored[key]
        return found


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 39), max_size=12), st.sets(st.integers(0, 200), max_size=20))
def test_what_joins_and_is_withdrawn_again_leaves_everything_as_it_was(new: set[int], gone: set[int]) -> None:
    persona = fresh()
    every = sorted(everything(known()))
    persona.amend((), {every[at % len(every)] for at in gone})
    before = persona.dump()
    joining = [later()[at] for at in sorted(new) if at < len(later())]
    persona.amend(joining, ())
    assert persona.messages == Persona.load(before).messages + sum(len(b.texts) for b in joining)
    persona.amend((), everything(joining))
    assert persona.dump() == before


@settings(max_examples=8, deadline=None)
@given(st.sets(st.integers(0, 39), max_size=6), st.sets(st.integers(0, 200), max_size=20))
def test_the_same_amendment_twice_is_as_good_as_once(new: set[int], gone: set[int]) -> None:
    persona = fresh()
    every = sorted(everything(known()))
    joining = [later()[at] for at in sorted(new) if at < len(later())]
    withdrawn = {every[at % len(every)] for at in gone}
    first = persona.amend(joining, withdrawn)
    once = persona.dump()
    second = persona.amend(joining, withdrawn)
    assert persona.dump() == once
    assert first == Amended(sum(len(b.texts) for b in joining), len(withdrawn), 0)
    assert second == Amended(0, 0, len(withdrawn))


def test_what_joins_is_said() -> None:
    persona = fresh()
    new = [replace(b, context=(replace(b.context[-1], text="the vexillum0 fell"),), context_ids=b.context_ids[-1:])
           for b in later() if b.context]  # fmt: skip
    persona.amend(new, ())
    said = [" ".join(persona.reply(asked("wren, where is the vexillum0?"), seed=seed)) for seed in range(40)]
    assert any("vexillum" in text for text in said)


def test_a_word_that_nobody_else_uses_is_not_said_before_a_fit_has_judged_it() -> None:
    persona = fresh()
    persona.amend([replace(b, context=(), context_ids=()) for b in later()], ())
    said = [" ".join(persona.reply(asked("wren, where is the kettle?"), seed=seed)) for seed in range(60)]
    assert not any("vexillum" in text for text in said)
    assert b"vexillum" not in b"".join(p.encode() for p in persona._parts.voice.phrases.vocabulary)


def test_a_message_that_says_something_else_now_says_only_that() -> None:
    persona = fresh()
    burst = next(b for b in known() if len(b.texts) == 1 and b.context)
    edited = replace(burst, texts=("the kettle is in the garden",))
    before = persona.messages
    assert persona.amend([edited], burst.ids) == Amended(1, 1, 0)
    assert persona.messages == before
    # A turn that goes on takes the place of its beginning.
    longer = replace(
        edited, texts=(*edited.texts, "or so"), times=(*edited.times, edited.times[0] + 5), ids=(*edited.ids, 99)
    )
    assert persona.amend([longer], ()) == Amended(1, 0, 0)
    assert persona.messages == before + 1


def test_withdrawing_everything_leaves_a_persona_that_is_silent() -> None:
    persona = fresh()
    every = everything(known())
    assert persona.amend((), every).withdrawn == len(every)
    assert persona.messages == 0
    persona = Persona.load(persona.dump())
    for seed in range(20):
        assert persona.reply(asked("wren?"), seed=seed) == []
    assert persona.delay(asked("wren?")) > 0
    assert persona.score(asked("wren?"), "no") == persona.score(asked("wren?"), "no")
    assert 0 <= persona.speak_probability(asked("wren?"), addressed=True) <= 1
    assert "kettle" not in str(persona.card())
    persona.amend(known(), ())
    assert any(persona.reply(asked("wren, where is the kettle?"), seed=seed) for seed in range(20))


def test_messages_without_an_id_join_and_are_taken_out_together_as_number_0() -> None:
    persona = fresh()
    before = persona.messages
    new = [Burst(START, "c", (Utterance("Otto", START - 5, "tea?", False),), ("yes",), (START,), 5.0, ())]
    assert persona.amend(new, ()) == Amended(1, 0, 0)
    assert persona.messages == before + 1
    assert persona.amend((), {0}) == Amended(0, 2, 0)
    assert persona.messages == before


def test_who_wrote_nothing_that_is_left_is_not_known_any_more() -> None:
    persona = fresh()
    guest = Utterance("Zebedee", START + 5, "hello", False)
    burst = Burst(START + 6, "c", (guest,), ("hello to you",), (START + 6,), 1.0, (), False, (7,), (8,))
    persona.amend([burst], ())
    assert b"Zebedee" in strings(persona.dump())
    persona.amend((), {8})
    assert b"Zebedee" not in strings(persona.dump())


@pytest.mark.parametrize("ids", [{1}, {2**63 - 1}, {2**70}, {-5}, set()])
def test_ids_that_nobody_knows_change_nothing(ids: set[int]) -> None:
    persona = fresh()
    assert persona.amend((), ids) == Amended(0, 0, len(ids))
    assert persona.dump() == learnt()
