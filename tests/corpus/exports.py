"""Exports as the tools write them, made small for tests. Everything in them is made up."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

SECRET = "the moth is in the teapot"
"""Stands for what somebody wrote: no error may quote it."""


def chat_export_message(number: int, **changes: object) -> dict[str, object]:
    """One message as DiscordChatExporter writes it, a minute after the one before."""
    return {
        "id": f"90000000000000{number:04}",
        "type": "Default",
        "timestamp": f"2024-03-01T10:{number % 60:02}:00.25+02:00",
        "timestampEdited": None,
        "isPinned": False,
        "content": f"message {number}",
        "author": {"id": "77", "name": "wren", "nickname": "Wren the Second", "isBot": False, "roles": []},
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [{"emoji": {"name": "🌿"}, "count": 2}],
        "mentions": [],
    } | changes


def chat_export(messages: list[dict[str, object]], **channel: object) -> dict[str, object]:
    """A whole file of one channel."""
    return {
        "guild": {"id": "1", "name": "Nest", "iconUrl": ""},
        "channel": {"id": "5", "type": "GuildTextChat", "category": "Talk", "name": "hedge", "topic": None} | channel,
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2024-04-01T00:00:00+00:00",
        "messages": messages,
        "messageCount": len(messages),
    }


def data_package(upper: bool = False) -> dict[str, str]:
    """The files of a data package: one named channel, one that only the index knows, one direct message as CSV."""
    messages, account = ("Messages", "Account") if upper else ("messages", "account")
    first = [
        {"ID": 12, "Timestamp": "2023-05-02 08:00:01", "Contents": "second thing", "Attachments": ""},
        {"ID": 11, "Timestamp": "2023-05-01 08:00:00", "Contents": "first thing", "Attachments": ""},
        {"ID": 10, "Timestamp": "2023-05-01 07:00:00", "Contents": "", "Attachments": "https://cdn.example/a.png"},
    ]
    return {
        "README.txt": "hello",
        f"{account}/user.json": json.dumps({"id": "77", "username": "wren", "global_name": "Wren"}),
        f"{messages}/index.json": json.dumps({"1001": "hedge in Nest", "1002": "brook in Nest", "1003": None}),
        f"{messages}/c1001/channel.json": json.dumps({"id": "1001", "type": 0, "name": "hedge", "guild": {"id": "1"}}),
        f"{messages}/c1001/messages.json": json.dumps(first),
        f"{messages}/c1002/channel.json": json.dumps({"id": "1002", "type": 0}),
        f"{messages}/c1002/messages.json": "[]",
        f"{messages}/c1003/channel.json": json.dumps({"id": "1003", "type": 1, "recipients": ["77", "78"]}),
        f"{messages}/c1003/messages.csv": (
            'ID,Timestamp,Contents,Attachments\r\n21,2022-01-01 09:00:00.123000+00:00,"two\nlines, ""quoted""",\r\n'
        ),
    }


def in_folder(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes the files below `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def in_zip(path: Path, files: Mapping[str, str]) -> Path:
    """Writes the files into a ZIP."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return path
