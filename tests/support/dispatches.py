"""Checks what the gateway sends. The gateway is not in Discord's description, but the objects that it sends are: each
dispatch is taken apart, and its parts are checked. What no description covers is checked by the shapes below, which
follow Discord's API reference ("Gateway Events", "Receiving and Responding")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator

from tests.support.openapi import OpenAPI

Json = Mapping[str, Any]

# Which described object each dispatch is; it may hold more than that (`guild_id`, `member`), never less.
_WHOLE: Final = {
    "MESSAGE_CREATE": "MessageResponse",
    "MESSAGE_UPDATE": "MessageResponse",
    "GUILD_MEMBER_ADD": "GuildMemberResponse",
    "CHANNEL_CREATE": "GuildChannelResponse",
    "CHANNEL_UPDATE": "GuildChannelResponse",
    "THREAD_CREATE": "ThreadResponse",
    "THREAD_UPDATE": "ThreadResponse",
}
_ID: Final = {"type": "string", "pattern": "^[1-9][0-9]*$"}
_BITS: Final = {"type": "string", "pattern": "^[0-9]+$"}
_OPTIONS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "type"],
        "properties": {
            "name": {"type": "string"},
            "type": {"enum": list(range(1, 12))},
            "value": {"type": ["string", "number", "boolean"]},
            "options": {"$ref": "#/$defs/options"},
            "focused": {"type": "boolean"},
        },
        "additionalProperties": False,
    },
}
_DATA: Final[dict[int, dict[str, Any]]] = {
    2: {"required": ["id", "name", "type"], "properties": {"id": _ID, "options": {"$ref": "#/$defs/options"}}},
    3: {"required": ["custom_id", "component_type", "id"], "properties": {"values": {"type": "array"}}},
    4: {"required": ["id", "name", "type", "options"], "properties": {"options": {"$ref": "#/$defs/options"}}},
    5: {"required": ["custom_id", "components"]},
}
_INTERACTION: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["id", "application_id", "type", "data", "token", "version", "channel_id", "locale", "app_permissions"],
    "properties": {
        "id": _ID,
        "application_id": _ID,
        "channel_id": _ID,
        "guild_id": _ID,
        "type": {"enum": [2, 3, 4, 5]},
        "version": {"const": 1},
        "token": {"type": "string", "minLength": 1, "maxLength": 300},
        "app_permissions": _BITS,
        "member": {"required": ["user", "permissions"], "properties": {"permissions": _BITS}},
        "data": {"type": "object"},
    },
    "oneOf": [{"required": ["member"]}, {"required": ["user"]}],
    "allOf": [
        {"if": {"properties": {"type": {"const": kind}}}, "then": {"properties": {"data": data}}}
        for kind, data in _DATA.items()
    ],
    "$defs": {"options": _OPTIONS},
}
_interaction: Final = Draft202012Validator(_INTERACTION)


def dispatch_faults(api: OpenAPI, event: str, data: Any) -> list[str]:
    """What is wrong with a dispatch; nothing for events of which no part is described."""
    if event == "READY":
        return list(_ready_faults(api, data))
    if event == "GUILD_CREATE":
        return list(_guild_faults(api, data))
    if event == "INTERACTION_CREATE":
        return list(_interaction_faults(api, data))
    faults = api.object_faults(_WHOLE[event], data) if event in _WHOLE else []
    if event == "MESSAGE_CREATE" and "member" in data:
        faults += api.object_faults("BasicGuildMemberResponse", data["member"])
    return faults


def _ready_faults(api: OpenAPI, data: Json) -> Iterator[str]:
    for key in ("v", "user", "guilds", "session_id", "resume_gateway_url", "application"):
        if key not in data:
            yield f"READY has no {key}"
    yield from api.object_faults("UserResponse", data["user"])


def _guild_faults(api: OpenAPI, data: Json) -> Iterator[str]:
    yield from api.object_faults("GuildResponse", data)
    for name, key in (
        ("GuildMemberResponse", "members"),
        ("GuildChannelResponse", "channels"),
        ("ThreadResponse", "threads"),
    ):
        for one in data[key]:
            # In GUILD_CREATE, and only there, channels leave out the id of the server that they are in.
            whole = {"guild_id": data["id"], **one} if key != "members" else one
            yield from (f"{key}: {fault}" for fault in api.object_faults(name, whole))


def _interaction_faults(api: OpenAPI, data: Json) -> Iterator[str]:
    yield from (f"{error.json_path}: {error.message[:200]}" for error in _interaction.iter_errors(data))
    if "member" in data:
        yield from api.object_faults("GuildMemberResponse", data["member"])
    if "user" in data:
        yield from api.object_faults("UserResponse", data["user"])
    if "message" in data:
        yield from api.object_faults("MessageResponse", data["message"])
    resolved = data["data"].get("resolved", {})
    for name, key in (
        ("UserResponse", "users"),
        ("BasicGuildMemberResponse", "members"),
        ("GuildRoleResponse", "roles"),
    ):
        for number, one in resolved.get(key, {}).items():
            yield from (f"resolved {key} {number}: {fault}" for fault in api.object_faults(name, one))
