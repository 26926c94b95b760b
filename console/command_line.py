"""A slash command as a person types it, taken apart: `/echo create user:@Mara before:01.06.2026`. Pure.

A value goes on to the next option or to the end, so names with spaces need no quotes; within "double quotes" it may
hold anything, `\\"` and `\\\\` among it. Values before the first option name fill the required options in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ANY_OPTION: Final = re.compile(r"(?<!\S)([\w-]{1,32}):")
LIKE_OPTION: Final = re.compile(r"(?<!\S)(?!\d)([\w-]{1,32}):(?!//)")
"""What is meant as an option's name, and not as a time or the beginning of an address."""
NO_FREE_TEXT: Final = frozenset({"before", "profile"})
"""The options that take no free text though Discord calls them strings: a day, and a name from a list."""


class CommandRefused(ValueError):
    """What was typed is no command that can be run; the message is one sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command, as Discord describes it; `kind` is "user", "string", "channel", ..."""

    name: str
    kind: str = "string"
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command with all its subcommands in its name ("echo create"); on Discord, one `in_menu` can't be typed."""

    name: str
    description: str = ""
    options: tuple[Option, ...] = ()
    in_menu: bool = False

    def option(self, name: str) -> Option | None:
        """The option of this name, in whatever case."""
        return next((one for one in self.options if one.name.casefold() == name.casefold()), None)


@dataclass(frozen=True, slots=True)
class Call:
    """A command with the text given for its options."""

    command: Command
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """One option as typed: where its name and its value begin and its value ends, and whether that is closed by a
    quotation mark."""

    option: Option
    at: int
    start: int
    end: int
    value: str
    closed: bool = False


def commands_of(described: Iterable[Mapping[str, Any]]) -> tuple[Command, ...]:
    """The commands of `Town.commands()`."""
    return tuple(
        Command(
            str(one["name"]),
            str(one.get("description") or ""),
            tuple(
                Option(
                    str(option["name"]),
                    str(option.get("type", "string")),
                    bool(option.get("required")),
                    str(option.get("description") or ""),
                )
                for option in one.get("options", ())
            ),
            in_menu=one.get("kind") == "user",
        )
        for one in described
    )


def parse(text: str, commands: Sequence[Command], names: Sequence[str] = ()) -> Call:
    """The call that `text` makes; `names` are those of the people, for values before the first option name.

    Raises CommandRefused.
    """
    command, begins = _command(text, commands)
    leading, given = scan(text, begins, command)
    options: dict[str, str] = {}
    for one in given:
        if one.option.name in options:
            raise CommandRefused(f"The option {one.option.name} is given twice: keep one of them.")
        _refuse_misspelt(one, command, given)
        if not one.closed:
            _refuse_unknown(one.option, one.value, command, names)
        if one.value:
            options[one.option.name] = one.value
    options |= _positional(leading, command, options, names)
    missing = [option for option in command.options if option.required and option.name not in options]
    if missing:
        lacking = missing[0]
        about = f" ({lacking.description})" if lacking.description else ""
        raise CommandRefused(f"/{command.name} also needs {lacking.name}:{about}; add it at the end.")
    return Call(command, options)


def compose(call: Call) -> str:
    """The text that `parse` takes apart into this call."""
    return " ".join((f"/{call.command.name}", *(f"{name}:{quoted(value)}" for name, value in call.options.items())))


def quoted(value: str) -> str:
    """A value as it can stand after its option's name: in quotes only where it would be read otherwise."""
    plain = value and value == value.strip() and not value.startswith('"') and not ANY_OPTION.search(value)
    return value if plain else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def find_command(text: str, commands: Sequence[Command]) -> tuple[Command, int] | None:
    """The command that `text` begins with, and where its options begin; None where it names none in full."""
    for command in sorted(commands, key=lambda one: -len(one.name)):
        words = r"\s+".join(re.escape(word) for word in command.name.split())
        found = re.match(rf"/\s*{words}(?=\s|$)", text, re.IGNORECASE)
        if found:
            return command, found.end()
    return None


