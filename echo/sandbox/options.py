"""What a person typed behind a command's options, as the option values that Discord would send.

Where Discord's client would not let a person send the command at all, `NotPossible` says so in one sentence.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from echo.errors import UsageError
from echo.sandbox.command_forms import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    SUBCOMMAND_GROUP,
    USER,
    Json,
)
from echo.sandbox.directory import Directory
from echo.sandbox.files import Upload, safe_name
from echo.sandbox.records import Channel, User

LARGEST: Final = 2**53
"""Discord's bound for integers and numbers, either way."""
LONGEST_TEXT: Final = 6000
_OF_FILES: Final[Mapping[str, tuple[type, ...]]] = {
    "filename": (str,),
    "content": (str, bytes),
    "content_type": (str,),
    "description": (str,),
    "width": (int,),
    "height": (int,),
    "seconds": (int, float),
}
_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})


class NotPossible(UsageError, ValueError):
    """What somebody in the sandbox wanted to do can't be done; the message is one sentence that says why.

    A ValueError too, for those who may not know Echo's own errors.
    """


@dataclass(slots=True)
class Filled:
    """Options as Discord sends them, and the ids of whom and what they name. `uploads` are files by their options'
    names; the options' values are to be their ids, once they are kept."""

    options: list[dict[str, Any]] = field(default_factory=list)
    users: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    uploads: dict[str, Upload] = field(default_factory=dict)


def find_person(world: Directory, text: object) -> User:
    """The member, bots among them, whom `text` (a name, @name or id) means."""
    found = world.find_user(str(text)) if isinstance(text, str | int) and not isinstance(text, bool) else None
    if found is None or found.id not in world.members:
        names = ", ".join(user.display_name for user in list(world.people())[:6])
        raise NotPossible(f"Nobody here is called {_quoted(text)}; try one of: {names}.")
    return found


def find_place(world: Directory, text: object) -> Channel:
    """The channel or thread that `text` (a name, #name or id) means."""
    found = world.find_channel(str(text)) if isinstance(text, str | int) and not isinstance(text, bool) else None
    if found is None:
        names = ", ".join(f"#{channel.name}" for channel in world.guild_channels()[:6])
        raise NotPossible(f"No channel here is called {_quoted(text)}; try one of: {names}.")
    return found


def fill(world: Directory, described: Sequence[Json], given: Mapping[str, object], command: str) -> Filled:
    """All of a command's options from what was `given` by name. `command` is its name, for the messages."""
    known = {option["name"]: option for option in described}
    for name in given:
        if name not in known:
            has = f"it has: {', '.join(known)}" if known else "it has none"
            raise NotPossible(f"/{command} has no option called {_quoted(name)}; {has}.")
    filled = Filled()
    for name, option in known.items():
        if given.get(name) in (None, ""):
            if option.get("required"):
                raise NotPossible(f"/{command} needs the option {name}: {option['description']}.".replace("..", "."))
            continue
        filled.options.append(
            {"name": name, "type": option["type"], "value": _value(world, option, given[name], filled)}
        )
    return filled


def fill_partly(
    world: Directory, described: Sequence[Json], given: Mapping[str, object], focused: str, text: str
) -> list[dict[str, Any]]:
    """Options while one of them (`focused`) is being typed: nothing need be complete, and nothing is resolved."""
    partly = Filled()
    for option in described:
        name = option["name"]
        if name == focused:
            partly.options.append({"name": name, "type": option["type"], "value": text, "focused": True})
        elif given.get(name) not in (None, "") and option["type"] != ATTACHMENT:
            value = _value(world, option, given[name], partly)
            partly.options.append({"name": name, "type": option["type"], "value": value})
    return partly.options


