"""`echo-bot score`: the card of somebody in an export, and a sentence for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from echo.cli import main
from echo.corpus.written import Written
from states.scores import LABELS
from tests.persona.talk import rows
from tests.support.running import export


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    return export(tmp_path / "chat.jsonl", rows(900))


def score(path: Path, *arguments: str) -> int:
    """The exit code; the settings lie beside the file."""
    config = path.parent / "config.json"
    settings = {"data_dir": str(path.parent / "data"), "scorecard_moments": 30}
    config.write_text(json.dumps({"echo": settings}))
    return main(["score", str(path), "--config", str(config), *arguments])


def test_the_card_names_the_weakest_axis_and_draws_the_others(chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(chat, "--author", "Wren") == 0
    said = capsys.readouterr().out
    assert said.startswith(("Weakest: ", "Nothing stands out"))
    assert "says it anew" in said and "█" in said and "held-out moments" in said
    assert not (chat.parent / "data").exists(), "Nothing is stored."


def test_as_json_every_axis_has_its_figure_ceiling_floor_and_share(
    chat: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(chat, "--author", "Wren", "--json") == 0
    card = json.loads(capsys.readouterr().out)
    assert card["axes"] and card["sentence"] and card["passed"] is True
    for axis in card["axes"]:
        assert axis["key"] in LABELS and 0 <= axis["share"] <= 1
        assert {"figure", "ceiling", "floor", "better"} <= axis.keys()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--author", "wran"], "Nobody in the file is called “wran”: give --author, for example Wren."),
        (["--author", "Wren", "--before", "15.11.2023"], "more: choose a later day or a larger export."),
        (["--author", "Wren", "--before", "31.02.2024"], "There is no 31.02.2024"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    chat: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert score(chat, *arguments) == 2
    error = capsys.readouterr().err
    assert told in error and "Traceback" not in error


def test_no_day_is_spoken_of_where_none_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = export(tmp_path / "chat.jsonl", [Written("Wren", "lobby", 1.7e9, "hello there")])
    assert score(path, "--author", "Wren") == 2
    told = capsys.readouterr().err
    assert "There is 1 message of Wren and 50 are needed, 49 more: choose a larger export." in told


def test_an_unreadable_file_is_named(tmp_path: Path, chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{]")
    for path in (broken, tmp_path / "nowhere.jsonl"):
        assert score(path, "--author", "Wren") == 2
        assert path.name in capsys.readouterr().err


def test_an_address_is_scrubbed_before_anything_is_learnt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = [one._replace(text=f"{one.text} wren@there.example") for one in rows(300)]
    path = export(tmp_path / "chat.jsonl", [Written(*one) for one in written])
    assert score(path, "--author", "Wren") == 0
    assert "never be told" not in capsys.readouterr().out
