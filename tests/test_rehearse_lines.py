"""Rehearsing by lines: whatever a line holds, it gets one line of JSON in answer, and the next one is read."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.persona.turns import Utterance
from echo.rehearse import EmbeddedRehearsal, protocol
from echo.rehearse_chat import chat_from

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HALF = "\ud83d"
"""Half of a surrogate pair: JSON can hold it, UTF-8 can't."""


def fit(count: int = 60, seed: int = 1, **changed: object) -> dict[str, Any]:
    """A request to learn; `changed` are fields of every turn that are different."""
    turns = [
        {
            "ts": 1_700_000_000 + 100 * i,
            "channel": "talk",
            "context": [
                {"author": "Ben", "ts": 1_700_000_000 + 100 * i - 5, "text": "how is the boat?", "self": False}
            ],
            "messages": [{"ts": 1_700_000_000 + 100 * i, "text": f"the boat {HALF} is {i} days late"}],
            "delay": 5,
            "gaps": [],
            **changed,
        }
        for i in range(count)
    ]
    return {"op": "fit", "train": turns, "meta": {"author": "Ana", "seed": seed}}


def answers(*lines: object, echo: EmbeddedRehearsal | None = None) -> list[dict[str, Any]]:
    """The answers to these lines: texts as they are, everything else as JSON."""
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    out = io.StringIO()
    assert protocol(io.StringIO(text), out, echo) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"op":"delay","context":[{"author":"a","text":"b","ts":' + "1" * 5000 + "}]}", "thousands of digits"),
        ('{"op":"delay","context":[{"author":"a","text":"b","ts":NaN}]}', '"ts" must be a number'),
        ('{"op":"delay","context":[{"author":"a","text":"b","ts":1e999}]}', '"ts" must be a number'),
        ('{"op":"delay","context":[{"author":"a","text":"b","ts":1700000000000}]}', '"ts" must be'),
        ('{"op":"delay","context":[{"author":"a","text":"b","ts":300000000000}]}', "not milliseconds"),
        ('{"op":"fit","train":[],"meta":{"author":"a","seed":"1"}}', '"seed" must be'),
        ("null", "JSON object"),
    ],
)
def test_a_bad_line_is_told_in_one_sentence_and_the_next_one_is_read(line: str, says: str) -> None:
    bad, good = answers(line, fit(1))
    assert says in bad["error"] and bad["error"].count("\n") == 0
    assert "error" not in good or "to learn from" in good["error"]


@pytest.mark.parametrize("seed", [0, -1, -(10**40), 10**40])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    learnt, said = answers(fit(seed=seed), {"op": "reply", "context": []})
    assert learnt["ok"] and isinstance(said["value"], list)


def test_times_that_run_backwards_are_survived() -> None:
    learnt, delay = answers(fit(delay=-7, gaps=[-5], ts=-1), {"op": "delay", "context": []})
    assert learnt["ok"] and delay["value"] >= 0


def test_half_a_character_comes_back_as_json_that_can_be_written() -> None:
    echo = EmbeddedRehearsal()
    answers(fit(), echo=echo)
    for ask in ({"op": "reply", "context": [{"author": HALF, "ts": 1, "text": HALF}]}, {"op": HALF}):
        out = io.StringIO()
        protocol(io.StringIO(json.dumps(ask) + "\n"), out, echo)
        assert json.loads(out.getvalue().encode("utf-8"))


def test_bytes_that_are_no_text_do_not_end_it() -> None:
    asked = b'{"op":"\xff\xfe"}\n{"op":"reply","context":[]}\n'
    done = subprocess.run(
        [sys.executable, "-m", "echo", "rehearse"],
        input=asked,
        capture_output=True,
        env={"PYTHONIOENCODING": "utf-8:strict"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [list(json.loads(line)) for line in done.stdout.splitlines()] == [["error"], ["error"]]


class Steering(EmbeddedRehearsal):
    """An echo of somebody who wrote commands of terminals."""

    def reply(self, context: Sequence[Utterance]) -> list[str]:
        return ["\x1b[2Jyo \x9b2J\x07\u200d"]


def test_what_an_echo_says_does_not_steer_the_terminal() -> None:
    shown = io.StringIO()
    chat_from(Steering(), "Ana", io.StringIO("how is the boat?\n"), shown, lambda: NOON)
    assert "Ana (echo): [2Jyo 2J\u200d\n" in shown.getvalue()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("op", "context", "text", "messages", "train", "meta", "author", "ts", "self", "delay", "gaps", "seed")
request = st.fixed_dictionaries(
    {"op": st.sampled_from(["fit", "reply", "delay", "gaps", "score", "wants"])},
    optional={
        name: anything
        | st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, anything)), max_size=2)
        | st.dictionaries(st.sampled_from(FIELDS), anything, max_size=3)
        for name in FIELDS[1:]
    },
)


@given(st.lists(anything | request, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_line_gets_exactly_one_answer(lines: list[Any]) -> None:
    assert len(answers(*map(json.dumps, lines), echo=LEARNT)) == len(lines)


LEARNT = EmbeddedRehearsal()
answers(fit(), echo=LEARNT)
