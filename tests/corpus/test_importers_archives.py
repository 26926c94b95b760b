"""Archives that are cut off, damaged or hostile: one sentence each."""

from __future__ import annotations

import gzip
import json
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from echo.corpus.importers import Limits
from tests.corpus.exports import data_package, in_folder, in_zip
from tests.corpus.refusing import ROW, file_of, refusal


def test_a_cut_off_archive_is_refused(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "package.zip", data_package())
    path.write_bytes(path.read_bytes()[:-200])
    assert "damaged or cut off" in refusal(path)


def test_a_cut_off_gzip_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress("".join(json.dumps(ROW | {"ts": ts}) + "\n" for ts in range(500)).encode())
    assert "damaged or cut off" in refusal(file_of(tmp_path / "talk.jsonl.gz", packed[:-100]))


def test_a_changed_byte_in_an_archive_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as zipped:
        for name, text in data_package().items():
            zipped.writestr(name, text)
    path.write_bytes(path.read_bytes().replace(b"second thing", b"second thinG"))
    assert "member messages/c1001/messages.json: it is damaged" in refusal(path)


def test_a_zip_bomb_is_refused_while_it_unpacks(tmp_path: Path) -> None:
    rows = '[{"ID": 1, "Timestamp": "2023-05-01 08:00:00", "Contents": "' + " " * 900_000 + '"}'
    bomb = rows + ("," + rows[1:]) * 60 + "]"
    path = in_zip(tmp_path / "package.zip", data_package() | {"messages/c1001/messages.json": bomb})
    assert path.stat().st_size < 100_000
    assert "zip bomb" in refusal(path)


def test_a_zip_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    bomb = '[{"ID": 1, "Timestamp": "2023-05-01 08:00:00", "Contents": "' + " " * 900_000 + '"}]'
    path = in_zip(tmp_path / "package.zip", data_package() | {"messages/c1001/messages.json": bomb})
    true_size, claimed = struct.pack("<L", len(bomb)), struct.pack("<L", 500)
    path.write_bytes(path.read_bytes().replace(true_size, claimed))
    assert "damaged" in refusal(path)


def test_a_gzip_bomb_is_refused_while_it_unpacks(tmp_path: Path) -> None:
    packed = gzip.compress((json.dumps(ROW) + "\n").encode() * 400_000)
    assert "zip bomb" in refusal(file_of(tmp_path / "talk.jsonl.gz", packed))


def test_many_members_together_may_not_be_larger_than_the_total(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "package.zip", data_package())
    assert "the export is larger than 500 bytes" in refusal(path, Limits(total=500))


def test_the_other_limits_are_held_too(tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "package", data_package())
    assert "more than 2 messages" in refusal(folder, Limits(messages=2))
    assert "more than 5 files" in refusal(folder, Limits(members=5))
    assert "user.json: it is larger than 20 bytes" in refusal(folder, Limits(document=20))
    assert "more than 5 files" in refusal(in_zip(tmp_path / "package.zip", data_package()), Limits(members=5))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "messages/../../x", "C:/x", "..\\x"])
def test_a_member_that_would_leave_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    assert "points outside" in refusal(in_zip(tmp_path / "package.zip", data_package() | {name: "x"}))


def test_a_name_that_would_steer_the_terminal_is_told_without_what_does(tmp_path: Path) -> None:
    files = data_package() | {"\x1b[2Jx\x9b\u202e/c1004/messages.json": "{"}
    sentence = refusal(in_zip(tmp_path / "package.zip", files))
    assert "?[2Jx??/c1004/messages.json" in sentence and sentence.isprintable()


def test_a_link_is_refused_in_an_archive_and_in_a_folder(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "package.zip", data_package())
    link = zipfile.ZipInfo("messages/c1004/messages.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as zipped:
        zipped.writestr(link, "/etc/passwd")
    assert "is a link" in refusal(path)
    folder = in_folder(tmp_path / "package", data_package())
    (folder / "messages" / "c1004").symlink_to("/etc")
    assert "is a link" in refusal(folder)


def test_an_archive_within_an_archive_is_not_opened(tmp_path: Path) -> None:
    inner = in_zip(tmp_path / "inner.zip", data_package())
    outer = tmp_path / "outer.zip"
    with zipfile.ZipFile(outer, "w") as zipped:
        zipped.write(inner, "inner.zip")
    assert "it holds another archive, 'inner.zip'; unpack that one" in refusal(outer)


def test_an_archive_with_two_members_of_one_name_is_refused(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "package.zip", data_package())
    with zipfile.ZipFile(path, "a") as zipped, pytest.warns(UserWarning, match="Duplicate"):
        zipped.writestr("account/user.json", json.dumps({"id": "78", "username": "jay"}))
    assert "two of its members are called 'account/user.json'" in refusal(path)


def test_a_channel_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    files = data_package()
    files["messages/c1001/messages.csv"] = "ID,Timestamp,Contents,Attachments\r\n"
    assert "it has the channel 1001 twice" in refusal(in_folder(tmp_path / "package", files))
    del files["messages/c1001/messages.csv"]
    files["Messages/1001/messages.json"] = "[]"
    assert "it has the channel 1001 twice" in refusal(in_zip(tmp_path / "package.zip", files))


def test_a_list_of_members_that_would_fill_the_memory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for number in range(66_000):  # more than fit the short record at the archive's end
            zipped.writestr(f"{number}", b"")
    tracemalloc.start()
    try:
        assert "its list of members is longer than 1,000,000 bytes" in refusal(path, Limits(directory=1_000_000))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert "of a known form" in refusal(path)
    small = in_zip(tmp_path / "package.zip", data_package())
    assert "its list of members is longer than 100 bytes" in refusal(small, Limits(directory=100))


def test_an_index_of_endless_channels_is_refused_without_being_held(tmp_path: Path) -> None:
    index = json.dumps({str(number): f"channel {number} in Nest" for number in range(200_000)})
    path = in_folder(tmp_path / "package", data_package() | {"messages/index.json": index})
    tracemalloc.start()
    try:
        assert "index.json: it names more than 1,000 channels" in refusal(path, Limits(members=1_000))
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_lines_of_endless_channels_are_refused(tmp_path: Path) -> None:
    rows = "".join(json.dumps(ROW | {"channel": f"hedge {number}"}) + "\n" for number in range(20))
    sentence = refusal(file_of(tmp_path / "talk.jsonl", rows), Limits(members=10))
    assert "line 11: it has more than 10 channels" in sentence


@pytest.mark.parametrize("depth", [20, 5_000, 200_000])
def test_brackets_within_brackets_are_refused(tmp_path: Path, depth: int) -> None:
    nested = '[{"ID": 1, "Timestamp": "2023-05-01 08:00:00", "Contents": ' + "[" * depth + "]" * depth + "}]"
    members = ["messages/c1001/messages.json", "account/user.json"]
    # In the index only names count, so that what else it holds matters only where it can't be read at all.
    members += ["messages/index.json"] if depth > 100_000 else []
    for number, member in enumerate(members):
        files = data_package() | {member: nested if member.endswith("messages.json") else f'{{"id": {nested}}}'}
        assert member in refusal(in_folder(tmp_path / f"package {number}", files))


def test_a_locked_archive_asks_to_be_unpacked(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "package.zip", data_package())
    content = bytearray(path.read_bytes())
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    path.write_bytes(content)
    assert "locked with a password" in refusal(path)
