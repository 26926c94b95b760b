"""What somebody at the end of a half-typed command is typing, and how a proposal goes into it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from console.command_line import Command, CommandRefused, Given, Option, find_command, quoted, scan


class Typing(StrEnum):
    """What is being typed."""

    COMMAND = "command"
    OPTION = "option"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Completing:
    """`typed` is what stands of it so far, from `start` to the text's end; `others` are the values of other options."""

    what: Typing
    start: int
    typed: str
    command: Command | None = None
    option: Option | None = None
    others: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something to put in the place of what is typed: what is shown of it, what it means, and what is inserted."""

    shown: str
    about: str
    insert: str


def completing(text: str, commands: Sequence[Command], names: Sequence[str] = ()) -> Completing | None:
    """What is typed at the end of `text`, or None where there is nothing to offer.

    `names` are those of people, which may hold spaces.
    """
    if not text.startswith("/"):
        return None
    found = find_command(text, commands)
    if found is None or found[1] == len(text):
        return Completing(Typing.COMMAND, 0, text)
    command, begins = found
    try:
        leading, given = scan(text, begins, command)
    except CommandRefused:
        return None
    others = {one.option.name: one.value for one in given}
    if not given:
        return _at_word(text, command, others) if " " not in leading else None
    last = given[-1]
    del others[last.option.name]
    if last.closed:
        return _at_word(text, command, others | {last.option.name: last.value}) if text[last.end :] else None
    finished = _finished(last, text[last.start :], command, others, names)
    if finished is not None:
        return _at_word(text, command, others | {last.option.name: finished})
    start = last.start + len(text[last.start :]) - len(text[last.start :].lstrip())
    return Completing(Typing.VALUE, start, text[start:], command, last.option, others)


def free_options(command: Command, given: Mapping[str, str]) -> list[Option]:
    """The options not given yet, required ones first."""
    return sorted((one for one in command.options if one.name not in given), key=lambda one: not one.required)


def command_proposals(typed: str, commands: Sequence[Command]) -> list[Proposal]:
    """The commands that begin as typed."""
    wanted = " ".join(typed.removeprefix("/").casefold().split())
    fitting = [one for one in commands if one.name.casefold().startswith(wanted)]
    return [Proposal(f"/{one.name}", one.description, f"/{one.name} {_next(one, {})}") for one in fitting]


def option_proposals(at: Completing) -> list[Proposal]:
    """The options that begin as typed."""
    command = at.command
    if command is None:
        return []
    free = free_options(command, at.others or {})
    return [
        Proposal(f"{one.name}:", one.description, _opened(one))
        for one in free
        if one.name.casefold().startswith(at.typed.casefold())
    ]


def value_proposal(at: Completing, shown: str, about: str = "") -> Proposal:
    """A value, followed by the next option that is required."""
    if at.command is None or at.option is None:
        return Proposal(shown, about, quoted(shown))
    following = _next(at.command, {**(at.others or {}), at.option.name: shown})
    return Proposal(shown, about, f"{quoted(shown)} {following}" if following else quoted(shown))


def completed(text: str, at: Completing, proposal: Proposal) -> str:
    """The text with the proposal in the place of what was typed."""
    return text[: at.start] + proposal.insert


def _at_word(text: str, command: Command, given: Mapping[str, str]) -> Completing:
    """The last word, as the beginning of an option's name."""
    start = max(text.rfind(" "), text.rfind("\t")) + 1
    return Completing(Typing.OPTION, start, text[start:], command, None, given)


def _finished(last: Given, raw: str, command: Command, others: Mapping[str, str], names: Sequence[str]) -> str | None:
    """The value, where it is complete and what follows it can only begin another option's name; else None."""
    value = raw.strip()
    typed = raw.lstrip().lstrip("@#").casefold()
    if not value or any(name.casefold().startswith(typed) and name.casefold() != typed for name in names):
        return None
    if raw[-1].isspace():
        return value
    before, _, word = value.rpartition(" ")
    free = free_options(command, {**others, last.option.name: value})
    is_option = any(option.name.startswith(word.casefold()) for option in free)
    return before.strip() if before.strip() and is_option else None


def _next(command: Command, given: Mapping[str, str]) -> str:
    """The next required option's beginning, or nothing."""
    free = free_options(command, given)
    return _opened(free[0]) if free and free[0].required else ""


def _opened(option: Option) -> str:
    return f"{option.name}:@" if option.kind == "user" else f"{option.name}:"
