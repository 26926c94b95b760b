"""The pages' tables and diagrams, made from the code: `python docs/tables.py` writes them, `--check` compares.

Each stands between `<!-- name -->` and `<!-- /name -->`. The table of settings is `python -m echo.config --write`'s;
`make schema` runs both.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from textual.binding import Binding

from console.app import EchoConsole
from console.keys import shown
from echo.cli import EXIT_CODES, parser
from echo.discord.access import Cell, cell
from echo.discord.access_rows import ROWS, Role
from echo.discord.forms import COMMANDS, MESSAGE_MENU, SUBCOMMAND, SUBGROUP, USER, USER_MENU
from states import diagram

ROOT: Final = Path(__file__).parent.parent
Blocks = dict[str, Callable[[], str]]
"""What makes the text between two markers, by their name."""


def main(argv: Sequence[str]) -> int:
    """0, or 1 where `--check` finds a block that is not as the code has it (or whose markers are gone)."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true", help="change nothing, say what is out of date")
    check = asked.parse_args(argv).check
    wrong = [_written(page, blocks, check=check) for page, blocks in PAGES.items()]
    return 1 if any(wrong) else 0


def _written(page: str, blocks: Blocks, *, check: bool) -> bool:
    """Write or check one page; whether something of it is wrong still."""
    before = (ROOT / page).read_text(encoding="utf-8")
    after, lost = filled(before, blocks)
    stale = [name for name in blocks if between(before, name) != between(after, name)]
    for name in lost:
        sys.stderr.write(f"{page} has no place for <!-- {name} -->: put the two markers back.\n")
    for name in stale if check else ():
        sys.stderr.write(f"{page}'s block <!-- {name} --> is not as the code has it: run make schema.\n")
    if not check and after != before:
        (ROOT / page).write_text(after, encoding="utf-8")
    return bool(lost or (check and stale))


def filled(text: str, blocks: Blocks) -> tuple[str, list[str]]:
    """The page with every block as the code has it, and the names of blocks that have no place in it."""
    lost = []
    for name, made in blocks.items():
        here = between(text, name)
        if here is None:
            lost.append(name)
        else:
            begin, end = _markers(name)
            text = text.replace(f"{begin}{here}{end}", f"{begin}\n{made()}\n{end}", 1)
    return text, lost


def between(text: str, name: str) -> str | None:
    """What stands in a block, or None where it has no markers."""
    begin, end = _markers(name)
    _, first, rest = text.partition(begin)
    here, second, _ = rest.partition(end)
    return here if first and second else None


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- {name} -->", f"<!-- /{name} -->"


MENUS = {
    USER_MENU: "In a person's menu, under Apps: the same as `/echo create` for them",
    MESSAGE_MENU: "In the menu of an echo's message, under Apps: the same as `/echo report` of it",
}


def commands() -> str:
    """Every command as Discord is told of it."""
    rows = []
    for command in COMMANDS:
        parts = [one for one in command.get("options", ()) if one["type"] in (SUBCOMMAND, SUBGROUP)]
        rows += [row for part in parts for row in _part(command["name"], part)]
        if not parts:
            rows.append((command["name"], MENUS[command["type"]]))
    return table(("Command", "What it does"), rows)


def _part(group: str, part: dict[str, Any]) -> list[tuple[str, str]]:
    """The rows of a subcommand, or of those of a group."""
    if part["type"] == SUBGROUP:
        return [row for one in part["options"] for row in _part(f"{group} {part['name']}", one)]
    return [(_called(group, part), part["description"])]


def _called(group: str, part: dict[str, Any]) -> str:
    options = (_option(one) for one in part.get("options", ()))
    return f"`/{' '.join((group, part['name'], *options))}`"


def _option(option: dict[str, Any]) -> str:
    text = f"{option['name']}:{'@somebody' if option['type'] == USER else '…'}"
    return text if option.get("required") else f"[{text}]"


def command_line() -> str:
    """The commands and options of `echo-bot`."""
    top = parser()
    rows = [(f"`echo-bot {name}`", _sentence(told)) for name, told in _subcommands(top)]
    rows += [
        (f"`{' '.join((one.option_strings[-1], *([_value(one)] if one.nargs != 0 else [])))}`", _sentence(one.help))
        for one in top._actions
        if one.option_strings
    ]
    return table(("Command or option", "What it does"), rows)


def _subcommands(of: argparse.ArgumentParser) -> Iterator[tuple[str, str | None]]:
    """The commands below a command with what they do; of one that has further ones below it, those."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action._choices_actions:
                below = [(f"{one.dest} {name}", told) for name, told in _subcommands(action.choices[one.dest])]
                yield from below or [(one.dest, one.help)]


def _value(option: argparse.Action) -> str:
    return str(option.metavar or option.dest.upper())


def _sentence(text: str | None) -> str:
    return f"{(text or '')[:1].upper()}{(text or '')[1:]}"


def exit_codes() -> str:
    """The exit codes of `echo-bot`."""
    return table(("Code", "Meaning"), [(f"`{code}`", meaning) for code, meaning in EXIT_CODES.items()])


def keys() -> str:
    """The console's keys, as its bindings have them."""
    bindings = (one for one in EchoConsole.BINDINGS if isinstance(one, Binding))
    rows = [(f"`{shown(one.key)}`", one.tooltip or one.description) for one in bindings]
    return table(("Key", "What it does"), rows)


def states() -> str:
    """The diagrams made from the table of transitions."""
    return diagram.both().rstrip()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def who_may() -> str:
    """The table of who may do what, as every interaction is held to it."""
    rows = [(row.shown, *(SHOWN[cell(row, role)] for role in Role), "yes" if row.private else "") for row in ROWS]
    return table(("", *(role.value for role in Role), "in direct messages"), rows)


SHOWN: Final = {Cell.YES: "yes", Cell.NO: "", Cell.CHOSEN: "as chosen"}
PAGES: Final[dict[str, Blocks]] = {
    "README.md": {
        "commands": commands,
        "command line": command_line,
        "exit codes": exit_codes,
        "keys": keys,
        "states": states,
    },
    "docs/members.md": {"who may do what": who_may},
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
