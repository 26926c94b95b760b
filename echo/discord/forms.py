"""Echo's commands as Discord is told of them.

They are registered as plain JSON, all at once: nextcord's own declarations differ between its versions (`dm_permission`
against `contexts`), and what goes wrong while it registers them is only logged.
Source of types, names and limits: Discord API reference, "Application Commands".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from echo.discord.access_rows import MANAGING, ROWS
from states.model import Allowance

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, SUBGROUP, TEXT, YES_NO, USER, ROLE, FILE = 1, 2, 3, 5, 6, 8, 11
IN_SERVERS: Final = [0]
ANYWHERE: Final = [0, 1]
"""Where commands can be used (`contexts`): in servers, and in direct messages; subcommands have none of their own."""
MANAGE_SERVER: Final = 1 << 5
"""The permission Manage Server (Discord API reference, "Permissions")."""

GROUP: Final = "echo"
MENU: Final = "Make an echo"
"""The user context-menu command."""
REPORT: Final = "Report this echo"
"""The message context-menu command."""

CHOICES: Final = {
    Allowance.OPENERS: "openers: it begins conversations by itself",
    Allowance.QUIZ: "quiz: members guess what you wrote and what it did",
}
"""What a subject may allow, as Discord offers it."""


def _option(kind: int, name: str, description: str, **more: object) -> dict[str, Any]:
    return {"type": kind, "name": name, "description": description, **more}


_PROFILE: Final = _option(TEXT, "profile", "Whose echo: a name from the list", autocomplete=True, required=False)

SUBCOMMANDS: Final = [
    _option(
        SUBCOMMAND,
        "create",
        "Ask somebody, or yourself, for an echo",
        options=[
            _option(USER, "user", "Who is to be echoed; they are asked first", required=True),
            _option(
                TEXT,
                "before",
                "Only what was written before this day: dd.mm.yyyy (left out: from now on too)",
                required=False,
                max_length=40,
            ),
        ],
    ),
    _option(
        SUBCOMMAND,
        "online",
        "Bring an echo into this channel",
        options=[
            _PROFILE,
            _option(
                YES_NO,
                "starts",
                "It may begin conversations here too (only with Manage Server, if its person allows it)",
                required=False,
            ),
        ],
    ),
    _option(
        SUBGROUP,
        "consent",
        "What was agreed to, choosing anew, and taking it back",
        options=[
            _option(SUBCOMMAND, "show", "What holds, until when, and which keys are in", options=[_PROFILE]),
            _option(SUBCOMMAND, "change", "Choose anew what you agree to, or agree for longer"),
            _option(SUBCOMMAND, "revoke", "Take your consent back, or as a manager your approval", options=[_PROFILE]),
        ],
    ),
    _option(SUBCOMMAND, "offline", "Take an echo out of this channel", options=[_PROFILE]),
    _option(SUBCOMMAND, "status", "How far the echoes of this server are, and where they are online"),
    _option(SUBCOMMAND, "list", "The echoes of this server"),
    _option(
        SUBCOMMAND,
        "forget",
        "Erase an echo and everything that was read for it",
        options=[
            _PROFILE,
            _option(USER, "user", "Whose echo, by person", required=False),
            _option(YES_NO, "posts", "Also take down what the echo said, message by message", required=False),
        ],
    ),
    _option(SUBCOMMAND, "export", "Everything that is held about you, sent to you alone"),
    _option(
        SUBCOMMAND,
        "import",
        "Add what you wrote here, from your own Discord data package, to your echo",
        options=[
            _option(FILE, "file", "The package as Discord sent it to you (a ZIP file)", required=True),
            _option(YES_NO, "everywhere", "Also what you wrote in other servers, no direct messages", required=False),
        ],
    ),
    _option(SUBCOMMAND, "card", "How an echo's person writes; they strike lines and ban words", options=[_PROFILE]),
    _option(
        SUBCOMMAND,
        "allow",
        "What your own echo may do besides answering, or not any more",
        options=[
            _option(
                TEXT,
                "what",
                "What it is about; you are shown what it means before you say yes",
                required=True,
                choices=[{"name": CHOICES[one], "value": one.value} for one in Allowance],
            )
        ],
    ),
    _option(
        SUBCOMMAND,
        "quiz",
        "Who wrote this? Guess what somebody wrote and what their echo made up, if they allow it",
        options=[_option(USER, "user", "Whose echo; they must have allowed it with /echo allow", required=True)],
    ),
    _option(
        SUBCOMMAND,
        "report",
        "How like its person an echo was found in its test; or report a message of it",
        options=[
            _PROFILE,
            _option(TEXT, "message", "The link of a message of an echo, to tell those who manage this server"),
            _option(TEXT, "why", "What is wrong with it", max_length=500),
        ],
    ),
    _option(SUBCOMMAND, "privacy", "Be invisible to the echoes of this server, or visible again"),
    _option(SUBCOMMAND, "halt", "Silence every echo of this server at once (only with Manage Server)"),
    _option(SUBCOMMAND, "resume", "Let echoes come online again after a halt (only with Manage Server)"),
    _option(
        SUBCOMMAND,
        "trust",
        "Which roles may bring echoes online whose people let them (only with Manage Server)",
        options=[
            _option(ROLE, "role", "The role to be trusted; left out: show which are", required=False),
            _option(YES_NO, "back", "Trust it no more", required=False),
        ],
    ),
    _option(SUBCOMMAND, "help", "What Echo is, what it keeps and how to stop it"),
]


def _shown(command: dict[str, Any]) -> dict[str, Any]:
    """The command with whom Discord shows it to and where, by the table of who may do what.

    Discord has one permission for a command with all its subcommands: what any member may use stands open to all, and
    the table decides. Server's managers may set it otherwise, in their settings under Integrations.
    """
    rows = [row for row in ROWS if row.name in signatures([command])]
    for_managers = all(row.roles <= MANAGING and not row.chosen for row in rows)
    permissions = str(MANAGE_SERVER) if for_managers else None
    contexts = ANYWHERE if any(row.private for row in rows) else IN_SERVERS
    return {**command, "default_member_permissions": permissions, "contexts": contexts}


def signatures(commands: Iterable[Mapping[str, Any]]) -> set[str]:
    """What can be called: "echo create", "echo consent show", ..., "Make an echo"."""
    found: set[str] = set()
    for command in commands:
        parts = [one for one in command.get("options") or () if one["type"] in (SUBCOMMAND, SUBGROUP)]
        below = signatures(parts)
        found.update(f"{command['name']} {part}" for part in below) if parts else found.add(str(command["name"]))
    return found


COMMANDS: Final[list[dict[str, Any]]] = [
    _shown(one)
    for one in (
        {
            "type": SLASH,
            "name": GROUP,
            "description": "Echoes of people who agreed to it",
            "options": SUBCOMMANDS,
        },
        {"type": USER_MENU, "name": MENU},
        {"type": MESSAGE_MENU, "name": REPORT},
    )
]
