"""Interactions as Discord's JSON: what INTERACTION_CREATE carries, and what a message says about the one it answers.

Source of the fields: Discord API reference, "Receiving and Responding".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from echo.sandbox import payloads
from echo.sandbox.answers import Refusal
from echo.sandbox.directory import Directory
from echo.sandbox.files import Attachment
from echo.sandbox.records import Message
from echo.sandbox.talk import Talk

Json = Mapping[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
"""Types of interactions."""
IN_GUILD, BOT_DM = 0, 1
"""Where an interaction happened (`context`)."""


def interaction(
    world: Directory,
    *,
    interaction_id: int,
    token: str,
    kind: int,
    user_id: int,
    channel_id: int,
    data: Json,
    message: Message | None,
) -> dict[str, Any]:
    """What the bot is sent when a person calls a command, presses, chooses, types or submits."""
    place = world.channels[channel_id]
    found: dict[str, Any] = {
        "id": str(interaction_id),
        "application_id": str(world.application_id),
        "type": kind,
        "token": token,
        "version": 1,
        "channel_id": str(channel_id),
        "channel": payloads.channel(world, place),
        "data": data,
        "locale": "en-US",
        "app_permissions": str(world.permissions_in(channel_id, world.bot.id)),
        "entitlements": [],
        "authorizing_integration_owners": _owners(place.guild_id),
        "context": BOT_DM if place.guild_id is None else IN_GUILD,
        "attachment_size_limit": world.largest_file,
    }
    if place.guild_id is None:
        found["user"] = payloads.user(world.users[user_id])
    else:
        found |= {
            "guild_id": str(place.guild_id),
            "guild": {"id": str(place.guild_id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": {
                **payloads.member(world, world.members[user_id]),
                "permissions": str(world.permissions_in(channel_id, user_id)),
            },
        }
    if message is not None:
        found["message"] = payloads.message(world, message)
    return found


def resolved(
    world: Directory,
    channel_id: int,
    *,
    users: Iterable[int] = (),
    channels: Iterable[int] = (),
    roles: Iterable[int] = (),
    attachments: Iterable[Attachment] = (),
) -> dict[str, Any]:
    """The objects that ids in `data` stand for; empty if there are none."""
    found: dict[str, Any] = {}
    for user_id in users:
        found.setdefault("users", {})[str(user_id)] = payloads.user(world.users[user_id])
        if user_id in world.members:
            found.setdefault("members", {})[str(user_id)] = _member(world, channel_id, user_id)
    for number in channels:
        whole = payloads.channel(world, world.channels[number])
        kept = ("id", "type", "name", "parent_id", "thread_metadata", "flags", "last_message_id", "position", "nsfw")
        found.setdefault("channels", {})[str(number)] = {
            **{key: whole[key] for key in kept if key in whole},
            "permissions": str(world.permissions_in(number, world.bot.id)),
        }
    for number in roles:
        found.setdefault("roles", {})[str(number)] = payloads.role(world.roles[number])
    for file in attachments:
        found.setdefault("attachments", {})[str(file.id)] = payloads.attachment(world, file)
    return found


def _member(world: Directory, channel_id: int, user_id: int) -> dict[str, Any]:
    whole = payloads.member_without_user(world.members[user_id])
    partial = {key: value for key, value in whole.items() if key not in ("deaf", "mute")}
    return {**partial, "permissions": str(world.permissions_in(channel_id, user_id))}


def metadata(
    world: Directory,
    *,
    interaction_id: int,
    kind: int,
    user_id: int,
    guild_id: int | None,
    target_id: int | None = None,
    pressed: int | None = None,
    triggering: Json | None = None,
    original: int | None = None,
) -> dict[str, Any]:
    """`interaction_metadata`: for a command perhaps whom it was called on (`target_id`), for a component the message
    that holds it (`pressed`), for a modal what opened it (`triggering`); for a follow-up the original answer."""
    found: dict[str, Any] = {
        "id": str(interaction_id),
        "type": kind,
        "user": payloads.user(world.users[user_id]),
        "authorizing_integration_owners": _owners(guild_id),
    }
    if target_id is not None and target_id in world.users:
        found["target_user"] = payloads.user(world.users[target_id])
    if pressed is not None:
        found["interacted_message_id"] = str(pressed)
    if triggering is not None:
        found["triggering_interaction_metadata"] = triggering
    if original is not None:
        found["original_response_message_id"] = str(original)
    return found


def legacy(world: Directory, *, interaction_id: int, name: str, user_id: int) -> dict[str, Any]:
    """The older `interaction` object, which answers to commands still carry beside the metadata."""
    who = payloads.user(world.users[user_id])
    return {"id": str(interaction_id), "type": COMMAND, "name": name, "user": who}


def _owners(guild_id: int | None) -> dict[str, str]:
    # Key 0: the application is installed to the server, not to a user; in a direct message there is none.
    return {"0": str(guild_id or 0)}


FILES: Final = "\0files"
"""Under what name the files that came with an answer go with its data; no JSON of Discord's has it."""


def kept_files(world: Talk, channel_id: int, data: Json, now: float) -> list[Attachment]:
    """The files of an answer, kept to be fetched."""
    return [world.keep_file(channel_id, one, now=now, ephemeral=True) for one in data.get(FILES) or ()]


def refuse_empty(data: Json) -> None:
    """Raises `Refusal` for a message with nothing in it."""
    if not any(data.get(one) for one in ("content", "embeds", "components", "poll", FILES)):
        raise Refusal(400, 50006, "Cannot send an empty message")
