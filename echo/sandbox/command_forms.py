"""What an application command may look like, and how Discord gives one back. Pure.

Source of kinds, names and limits: Discord API reference, "Application Commands".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Json = Mapping[str, Any]
Faults = dict[str, Any]
"""Discord's tree of form errors: a field's name, then either its fields or `_errors`."""

CHAT_INPUT, USER_COMMAND, MESSAGE_COMMAND = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL = 1, 2, 3, 4, 5, 6, 7
ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 8, 9, 10, 11
OPTION_NAMES: Final = {
    SUBCOMMAND: "subcommand",
    SUBCOMMAND_GROUP: "group",
    STRING: "string",
    INTEGER: "integer",
    BOOLEAN: "boolean",
    USER: "user",
    CHANNEL: "channel",
    ROLE: "role",
    MENTIONABLE: "mentionable",
    NUMBER: "number",
    ATTACHMENT: "attachment",
}
MAX_OPTIONS: Final = 25
MAX_NESTING: Final = 2
HIGHEST_PERMISSIONS: Final = 2**54 - 1


def fault(message: str) -> Faults:
    """One field's error."""
    return {"_errors": [{"code": 50035, "message": message}]}


def command_faults(form: object, *, guild_id: int | None, partial: bool = False) -> Faults:
    """What Discord would refuse of a command to be created, or edited if `partial`; empty if nothing."""
    if not isinstance(form, Mapping):
        return fault("Only dictionaries may be used in a DictType")
    kind = form.get("type", CHAT_INPUT)
    faults: Faults = {}
    if kind not in (CHAT_INPUT, USER_COMMAND, MESSAGE_COMMAND):
        return {"type": fault("Value must be one of {1, 2, 3}.")}
    if not (partial and "name" not in form) and (wrong := _name_fault(form.get("name"), slash=kind == CHAT_INPUT)):
        faults["name"] = fault(wrong)
    if not (partial and "description" not in form) and (wrong := _description_fault(form.get("description"), kind)):
        faults["description"] = fault(wrong)
    if wrong := _permissions_fault(form.get("default_member_permissions")):
        faults["default_member_permissions"] = fault(wrong)
    if "guild_id" in form and (form["guild_id"] is None or str(form["guild_id"]) != str(guild_id)):
        faults["guild_id"] = fault(f'Value "{form["guild_id"]}" is not the server of this path.')
    if options := form.get("options"):
        wrong_options = _options_faults(options, depth=0) if kind == CHAT_INPUT else fault("Only slash commands do.")
        faults |= {"options": wrong_options} if wrong_options else {}
    return faults


def is_slash_name(name: str) -> bool:
    """Whether a slash command, subcommand or option may be called so: 1-32 letters, digits, - _ ', in lower case."""
    known = all(c in "-_'" or unicodedata.category(c)[0] in "LNM" for c in name)
    return 1 <= len(name) <= 32 and known and name == name.lower()


def _name_fault(name: object, *, slash: bool) -> str | None:
    if not isinstance(name, str):
        return "This field is required"
    if slash and not is_slash_name(name):
        return "Command name is invalid"
    return None if 1 <= len(name) <= 32 else "Must be between 1 and 32 in length."


def _description_fault(text: object, kind: int) -> str | None:
    if kind != CHAT_INPUT:
        return None if text in (None, "") else "Context menu commands cannot have description"
    if not isinstance(text, str):
        return "This field is required"
    return None if 1 <= len(text) <= 100 else "Must be between 1 and 100 in length."


def _permissions_fault(bits: object) -> str | None:
    if bits is None:
        return None
    is_number = (isinstance(bits, int) and not isinstance(bits, bool)) or (isinstance(bits, str) and bits.isdecimal())
    if not is_number or not 0 <= int(str(bits)) <= HIGHEST_PERMISSIONS:
        return "Must be a set of permissions."
    return None


def _options_faults(options: object, *, depth: int) -> Faults:
    if not isinstance(options, Sequence) or isinstance(options, str):
        return fault("Only iterables may be used in an Array")
    if len(options) > MAX_OPTIONS:
        return fault("Must be 25 or fewer in length.")
    faults = {str(at): wrong for at, one in enumerate(options) if (wrong := _option_faults(one, depth))}
    return faults or _order_faults(options)