def lowest_level(command: Json, words: Sequence[str]) -> tuple[list[Json], Sequence[Json]] | None:
    """The subcommands that `words` (without the command's own name) lead through, and the options at the end of them;
    None if the words name no such subcommand, or stop before one."""
    path: list[Json] = []
    options: Sequence[Json] = command.get("options") or ()
    for word in words:
        step = next((o for o in options if o["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP) and o["name"] == word), None)
        if step is None:
            return None
        path.append(step)
        options = step.get("options") or ()
    if any(option["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP) for option in options):
        return None
    return path, options


def nested(path: Sequence[Json], options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Options inside the subcommands that lead to them."""
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    return options


def _value(world: Directory, option: Json, given: object, filled: Filled) -> str | int | float | bool:
    kind, name = option["type"], option["name"]
    if kind == USER:
        filled.users.append(find_person(world, given).id)
        return str(filled.users[-1])
    if kind == CHANNEL:
        filled.channels.append(find_place(world, given).id)
        return str(filled.channels[-1])
    if kind in (ROLE, MENTIONABLE):
        return _mentionable(world, kind, given, filled)
    if kind == ATTACHMENT:
        filled.uploads[name] = upload_of(given, world.largest_file)
        return ""
    return _chosen(option, given) if option.get("choices") else _in_bounds(option, _plain(kind, name, given))


def upload_of(given: object, most: int) -> Upload:
    """The file that an object with `filename` and `content` (bytes, or as base64) stands for; it may also have
    `content_type`, `description`, `width`, `height` and `seconds`. Raises `NotPossible` for more than `most` bytes."""
    if not isinstance(given, Mapping) or not str(given.get("filename") or "").strip():
        raise NotPossible("A file needs an object with its filename and its content in base64.")
    for name, value in given.items():
        if name not in _OF_FILES:
            raise NotPossible(f"A file has no {_quoted(name)}; it has: {', '.join(_OF_FILES)}.")
        if value is not None and not isinstance(value, _OF_FILES[name]):
            raise NotPossible(f"The field {name} of a file can't be {_quoted(value)}.")
    content = given.get("content") or b""
    if isinstance(content, str):
        try:
            content = base64.b64decode(content, validate=True)
        except ValueError:
            raise NotPossible(f"The content of the file {_quoted(given['filename'])} is not base64.") from None
    if len(content) > most:
        raise NotPossible(f"A file has at most {most} bytes here, and {_quoted(given['filename'])} has {len(content)}.")
    return Upload(
        safe_name(given["filename"]),
        content,
        given.get("content_type"),
        given.get("description"),
        given.get("width"),
        given.get("height"),
        given.get("seconds"),
    )


def _mentionable(world: Directory, kind: int, given: object, filled: Filled) -> str:
    name = str(given).strip().removeprefix("<@&").removesuffix(">").removeprefix("@").casefold()
    found = next((role for role in world.roles.values() if name in (str(role.id), role.name.casefold())), None)
    if found is not None:
        filled.roles.append(found.id)
        return str(found.id)
    if kind == ROLE:
        raise NotPossible(f"No role here is called {_quoted(given)}.")
    filled.users.append(find_person(world, given).id)
    return str(filled.users[-1])


def _plain(kind: int, name: str, given: object) -> str | int | float | bool:
    if kind == STRING and isinstance(given, str):
        return given
    if kind == BOOLEAN:
        text = str(given).casefold()
        if text in _TRUE | _FALSE:
            return text in _TRUE
        raise NotPossible(f"The option {name} takes true or false, not {_quoted(given)}.")
    if kind in (INTEGER, NUMBER) and isinstance(given, str | int | float) and not isinstance(given, bool):
        try:
            number = float(given)
        except ValueError:
            number = float("nan")
        if abs(number) <= LARGEST and (kind == NUMBER or number.is_integer()):
            return int(number) if kind == INTEGER else number
    wanted = {STRING: "text", INTEGER: "a whole number", NUMBER: "a number"}[kind]
    raise NotPossible(f"The option {name} takes {wanted}, not {_quoted(given)}.")


def _chosen(option: Json, given: object) -> str | int | float:
    for choice in option["choices"]:
        if given == choice["value"] or str(given).casefold() in (
            str(choice["name"]).casefold(),
            str(choice["value"]).casefold(),
        ):
            value: str | int | float = choice["value"]
            return value
    names = ", ".join(str(choice["name"]) for choice in option["choices"])
    raise NotPossible(f"The option {option['name']} takes one of: {names}.")


def _in_bounds(option: Json, value: str | int | float | bool) -> str | int | float | bool:
    name = option["name"]
    if isinstance(value, str):
        low, high = option.get("min_length") or 0, option.get("max_length") or LONGEST_TEXT
        if not low <= len(value) <= high:
            raise NotPossible(f"The option {name} takes {low} to {high} characters.")
    elif not isinstance(value, bool):
        low, high = option.get("min_value", -LARGEST), option.get("max_value", LARGEST)
        if not low <= value <= high:
            raise NotPossible(f"The option {name} takes a number from {low} to {high}.")
    return value


def _quoted(given: object) -> str:
    text = str(given)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