def scan(text: str, begins: int, command: Command) -> tuple[str, list[Given]]:
    """What stands before the first option's name, and the options as typed, from `begins` on.

    Raises CommandRefused for a quotation mark that is not closed.
    """
    leading, found = "", list[Given]()
    at = begins
    first = _next_option(text, begins, command)
    leading = text[begins : first.start() if first else len(text)].strip()
    while first:
        option = command.option(first[1])
        assert option is not None
        at = first.end()
        quotes = QUOTED.match(text, at)
        if text.startswith('"', at) and not quotes:
            raise CommandRefused(f"The value of {option.name} has no closing quotation mark: add one.")
        following = _next_option(text, quotes.end() if quotes else at, command)
        end = following.start() if following else len(text)
        if quotes:
            rest = text[quotes.end() : end].strip()
            if rest:
                raise CommandRefused(f"After the closing quotation mark of {option.name} comes only the next option.")
            value = re.sub(r"\\(.)", r"\1", quotes[1], flags=re.DOTALL)
            found.append(Given(option, first.start(), at, quotes.end(), value, closed=True))
        else:
            found.append(Given(option, first.start(), at, end, text[at:end].strip()))
        first = following
    return leading, found


def _command(text: str, commands: Sequence[Command]) -> tuple[Command, int]:
    found = find_command(text, commands)
    if found is not None:
        return found
    slash = [one for one in commands if not one.in_menu]
    if not slash:
        raise CommandRefused("The bot has registered no commands yet: wait a moment and try again.")
    near = [one for one in slash if f"/{one.name}".casefold().startswith(" ".join(text.casefold().split()))]
    listed = ", ".join(f"/{one.name}" for one in (near or slash))
    raise CommandRefused(f"There is no such command; there are: {listed}.")


def _next_option(text: str, at: int, command: Command) -> re.Match[str] | None:
    """The next known option's name, which stands at the start or after white space."""
    return next((one for one in ANY_OPTION.finditer(text, at) if command.option(one[1])), None)


def _refuse_misspelt(one: Given, command: Command, given: Sequence[Given]) -> None:
    """Refuse a value that has swallowed an option whose name is nearly right."""
    if one.closed:
        return
    taken = {other.option.name for other in given}
    free = [option.name for option in command.options if option.name not in taken]
    for word in ANY_OPTION.finditer(" " + one.value):
        near = get_close_matches(word[1].casefold(), free, 1)
        if near:
            raise CommandRefused(f"There is no option {word[1]}; write {near[0]}: instead.")


def _refuse_unknown(option: Option, value: str, command: Command, names: Sequence[str]) -> None:
    """Refuse a value that has swallowed an option which the command does not have."""
    if option.kind == "string" and option.name not in NO_FREE_TEXT:
        return
    unknown = LIKE_OPTION.search(value, len(_named(value, names) or ""))
    if unknown:
        raise CommandRefused(f"There is no option {unknown[1]}; /{command.name} has: {_listed(command)}.")


def _listed(command: Command) -> str:
    return ", ".join(f"{option.name}:" for option in command.options)


def _positional(leading: str, command: Command, given: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """What stands before the first option's name, as the values of required options in their order."""
    found: dict[str, str] = {}
    rest = leading
    free = [option for option in command.options if option.required and option.name not in given]
    while rest and free:
        option = free.pop(0)
        taken = _named(rest, names) if option.kind == "user" else None
        value = taken or (rest if not free else rest.split()[0])
        _refuse_unknown(option, value, command, names)
        found[option.name] = value
        rest = rest[len(value) :].strip()
    unknown = ANY_OPTION.match(leading)
    if rest or unknown:
        if not command.options:
            raise CommandRefused(f"/{command.name} takes no options: leave out what follows it.")
        wrong = f"There is no option {unknown[1]}" if unknown else f"Say which option “{rest[:40]}” is for"
        raise CommandRefused(f"{wrong}; /{command.name} has: {_listed(command)}.")
    return found


def _named(text: str, names: Sequence[str]) -> str | None:
    """The longest of the people's names that `text` begins with, as it is typed there."""
    for name in sorted(names, key=len, reverse=True):
        for typed in (f"@{name}", name):
            if text.casefold().startswith(typed.casefold()) and not text[len(typed) :][:1].strip():
                return text[: len(typed)]
    return None