def _option_faults(option: object, depth: int) -> Faults:
    if not isinstance(option, Mapping):
        return fault("Only dictionaries may be used in a DictType")
    kind = option.get("type")
    if kind not in OPTION_NAMES:
        return {"type": fault("Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.")}
    faults: Faults = {}
    if wrong := _name_fault(option.get("name"), slash=True):
        faults["name"] = fault(wrong)
    if wrong := _description_fault(option.get("description"), CHAT_INPUT):
        faults["description"] = fault(wrong)
    if kind in (SUBCOMMAND, SUBCOMMAND_GROUP):
        if depth >= MAX_NESTING or (kind == SUBCOMMAND_GROUP and depth > 0):
            return {**faults, "type": fault("Sub-command option types are not allowed here.")}
        nested = _options_faults(option.get("options") or (), depth=depth + 1 if kind == SUBCOMMAND_GROUP else 9)
        return {**faults, "options": nested} if nested else faults
    return faults | _choices_faults(option)


def _choices_faults(option: Json) -> Faults:
    choices = option.get("choices") or ()
    if not choices:
        return {}
    if option["type"] not in (STRING, INTEGER, NUMBER):
        return {"choices": fault("Options of this type cannot have choices.")}
    if option.get("autocomplete"):
        return {"autocomplete": fault("Choices and autocomplete exclude each other.")}
    if len(choices) > MAX_OPTIONS:
        return {"choices": fault("Must be 25 or fewer in length.")}
    wanted: tuple[type, ...] = {STRING: (str,), INTEGER: (int,), NUMBER: (int, float)}[option["type"]]
    for choice in choices:
        if not isinstance(choice.get("name"), str) or not 1 <= len(choice["name"]) <= 100:
            return {"choices": fault("A choice's name must be between 1 and 100 in length.")}
        if not isinstance(choice.get("value"), wanted):
            return {"choices": fault("A choice's value is not of the option's type.")}
    return {}


def _order_faults(options: Iterable[Json]) -> Faults:
    listed = list(options)
    names = [one["name"] for one in listed]
    if len(set(names)) < len(names):
        return fault("Option names must be unique")
    nesting = [one["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP) for one in listed]
    if any(nesting) and not all(nesting):
        return fault("Sub-command and sub-command group option types are mutually exclusive to all other types")
    required = [bool(one.get("required")) for one in listed]
    if sorted(required, reverse=True) != required:
        return fault("Required options must be placed before non-required options")
    return {}


def as_answered(form: Json, *, command_id: int, application_id: int, version: int, guild_id: int | None) -> Json:
    """The command as Discord gives it back: ApplicationCommandResponse."""
    kind = form.get("type") or CHAT_INPUT
    bits = form.get("default_member_permissions")
    answered: dict[str, Any] = {
        "id": str(command_id),
        "application_id": str(application_id),
        "version": str(version),
        "type": kind,
        "name": form["name"],
        "name_localizations": form.get("name_localizations"),
        "description": form.get("description") or "",
        "description_localizations": form.get("description_localizations"),
        "default_member_permissions": None if bits is None else str(bits),
        "contexts": form.get("contexts"),
        "integration_types": form.get("integration_types") or [0],
        "nsfw": bool(form.get("nsfw")),
    }
    if kind == CHAT_INPUT:
        answered["options"] = [_option_as_answered(one) for one in form.get("options") or ()]
    # A null `guild_id` would say that the command belongs to a server that has no id; global ones have none at all.
    if guild_id is None:
        answered["dm_permission"] = form.get("dm_permission") is not False
    else:
        answered["guild_id"] = str(guild_id)
    return answered


def _option_as_answered(option: Json) -> dict[str, Any]:
    answered = {key: value for key, value in option.items() if value is not None}
    # These stay though they are null: libraries compare what they sent with what they get, key by key.
    answered |= {key: option.get(key) for key in ("name_localizations", "description_localizations")}
    if "choices" in answered:
        answered["choices"] = [{"name_localizations": None, **choice} for choice in answered["choices"]]
    if "options" in answered:
        answered["options"] = [_option_as_answered(one) for one in answered["options"]]
    return answered
