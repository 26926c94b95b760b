"""What the importers read, form by form."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from echo.corpus.importers import read_all, read_export
from echo.corpus.written import Written
from tests.corpus.exports import chat_export, chat_export_message, data_package, in_folder, in_zip

CHAT = Path(__file__).parents[2].parent / "shared" / "chat" / "zig-small.jsonl"


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _jsonl(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_json_lines_file_gives_its_rows(tmp_path: Path) -> None:
    path = _jsonl(
        tmp_path / "talk.jsonl",
        {"author": "wren", "channel": "hedge", "ts": 1_600_000_000, "text": "hello", "id": 1, "mood": "ignored"},
        {"author": "jay", "channel": "hedge", "ts": "2020-09-13T12:26:45Z", "text": "hi 🌿", "id": "b", "reply_to": 1},
        {"author": "jay", "channel": "hedge", "ts": 1_600_000_009, "text": " "},
    )
    assert list(read_export(path)) == [
        Written("wren", "hedge", 1_600_000_000.0, "hello", "1"),
        Written("jay", "hedge", 1_600_000_005.0, "hi 🌿", "b", "1"),
    ]


def test_without_ids_a_reply_names_a_time_in_its_channel(tmp_path: Path) -> None:
    path = _jsonl(
        tmp_path / "talk.jsonl",
        {"author": "wren", "channel": "hedge", "ts": 1_600_000_000, "text": "who?"},
        {"author": "jay", "channel": "brook", "ts": 1_600_000_000, "text": "elsewhere"},
        {"author": "tit", "channel": "hedge", "ts": 1_600_000_000, "text": "the same second"},
        {"author": "jay", "channel": "hedge", "ts": 1_600_000_007.5, "text": "me", "reply_to": 1_600_000_000},
    )
    question, elsewhere, same_second, answer = read_export(path)
    assert answer.reply_to == question.key
    assert len({question.key, elsewhere.key, same_second.key, answer.key}) == 4


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_mark_of_byte_order_gzip_and_dos_line_ends_make_no_difference(tmp_path: Path, ending: str) -> None:
    row = json.dumps({"author": "wren", "channel": "hedge", "ts": 1, "text": "hello"})
    path = tmp_path / "talk.jsonl.gz"
    path.write_bytes(gzip.compress(f"\ufeff{row}{ending}{ending}{row}".encode()))
    assert [written.text for written in read_export(path)] == ["hello", "hello"]


def test_half_a_surrogate_pair_becomes_a_character_that_can_be_stored(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text('{"author": "wren", "channel": "hedge", "ts": 1, "text": "a\\ud83cb", "id": "\\udc00"}')
    (written,) = read_export(path)
    assert f"{written.text}{written.key}".encode()


def test_an_export_of_the_chat_exporter_leaves_out_bots_and_discords_own_news(tmp_path: Path) -> None:
    bot = {"id": "9", "name": "beep", "isBot": True}
    messages = [
        chat_export_message(1),
        chat_export_message(2, author=bot),
        chat_export_message(3, type="ChannelPinnedMessage"),
        chat_export_message(4, content="", attachments=[{"url": "x"}]),
        chat_export_message(5, type="Reply", reference={"messageId": "900000000000000001", "channelId": "5"}),
    ]
    path = tmp_path / "hedge.json"
    path.write_text(json.dumps(chat_export(messages), indent=2), encoding="utf-8")
    first, answer = read_export(path)
    assert first == Written(
        "wren",
        "hedge",
        _at("2024-03-01T08:01:00.25+00:00"),
        "message 1",
        "900000000000000001",
        author_id="77",
        channel_id="5",
        server_id="1",
    )
    assert answer.reply_to == first.key


def test_a_thread_of_the_chat_exporter_has_its_channel_as_parent(tmp_path: Path) -> None:
    path = tmp_path / "nuts.json"
    path.write_text(json.dumps(chat_export([chat_export_message(1)], type="GuildPublicThread", name="nuts")))
    (written,) = read_export(path)
    assert (written.channel, written.parent) == ("nuts", "Talk")


def test_a_folder_of_parts_is_one_export_in_the_order_of_time(tmp_path: Path) -> None:
    late = chat_export([chat_export_message(number) for number in (4, 5)])
    early = chat_export([chat_export_message(number) for number in (3, 4)])
    in_folder(tmp_path, {"hedge [part 1].json": json.dumps(late), "hedge [part 2].json": json.dumps(early)})
    assert [written.text for written in read_all(tmp_path)] == ["message 3", "message 4", "message 5"]


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_a_data_package_is_what_its_owner_wrote(tmp_path: Path, upper: bool, packed: bool) -> None:
    files = data_package(upper)
    path = in_zip(tmp_path / "package.zip", files) if packed else in_folder(tmp_path / "package", files)
    hedge = partial(Written, "wren", "hedge", author_id="77", channel_id="1001", server_id="1")
    assert read_all(path) == [
        Written(
            "wren",
            "channel-1003",
            _at("2022-01-01T09:00:00.123+00:00"),
            'two\nlines, "quoted"',
            "21",
            author_id="77",
            channel_id="1003",
            direct=True,
        ),
        hedge(ts=_at("2023-05-01T08:00:00+00:00"), text="first thing", key="11"),
        hedge(ts=_at("2023-05-02T08:00:01+00:00"), text="second thing", key="12"),
    ]


def test_channels_of_two_servers_with_one_name_stay_two(tmp_path: Path) -> None:
    files = data_package()
    files["messages/c1002/channel.json"] = json.dumps({"id": "1002", "name": "hedge"})
    files["messages/c1002/messages.json"] = files["messages/c1001/messages.json"]
    assert {written.channel for written in read_export(in_folder(tmp_path, files))} == {
        "hedge-1001",
        "hedge-1002",
        "channel-1003",
    }


def test_a_large_export_is_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "hedge.json"
    messages = [chat_export_message(number % 10_000, content="x" * 900) for number in range(8_000)]
    path.write_text(json.dumps(chat_export(messages)), encoding="utf-8")
    assert path.stat().st_size > 9_000_000
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_export(path)) == 8_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_real_public_chat_is_read_whole() -> None:
    if not CHAT.exists():
        pytest.skip("no real chat beside the project (../shared/chat/zig-small.jsonl)")
    written = read_all(CHAT)
    assert len(written) == 12_000
    assert [one.ts for one in written] == sorted(one.ts for one in written)
    assert all(one.author and one.channel and one.text.strip() for one in written)
