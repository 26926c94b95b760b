"""What the sandbox is filled with: the invented people, or those of an export of any known form."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from echo.config import Settings
from echo.errors import ImportRefused
from echo.worlds import home_of, world_of


def people_and_places(path: Path) -> tuple[set[str], set[str], int]:
    """Names of members, names of channels, number of messages."""
    world = world_of(1, path)
    channels = world.guild_channels()
    count = sum(len(world.messages[channel.id].before(None, 1000)) for channel in channels)
    return {user.display_name for user in world.people()}, {channel.name for channel in channels}, count


def test_neutral_lines_fill_a_server(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    rows = [{"author": a, "channel": "den", "ts": 1_600_000_000 + i, "text": f"hi {i}"} for i, a in enumerate("ab" * 5)]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert people_and_places(path) == ({"a", "b"}, {"den"}, 10)


def test_a_chat_exporters_file_fills_a_server(tmp_path: Path) -> None:
    def message(number: int, name: str, text: str) -> dict[str, object]:
        author = {"id": str(10**17 + len(name)), "name": name, "nickname": name, "isBot": False, "roles": []}
        stamp = f"2021-03-04T05:06:{number:02d}.000+00:00"
        return {"id": str(816_000_000_000_000_000 + number), "type": "Default", "timestamp": stamp, "content": text} | {
            "author": author
        }

    export = {
        "guild": {"id": "1", "name": "A guild"},
        "channel": {"id": "2", "type": "GuildTextChat", "name": "den"},
        "messages": [message(1, "ana", "hello"), message(2, "benno", "hello you")],
        "messageCount": 2,
    }
    path = tmp_path / "den.json"
    path.write_text(json.dumps(export))
    assert people_and_places(path) == ({"ana", "benno"}, {"den"}, 2)


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_a_data_package_fills_a_server_with_its_owner(tmp_path: Path, zipped: bool) -> None:
    package = tmp_path / "package"
    files = {
        "account/user.json": {"id": "80351110224678912", "username": "ana"},
        "messages/index.json": {"222": "den in A guild", "333": None},
        "messages/c222/channel.json": {"id": "222", "type": "GUILD_TEXT", "name": "den"},
        "messages/c222/messages.json": [
            {"ID": 816_000_000_000_000_001, "Timestamp": "2021-03-04 05:06:07", "Contents": "hello", "Attachments": ""}
        ],
    }
    for name, content in files.items():
        target = package / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content))
    path = package
    if zipped:
        path = tmp_path / "package.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in files:
                archive.write(package / name, name)
    people, places, count = people_and_places(path)
    assert people == {"ana"} and len(places) == 1 and count == 1


def test_the_same_export_gives_the_same_ids_each_time(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps({"author": "a", "channel": "den", "ts": 1_600_000_000, "text": "hi"}))
    first, second = world_of(1, path), world_of(1, path)
    assert first.guild.id == second.guild.id
    assert [channel.id for channel in first.guild_channels()] == [channel.id for channel in second.guild_channels()]
    assert list(first.members) == list(second.members)


def test_a_file_of_no_known_form_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ImportRefused, match=r"holiday\.png"):
        world_of(1, path)


def test_each_world_has_a_data_folder_of_its_own(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    homes = {
        home_of(settings, False, None),
        home_of(settings, True, None),
        home_of(settings, True, tmp_path / "a.jsonl"),
        home_of(settings, True, tmp_path / "b.jsonl"),
    }
    assert len(homes) == 4 and all(home == tmp_path or home.parent == tmp_path for home in homes)
