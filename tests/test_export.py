"""Exports: everything that is held of somebody, for them alone; hostile texts stay texts."""

from __future__ import annotations

import asyncio
import io
import json
import random
import zipfile
from collections.abc import Mapping
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.exports import DECODED, SECRET
from db.held import ERASED, STAYING
from echo import export_cli
from echo.cli import parser
from echo.config import load
from echo.errors import UsageError
from echo.export_files import MOST_PARTS, archive, parts
from echo.export_page import page
from states.scores import Scorecard
from tests.support.clock import HandClock
from tests.support.files import content, mode
from tests.support.snapshots import NOON, SUBJECT, messages
from tests.test_corpus_cli import KEY, opened
from tests.test_forget_cli import prepare

HOSTILE = (
    "</td></tr></table><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "javascript:alert(1) <a href='javascript:1'>x</a>",
    "<style>*{display:none}</style><!-- <iframe src=//evil.example>",
    "&lt;b&gt; &#60;script&#62; \u202e reversed \x00\x1b[31m \ud800",
    "../../../../etc/passwd",
    "C:\\windows\\x",
    "a\nb\r\n\tc",
)
ALLOWED = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "p",
        "nav",
        "ul",
        "li",
        "a",
        "section",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "bdi",
    ]
)


class Reader(HTMLParser):
    """What a browser would see: tags with their attributes, and all text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str, str | None]] = set()
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update((tag, name, value) for name, value in attrs)

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def held(text: str, rows: int = 1) -> dict[str, Any]:
    """An echo about which everything that may be text is this one."""
    return {
        "profile": {"number": 7, "server": "10", "reason": text},
        "consents": [{"text": text}],
        "messages": [{"text": text, "author": f"somebody else ({text})"}] * rows,
        "said": [{"texts": [text]}],
        "card": [text],
        "wishes": {"topics": [text]},
        "rows": {"echo_profiles": [{"reason": text, text: text}]},
    }


def read(shown: str) -> Reader:
    reader = Reader()
    reader.feed(shown)
    return reader


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60)))
def test_whatever_people_wrote_is_text_on_the_page_and_nothing_else(text: str) -> None:
    found = read(page([held(text)], {"10": text}, text))
    assert found.tags <= ALLOWED
    assert not [one for one in found.attributes if one[1].startswith("on") or one[1] in ("src", "style", "srcset")]
    links = {value for tag, name, value in found.attributes if name == "href"}
    assert links == {"#echo-7"}
    names = zipfile.ZipFile(io.BytesIO(archive([held(text)], {"10": text}, "now"))).namelist()
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_./") and ".." not in name for name in names)


def test_the_page_can_be_read_by_everybody() -> None:
    found = read(page([held("Hello.")], {}, "now"))
    assert ("html", "lang", "en") in found.attributes and ("th", "scope", "col") in found.attributes
    assert {"h1", "h2", "caption", "main", "nav", "title"} <= found.tags
    policy = next(
        value for tag, name, value in found.attributes if name == "content" and "default-src" in (value or "")
    )
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_what_is_too_large_comes_in_parts_that_are_whole_together_or_not_at_all() -> None:
    chance = random.Random(1)
    long = held("x") | {"messages": [{"id": n, "text": chance.randbytes(200).hex()} for n in range(400)]}
    made = parts([long], {}, "now", 40_000)
    assert made is not None and 1 < len(made) <= MOST_PARTS and all(len(one) <= 40_000 for one in made)
    found = [row["id"] for one in made for row in unzipped(one)["echo-7/messages.json"]]
    assert found == list(range(400))
    assert all(unzipped(one)["echo-7/card.json"] == ["x"] for one in made)
    assert parts([long], {}, "now", 10_000) is None


def unzipped(blob: bytes) -> Mapping[str, Any]:
    with zipfile.ZipFile(io.BytesIO(blob)) as file:
        return {name: json.loads(file.read(name)) for name in file.namelist() if name.endswith(".json")}


def export(home: Path, *arguments: str) -> str:
    options = parser().parse_args(["export", *arguments])
    loaded = load(None, environ={"ECHO_DATA_DIR": str(home), "ECHO_MASTER_KEY": KEY.hex()}, cwd=home)
    said: list[str] = []
    assert export_cli.run(options, loaded, said.append, HandClock(NOON)) == 0
    return "\n".join(said)


def test_an_operator_writes_all_that_is_held_to_a_file_and_that_is_accounted_for(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out.zip"
    prepare(home)
    assert "hand it to them alone" in export(home, "--user", str(SUBJECT), "--out", str(out))
    assert mode(out) == 0o600
    found = unzipped(content(out))
    assert [row["text"] for row in found["echo-1/messages.json"]] == [one.text for one in messages(20)]
    context = [row for row in found["echo-1/messages.json"] if not row["yours"]]
    assert all(row["author"].startswith("somebody else (") for row in context)
    assert found["echo-1/rows/echo_profiles.json"][0]["user_id"] == SUBJECT
    with pytest.raises(UsageError, match="There is a file"):
        export(home, "--profile", "1", "--out", str(out))
    export(home, "--profile", "1", "--out", str(out), "--force")
    acts = [line["act"] for line in unzipped(content(out))["echo-1/audit.json"]]
    assert acts.count("exported") == 2
    with pytest.raises(UsageError, match="Nothing is held"):
        export(home, "--profile", "9", "--out", str(tmp_path / "none.zip"))


def test_what_an_echo_scored_in_its_test_can_be_exported(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out.zip"
    prepare(home)

    async def test() -> None:
        async with opened(home) as store:
            await store.scorecards.put(1, Scorecard(1, (), None, True, "It does well.", 90, 4.0, NOON))

    asyncio.run(test())
    export(home, "--profile", "1", "--out", str(out))
    [score] = unzipped(content(out))["echo-1/scores.json"]
    assert datetime.fromisoformat(score["at"]) == NOON
    with zipfile.ZipFile(out) as file:
        assert score["at"] in read(file.read("index.html").decode()).said


async def test_every_table_is_in_an_export_or_read_by_who_knows_it(tmp_path: Path) -> None:
    assert {*ERASED, *STAYING} >= DECODED | SECRET
    async with opened(tmp_path) as store:
        rows = await store.exports.rows_of(1)
    assert set(rows) == {"echo_profiles", *ERASED, *STAYING} - DECODED - SECRET
