"""What a message can be besides words: polls, stickers, forwards, cards of links. As Discord's JSON.

Source of the fields: Discord API reference, "Poll Object", "Sticker Item", "Message Snapshot", "Embed Object".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from echo.sandbox import payloads
from echo.sandbox.directory import Directory
from echo.sandbox.records import Message
from echo.sandbox.snowflakes import digest

Json = dict[str, Any]
FORWARD: Final = 1
"""The type of a reference to a message that is forwarded."""
HAS_SNAPSHOT, IS_VOICE_MESSAGE = 1 << 14, 1 << 13
"""Message flags: it forwards another one; it is a recording."""
_PNG: Final = 1
_SNAPSHOT: Final = (
    "type",
    "content",
    "mentions",
    "mention_roles",
    "attachments",
    "embeds",
    "timestamp",
    "edited_timestamp",
    "flags",
    "components",
)


def stickers(names: Sequence[str]) -> Json:
    """What a message with stickers of these names has."""
    return {
        "sticker_items": [
            {"id": str((digest(0, "sticker", name) >> 1) | 1 << 60), "name": name, "format_type": _PNG}
            for name in names
        ]
    }


def poll(question: str, answers: Sequence[str], *, ends_at: float, several: bool = False) -> Json:
    """What a message with a poll has; `ends_at` in seconds since the epoch, UTC."""
    return {
        "poll": {
            "question": {"text": question},
            "answers": [
                {"answer_id": number, "poll_media": {"text": text}} for number, text in enumerate(answers, start=1)
            ],
            "expiry": payloads.time_text(ends_at),
            "allow_multiselect": several,
            "layout_type": 1,
            "results": {
                "answer_counts": [
                    {"id": number, "count": 0, "me_voted": False} for number, _ in enumerate(answers, start=1)
                ],
                "is_finalized": False,
            },
        }
    }


def forward(world: Directory, message: Message) -> Json:
    """What a message that forwards this one has: where it is, and a snapshot without its author."""
    place = world.channels[message.channel_id]
    whole = payloads.message(world, message, referenced=False)
    pointer: Json = {"type": FORWARD, "channel_id": str(place.id), "message_id": str(message.id)}
    if place.guild_id is not None:
        pointer["guild_id"] = str(place.guild_id)
    kept = (*_SNAPSHOT, "sticker_items")
    return {
        "message_reference": pointer,
        "message_snapshots": [{"message": {name: whole[name] for name in kept if name in whole}}],
    }


def link_card(url: str, title: str, description: str = "") -> Mapping[str, Any]:
    """The embed that Discord puts under a link that it could read."""
    card: Json = {"type": "link", "url": url, "title": title}
    return {**card, "description": description} if description else card
