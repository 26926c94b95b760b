"""A person's call of a command: which one their words mean, whether they may, and what Discord would send of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from echo.sandbox import payloads
from echo.sandbox.command_forms import CHAT_INPUT, MESSAGE_COMMAND, STRING, USER, USER_COMMAND, Json
from echo.sandbox.commands import CommandRegistry
from echo.sandbox.directory import Directory
from echo.sandbox.interaction_payloads import resolved
from echo.sandbox.options import NotPossible, fill, fill_partly, lowest_level, nested
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Channel, User
from echo.sandbox.talk import Talk
from echo.sandbox.views import command_views

_TARGET: Final[Json] = {"name": "user", "type": USER, "required": True, "description": "Whom it is about"}

_MESSAGE: Final[Json] = {"name": "message", "type": STRING, "required": True, "description": "The message's id"}


@dataclass(frozen=True, slots=True)
class Call:
    """A command with the subcommands (`path`) that lead to its `options`. `name` is the whole of it."""

    command: Json
    path: Sequence[Json]
    options: Sequence[Json]
    name: str

    def data(self, world: Talk, channel_id: int, given: Mapping[str, object], *, now: float) -> Json:
        """An interaction's `data` with the given options, whose files are kept. Raises `NotPossible` for what does not
        fit them."""
        filled = fill(world, self.options, given, self.name)
        files = {
            name: world.keep_file(channel_id, upload, now=now, ephemeral=True)
            for name, upload in filled.uploads.items()
        }
        for option in filled.options:
            if option["name"] in files:
                option["value"] = str(files[option["name"]].id)
        found = self._identity()
        named = resolved(
            world,
            channel_id,
            users=filled.users,
            channels=filled.channels,
            roles=filled.roles,
            attachments=files.values(),
        )
        if named:
            found["resolved"] = named
        if self.command["type"] == MESSAGE_COMMAND:
            return {**found, **_on_message(world, channel_id, str(filled.options[0]["value"]))}
        if self.command["type"] == USER_COMMAND:
            return {**found, "target_id": str(filled.users[0])}
        return {**found, "options": nested(self.path, filled.options)}

    def data_so_far(self, world: Directory, given: Mapping[str, object], focused: str, text: str) -> Json:
        """The same while the option `focused` is being typed."""
        return {
            **self._identity(),
            "options": nested(self.path, fill_partly(world, self.options, given, focused, text)),
        }

    def _identity(self) -> dict[str, Any]:
        found = {key: self.command[key] for key in ("id", "name", "type")}
        if "guild_id" in self.command:
            found["guild_id"] = self.command["guild_id"]
        return found


def _on_message(world: Talk, channel_id: int, number: str) -> Json:
    found = world.message(channel_id, int(number)) if number.isdecimal() else None
    if found is None:
        raise NotPossible(f"There is no message {number[:30]} in this channel.")
    return {"target_id": number, "resolved": {"messages": {number: payloads.message(world, found)}}}


def find_call(registry: CommandRegistry, guild_id: int | None, text: object) -> Call:
    """The command that `text` (with or without the slash) calls in a server, or privately where there is none.

    Raises `NotPossible` if it calls none.
    """
    wanted = " ".join(str(text).strip().removeprefix("/").casefold().split())
    for command in registry.usable_in(guild_id):
        if command["type"] == USER_COMMAND and command["name"].casefold() == wanted:
            return Call(command, (), (_TARGET,), command["name"])
        if command["type"] == MESSAGE_COMMAND and command["name"].casefold() == wanted:
            return Call(command, (), (_MESSAGE,), command["name"])
        words = wanted.split()
        if command["type"] == CHAT_INPUT and words and words[0] == command["name"]:
            level = lowest_level(command, words[1:])
            if level is not None:
                return Call(command, level[0], level[1], wanted)
    known = [view["name"] for view in command_views(registry.usable_in(guild_id))]
    if not known:
        raise NotPossible("The bot has registered no commands yet; wait until it is connected.")
    listed = ", ".join(f"/{name}" for name in known)
    raise NotPossible(f"There is no command /{wanted[:60]}; the commands are: {listed}.")


def refuse_unless_allowed(world: Directory, user: User, channel: Channel, call: Call) -> None:
    """Raises `NotPossible` where Discord would not offer the command to this person in this channel."""
    held = world.permissions_in(channel.id, user.id)
    if held & Permission.ADMINISTRATOR:
        return
    if not held & Permission.USE_APPLICATION_COMMANDS:
        raise NotPossible(f"{user.display_name} may not use commands in #{channel.name}.")
    bits = call.command["default_member_permissions"]
    if bits is None or channel.guild_id is None:
        return
    missing = int(bits) & ~held
    if missing or not int(bits):
        needs = ", ".join(_permission_names(missing)) or "Administrator"
        raise NotPossible(f"{user.display_name} may not use /{call.name}: it takes the permission {needs}.")


def _permission_names(bits: int) -> list[str]:
    return [_titled(one) for one in Permission if one & bits] or [f"number {bits}"]


def _titled(permission: Permission) -> str:
    # Discord's client says "server" where its API says "guild".
    return (permission.name or "").replace("GUILD", "SERVER").replace("_", " ").title()
