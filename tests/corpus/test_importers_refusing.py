"""Exports that are empty, cut off, wrong or hostile: one sentence each, and never what somebody wrote."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.importers import read_export
from echo.errors import ImportRefused
from tests.corpus.exports import SECRET, chat_export, chat_export_message, data_package, in_folder, in_zip
from tests.corpus.refusing import ROW, file_of, refusal


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"author": 7}, "'author' has to be text, not a number"),
        ({"author": ""}, "'author' has to be of 1 to 200 characters"),
        ({"channel": None}, "'channel' has to be text, not nothing"),
        ({"channel": "x" * 201}, "'channel' has to be of 1 to 200 characters"),
        ({"text": [SECRET]}, "'text' has to be text, not a list"),
        ({"ts": "yesterday"}, "'ts' has to be seconds since 1970"),
        ({"ts": True}, "'ts' has to be a time, not true or false"),
        ({"ts": 1_600_000_000_000}, "not milliseconds"),
        ({"ts": -1}, "'ts' has to be seconds since 1970"),
        ({"id": {"a": SECRET}}, "'id' has to be a whole number or a short text, not an object"),
        ({"reply_to": "soon"}, "'reply_to' has to be seconds since 1970"),
    ],
)
def test_a_field_of_the_wrong_type_is_named_with_its_line(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    path = file_of(tmp_path / "talk.jsonl", json.dumps(ROW) + "\n" + json.dumps(ROW | change))
    sentence = refusal(path)
    assert "talk.jsonl, line 2: " in sentence
    assert named in sentence


@pytest.mark.parametrize(
    "text", ['{"ts": NaN}', '{"ts": 1', "[1, 2]", "[" * 100_000, '{"ts": ' + "9" * 5_000 + "}", "\0"]
)
def test_a_line_that_is_no_json_object_is_named(tmp_path: Path, text: str) -> None:
    sentence = refusal(file_of(tmp_path / "talk.jsonl", json.dumps(ROW) + "\n" + text + "\n"))
    assert "talk.jsonl, line 2: " in sentence


def test_a_line_of_a_hundred_megabytes_is_refused_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    with path.open("wb") as file:
        file.write(json.dumps(ROW).encode() + b'\n{"author": "')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
    tracemalloc.start()
    try:
        assert "line 2: the line is longer than 1,000,000 bytes" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_one_message_of_many_megabytes_in_a_chat_export_is_refused_without_being_held(tmp_path: Path) -> None:
    messages = [chat_export_message(1), chat_export_message(2, content="x" * 20_000_000)]
    path = file_of(tmp_path / "hedge.json", json.dumps(chat_export(messages)))
    tracemalloc.start()
    try:
        assert "message 2: a value is larger than" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 15_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["talk.jsonl", "hedge.json", "package.zip", "talk.jsonl.gz"])
def test_an_empty_file_says_so(tmp_path: Path, name: str) -> None:
    assert "it is empty" in refusal(file_of(tmp_path / name, b""))


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert "can't be opened" in refusal(tmp_path / "talk.jsonl")


@pytest.mark.parametrize("content", ["hello\n", "[]", "<html>", "author,text\nwren,hi\n", b"\xff\xfe{\0"])
def test_a_file_of_no_known_form_is_told_which_forms_are(tmp_path: Path, content: str | bytes) -> None:
    sentence = refusal(file_of(tmp_path / "talk.txt", content))
    assert "no known form" in sentence
    assert "Discord data package" in sentence


def test_an_export_without_a_persons_message_says_so(tmp_path: Path) -> None:
    path = file_of(tmp_path / "hedge.json", json.dumps(chat_export([chat_export_message(1, type="Call")])))
    assert "no message of a person" in refusal(path)


def test_broken_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    path = file_of(tmp_path / "talk.jsonl", json.dumps(ROW).encode() + b'\n{"author": "\xff"}')
    assert "line 2: the line is not UTF-8" in refusal(path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_a_cut_off_chat_export_is_refused_wherever_it_ends(tmp_path: Path, kept: float) -> None:
    text = json.dumps(chat_export([chat_export_message(number, content=SECRET) for number in range(50)]))
    sentence = refusal(file_of(tmp_path / "hedge.json", text[: int(len(text) * kept)]))
    assert "ends in the middle" in sentence


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({"author": None}, "message 1: an object in braces belongs here, not nothing"),
        ({"author": {"name": 4}}, "message 1: 'name' has to be text"),
        ({"content": {"a": SECRET}}, "message 1: 'content' has to be text, not an object"),
        ({"timestamp": "noon"}, "message 1: 'timestamp' has to be"),
        ({"type": 0}, "message 1: 'type' has to be text"),
        ({"type": "Reply", "reference": "x"}, "message 1: an object in braces"),
    ],
)
def test_a_wrong_field_of_a_chat_export_is_named(tmp_path: Path, message: dict[str, object], named: str) -> None:
    path = file_of(tmp_path / "hedge.json", json.dumps(chat_export([chat_export_message(1, **message)])))
    assert named in refusal(path)


@pytest.mark.parametrize("text", ['{"guild": {}}', '{"messages": []}', '{"guild": {}, "channel": 4}', '{"guild": {},'])
def test_a_chat_export_without_its_parts_is_refused(tmp_path: Path, text: str) -> None:
    refusal(file_of(tmp_path / "hedge.json", text))


def test_a_data_package_without_its_owner_says_what_is_missing(tmp_path: Path) -> None:
    files = data_package()
    del files["account/user.json"]
    assert "account/user.json" in refusal(in_folder(tmp_path / "package", files))


@pytest.mark.parametrize(
    ("member", "text", "named"),
    [
        ("account/user.json", "{", "user.json: this is not valid JSON"),
        ("account/user.json", "[]", "user.json: an object in braces"),
        ("messages/index.json", '"x"', "index.json: '{' is missing"),
        ("messages/c1001/messages.json", '[{"ID": 1, "Timestamp": 5}]', "messages.json, message 1: 'Contents'"),
        ("messages/c1001/messages.json", "{}", "messages.json: '[' is missing"),
        ("messages/c1001/messages.json", "[] x", "messages.json: something follows"),
        ("messages/c1003/messages.csv", "ID,Contents\n1,x\n", "messages.csv, line 2: 'Timestamp' has to be a time"),
        ("messages/c1003/messages.csv", 'ID,Timestamp,Contents\n1,2022-01-01,"x', "line 2: this is not valid CSV"),
        ("messages/c1003/messages.csv", 'ID,Contents\n1,"' + "x\n" * 100_000, "this is not valid CSV, or a field"),
    ],
)
def test_a_wrong_member_of_a_data_package_is_named(tmp_path: Path, member: str, text: str, named: str) -> None:
    assert named in refusal(in_folder(tmp_path / "package", data_package() | {member: text}))


def test_an_archive_with_a_nameless_member_is_refused(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "package.zip", data_package())
    names = sorted(data_package())
    # Where a name's first character is a zero, it ends before it has begun.
    path.write_bytes(path.read_bytes().replace(names[0].encode(), b"\0" + names[0][1:].encode()))
    assert "one of its members has no name" in refusal(path)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _tried(path: Path) -> None:
    """Reads all of an export, which may only be refused."""
    try:
        for written in read_export(path):
            assert written.author and written.channel and written.text.encode()
    except ImportRefused as error:
        assert str(error).startswith(str(path))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = ["author", "channel", "ts", "text", "id", "reply_to"]


@given(st.sampled_from([b"", b"{", b'{"guild":{', b"PK\x03\x04", b"\x1f\x8b\x08"]), st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_random_bytes_are_refused_and_nothing_else(folder: Path, start: bytes, content: bytes) -> None:
    _tried(file_of(folder / "any", start + content))


@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES))
@settings(max_examples=150, deadline=None)
def test_rows_of_random_values_are_read_or_refused(folder: Path, changes: dict[str, object]) -> None:
    _tried(file_of(folder / "any.jsonl", json.dumps(ROW | changes)))


@given(st.dictionaries(st.sampled_from([*sorted(chat_export_message(1)), "reference"]), _VALUES), st.data())
@settings(max_examples=100, deadline=None)
def test_chat_exports_of_random_values_are_read_or_refused(
    folder: Path, changes: dict[str, object], data: st.DataObject
) -> None:
    export = chat_export([chat_export_message(1, **changes)])
    export |= data.draw(st.dictionaries(st.sampled_from(sorted(export)), _VALUES, max_size=1))
    _tried(file_of(folder / "any.json", json.dumps(export)))


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_an_archive_with_bytes_written_over_is_read_or_refused(folder: Path, at: int, content: bytes) -> None:
    path = in_zip(folder / "package.zip", data_package())
    whole = bytearray(path.read_bytes())
    at %= len(whole) - len(content)
    whole[at : at + len(content)] = content
    path.write_bytes(whole)
    _tried(path)
