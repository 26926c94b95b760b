"""From Discord's JSON to what Echo thinks in. Pure; for anything else than what Discord describes it raises one of
`MALFORMED`.

Source of fields and types: Discord API reference, "Message Object" and "Interaction Object".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from echo.corpus.mark import is_marked, unmarked
from echo.discord.disclosure import is_notice
from echo.discord.snowflakes import time_of
from echo.ports import Heard

Raw = Mapping[str, Any]

MALFORMED = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading JSON of another shape than the described one raises."""

PLAIN, REPLY = 0, 19
"""The types of message that a person, bot or webhook writes; the others are the system's, or answers to commands."""
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
"""The types of option that name a part of a command."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as it came.

    `own`: an echo's words, of which one the heard message says where that is known. `to`: the profile whose echo it
    answers. `to_name`: the name under which what it answers stands, if that is an echo's.
    """

    heard: Heard
    own: bool = False
    to: int | None = None
    to_name: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in an interaction. `is_member`: of the server where it happens."""

    id: int
    name: str
    is_bot: bool
    is_member: bool


@dataclass(frozen=True, slots=True)
class Upload:
    """A file given with a command; `size` in bytes, as Discord says."""

    id: int
    filename: str
    size: int
    url: str


Value = str | int | float | bool | Person | Upload


@dataclass(frozen=True, slots=True)
class Call:
    """A command as it was called: its words ("echo create") and options, users among them as `Person`."""

    name: str
    options: Mapping[str, Value] = field(default_factory=dict)
    target: Person | None = None
    focused: str | None = None

    def text(self, option: str) -> str:
        """An option as text, empty where it was not given."""
        return str(self.options.get(option, ""))

    def person(self, option: str) -> Person | None:
        """A user option, None where it was not given."""
        found = self.options.get(option)
        return found if isinstance(found, Person) else None

    def upload(self, option: str) -> Upload | None:
        """A file option, None where it was not given."""
        found = self.options.get(option)
        return found if isinstance(found, Upload) else None

    def is_set(self, option: str) -> bool:
        """A yes/no option, no where it was not given."""
        return self.options.get(option) is True


def seen(raw: Raw, application_id: int, speaker: int | None = None, answered: int | None = None) -> Seen | None:
    """A message of MESSAGE_CREATE; None where nobody wrote anything: the system, Echo itself, commands, no text.

    `application_id` is also the id of Echo's user. `speaker` and `answered` are the profiles whose echoes spoke it and
    what it answers, as far as that is known (0: an echo that is gone).
    """
    author, said = raw["author"], raw.get("content") or ""
    text = unmarked(said)
    by_bot = int(author["id"]) == application_id
    if raw.get("type", PLAIN) not in (PLAIN, REPLY) or not text.strip() or (by_bot and speaker is None):
        return None
    own = speaker is not None or _is_own(raw, application_id)
    if own and is_notice(text):
        return None
    message_id = int(raw["id"])
    heard = Heard(
        message_id=message_id,
        channel_id=int(raw["channel_id"]),
        author_id=0 if own else int(author["id"]),
        author=shown_name(author, raw.get("member")),
        ts=time_of(message_id).timestamp(),
        # Where it may not make webhooks, an echo speaks as the bot, under a line that names it.
        text=text.partition(":**\n")[2] or text if by_bot else text,
        human=not author.get("bot") and raw.get("webhook_id") is None and not is_marked(said),
        speaker=speaker or None,
        reply_to=_answered(raw),
    )
    target = raw.get("referenced_message") or {}
    to_own = bool(target) and (answered is not None or _is_own(target, application_id))
    return Seen(heard, own, answered or None, shown_name(target["author"], None) if to_own else "")


def _answered(raw: Raw) -> int | None:
    reference = (raw.get("message_reference") or {}).get("message_id") if raw.get("type") == REPLY else None
    return None if reference is None else int(reference)


def _is_own(raw: Raw, application_id: int) -> bool:
    return raw.get("webhook_id") is not None and str(raw.get("application_id")) == str(application_id)


def shown_name(user: Raw, member: Raw | None) -> str:
    """By what name people see somebody: the server's nickname, else the global name, else the user name."""
    return str((member or {}).get("nick") or user.get("global_name") or user["username"])


def call(data: Raw) -> Call:
    """A command, or one that is being typed, of an interaction's `data`."""
    words, level = [str(data["name"])], data
    while level.get("options") and level["options"][0]["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP):
        level = level["options"][0]
        words.append(str(level["name"]))
    resolved = data.get("resolved") or {}
    options: dict[str, Value] = {}
    focused = None
    for option in level.get("options") or ():
        options[str(option["name"])] = _value(option, resolved)
        focused = str(option["name"]) if option.get("focused") else focused
    target = data.get("target_id")
    return Call(" ".join(words), options, None if target is None else person(target, resolved), focused)


USER_OPTION: Final = 6
FILE_OPTION: Final = 11


def _value(option: Raw, resolved: Raw) -> Value:
    value: str | int | float | bool = option["value"]
    if option["type"] == USER_OPTION:
        return person(value, resolved)
    if option["type"] == FILE_OPTION:
        file = resolved["attachments"][str(value)]
        return Upload(int(file["id"]), str(file["filename"]), int(file["size"]), str(file["url"]))
    return value


def person(user_id: object, resolved: Raw) -> Person:
    """Somebody by id, as the interaction describes them; somebody it does not describe is unknown here."""
    key = str(user_id)
    user = (resolved.get("users") or {}).get(key)
    member = (resolved.get("members") or {}).get(key)
    if user is None:
        return Person(int(key), key, is_bot=False, is_member=False)
    return Person(int(key), shown_name(user, member), bool(user.get("bot")), member is not None)


def field_values(data: Raw) -> dict[str, str]:
    """What was written into a modal's fields, by custom id."""
    found: dict[str, str] = {}
    rows = list(data.get("components") or ())
    while rows:
        row = rows.pop()
        if row.get("custom_id") is not None:
            found[str(row["custom_id"])] = str(row.get("value") or "")
        rows.extend(row.get("components") or ())
        if row.get("component"):
            rows.append(row["component"])
    return found
