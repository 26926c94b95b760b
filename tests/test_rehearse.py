"""`echo-bot rehearse`: JSON lines in, JSON lines out, and talk on a terminal."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.written import Written
from echo.errors import TooFewMessages, UsageError
from echo.persona.turns import Burst
from echo.rehearse import main, protocol
from echo.rehearse_chat import chat_from, cutoff, learnable
from tests.persona.talk import START, rows, talk

ROOT = Path(__file__).resolve().parents[1]


def plain(burst: Burst) -> dict[str, Any]:
    """A turn as the protocol has it."""
    return {
        "ts": burst.ts,
        "channel": burst.channel,
        "context": [{"author": u.author, "ts": u.ts, "text": u.text, "self": u.own} for u in burst.context],
        "messages": [{"ts": ts, "text": text} for text, ts in zip(burst.texts, burst.times, strict=True)],
        "delay": burst.delay,
        "gaps": list(burst.gaps),
        "day": int(burst.ts // 86400),
    }


FIT = {
    "op": "fit",
    "train": [plain(b) for b in talk(300)],
    "meta": {"author": "Wren", "seed": 4, "granularity": "seconds"},
}
CONTEXT = [{"author": "Otto", "ts": START + 9e7, "text": "wren, where is the kettle?", "self": False}]


def rehearsed(*requests: object) -> list[Any]:
    """What a process of its own answers: standard output has nothing else."""
    lines = "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in requests)
    done = subprocess.run(
        [sys.executable, "-m", "echo.rehearse"], input=lines, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_operation_is_answered_in_turn() -> None:
    fit, reply, delay, gaps, score, wants = rehearsed(
        FIT,
        {"op": "reply", "context": CONTEXT},
        {"op": "delay", "context": CONTEXT},
        {"op": "gaps", "context": CONTEXT, "messages": ["one", "two", "three"]},
        {"op": "score", "context": CONTEXT, "text": "the kettle is in the shed"},
        {"op": "wants", "context": CONTEXT},
    )
    assert fit["ok"] is True
    assert fit["has"] == ["delay", "gaps", "score", "wants"]
    assert fit["messages"] == sum(len(b["messages"]) for b in FIT["train"])  # type: ignore[index,misc]
    assert fit["seconds"] > 0
    assert reply["value"] and all(isinstance(text, str) for text in reply["value"])
    assert delay["value"] > 0
    assert len(gaps["value"]) == 2
    assert isinstance(score["value"], float)
    assert isinstance(wants["value"], float)


def test_two_rehearsals_with_one_seed_are_alike() -> None:
    asking = [{"op": "reply", "context": CONTEXT}] * 5
    one, two = rehearsed(FIT, *asking), rehearsed(FIT, *asking)
    assert one[1:] == two[1:]
    assert len({json.dumps(a) for a in one[1:]}) > 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"op": "sing"}', "must be one of fit, reply"),
        ('{"op": "reply", "context": 5}', '"context" must be a list'),
        ('{"op": "reply", "context": [5]}', "must be an object"),
        ('{"op": "reply", "context": [{"author": 5, "ts": 1, "text": "x"}]}', '"author" must be a text'),
        ('{"op": "reply", "context": [{"author": "a", "ts": "1", "text": "x"}]}', '"ts" must be a number'),
        ('{"op": "reply", "context": [{"author": "a", "ts": NaN, "text": "x"}]}', '"ts" must be a number'),
        ('{"op": "reply", "context": []}', "Nothing was learnt yet"),
        ('{"op": "score", "context": []}', '"text" must be a text'),
        ('{"op": "gaps", "context": [], "messages": "x"}', '"messages" must be a list'),
        ('{"op": "fit"}', '"fit" needs "train"'),
        ('{"op": "fit", "train": [], "meta": {"author": "a"}}', "no message with text"),
        ('{"op": "fit", "train": [{}], "meta": {"author": "a"}}', "must be an object with context"),
        ('{"op": "fit", "train": [], "meta": {"author": "a", "seed": "x"}}', '"seed" must be a whole number'),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_line_is_answered_with_its_error_and_the_next_one_is_read(line: str, sentence: str) -> None:
    out = io.StringIO()
    assert protocol(io.StringIO(f"{line}\n\n{line}\n"), out) == 0
    first, second = (json.loads(answer) for answer in out.getvalue().splitlines())
    assert first == second
    assert sentence in first["error"]
    assert first["error"].endswith(".")


@settings(max_examples=60, deadline=None)
@given(
    line=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["op", "context", "train", "meta", "author", "ts", "text", "messages", "gaps", "delay"])
                | st.text(max_size=3),
                inner | st.sampled_from(["fit", "reply", "delay", "gaps", "score", "wants"]),
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_every_line_of_json_has_one_line_of_answer(line: object) -> None:
    out = io.StringIO()
    protocol(io.StringIO(json.dumps(line) + "\n"), out)
    (answer,) = out.getvalue().splitlines()
    assert set(json.loads(answer)) <= {"value", "error", "ok", "has", "messages", "seconds"}


def export(path: Path, written: list[Written]) -> Path:
    """A neutral JSON Lines export."""
    lines = [json.dumps({"author": w.author, "channel": w.channel, "ts": w.ts, "text": w.text}) for w in written]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_from_an_export_it_learns_and_chats(tmp_path: Path) -> None:
    source = export(tmp_path / "talk.jsonl", rows(400))
    done = subprocess.run(
        [sys.executable, "-m", "echo.rehearse", "--from", str(source), "--author", "Wren", "--before", "01.01.2026"],
        input="wren, where is the kettle?\nand the boat?\n\nnot read any more\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.count("Wren (echo): ") >= 2
    assert done.stdout.count("you: ") == 3
    assert "Learnt from" in done.stderr


@settings(max_examples=25, deadline=None)
@given(day=st.integers(1, 28))
def test_messages_at_or_after_the_date_are_never_learnt_from(
    day: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = cutoff(f"{day:02}.12.2023", "UTC", datetime(2026, 1, 1, tzinfo=UTC))
    source = export(tmp_path_factory.mktemp("export") / "talk.jsonl", rows(700))
    try:
        bursts = learnable(source, "Wren", before)
    except TooFewMessages:
        return
    assert all(ts < before for b in bursts for ts in (b.ts, *b.times, *(u.ts for u in b.context)))


def test_the_date_is_the_start_of_the_day_in_the_time_zone() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert cutoff("02.12.2023", "UTC", now) == datetime(2023, 12, 2, tzinfo=UTC).timestamp()
    assert cutoff("02.12.2023", "Europe/Berlin", now) == datetime(2023, 12, 1, 23, tzinfo=UTC).timestamp()
    assert cutoff(None, "UTC", now) == now.timestamp()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--author", "Nobody"], "Nobody in the export is called Nobody: give --author, for example one of"),
        ([], "Somebody has to be echoed: give --author"),
        (["--author", "Wren", "--before", "2023-12-01"], "dd.mm.yyyy"),
        (["--author", "Wren", "--before", "01.12.2023", "--timezone", "Mars/Phobos"], "no time zone"),
        (["--author", "Wren", "--before", "01.01.2020"], "50 are needed, 50 more"),
    ],
)
def test_what_is_wrong_with_the_request_is_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = export(tmp_path / "talk.jsonl", rows(300))
    assert main(["--from", str(source), *arguments]) == UsageError.exit_code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("echo-bot: ") and sentence in shown.err
    assert shown.err.count("\n") == 1


def test_an_unknown_engine_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--engine", "parrot"]) == UsageError.exit_code
    assert "parrot" in capsys.readouterr().err


def test_silence_is_shown_as_such() -> None:
    class Silent:
        def fit(self, *_: object) -> None:
            """Learns nothing."""

        def reply(self, _: object) -> list[str]:
            return []

        def delay(self, _: object) -> float:
            return 1.0

        def gaps(self, *_: object) -> list[float]:
            return []

        def score(self, *_: object) -> float:
            return 0.0

        def wants(self, _: object) -> float:
            return 0.0

    out = io.StringIO()
    chat_from(Silent(), "Wren", io.StringIO("hello\n"), out, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert "(Wren has nothing to say to this)" in out.getvalue()
