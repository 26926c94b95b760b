"""The commands about keys, the audit and what is kept: `key`, `audit`, `db`. Light: `--help` is to be quick."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from echo.arguments import Parser

if TYPE_CHECKING:
    from echo.settings import Loaded

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
Work: TypeAlias = "Callable[[argparse.Namespace, Loaded, Callable[[str], None]], int]"
COMMANDS: Final = ("key", "audit", "db")


def add(commands: Commands, common: Parser, world: Parser) -> None:
    """Add them to the command line. `world` says which data folder is meant."""
    _add_key(commands, common)
    audit = commands.add_parser("audit", help="who did what that must be accounted for: show, verify")
    parts = audit.add_subparsers(dest="what", metavar="WHAT", required=True)
    showing = parts.add_parser(
        "show", parents=[common, world], help="consents, accesses, exports, erasures and the like"
    )
    showing.add_argument("--json", action="store_true", help="as JSON")
    showing.add_argument("--lines", type=int, metavar="N", default=0, help="only the newest N")
    showing.add_argument("--profile", type=int, metavar="N", help="only what concerns this profile")
    parts.add_parser("verify", parents=[common, world], help="whether any line was changed or is missing; exit code 65")
    base = commands.add_parser("db", help="whether everything that is kept is as Echo left it: verify")
    looks = base.add_subparsers(dest="what", metavar="WHAT", required=True)
    looks.add_parser(
        "verify", parents=[common, world], help="open all that is sealed, and check the audit; exit code 65"
    )


def _add_key(commands: Commands, common: Parser) -> None:
    keys = commands.add_parser("key", help="the master key: check, rotate")
    parts = keys.add_subparsers(dest="what", metavar="WHAT", required=True)
    checking = parts.add_parser(
        "check", parents=[common], help="where the key comes from, and whether it opens everything"
    )
    checking.add_argument("--json", action="store_true", help="as JSON")
    rotating = parts.add_parser("rotate", parents=[common], help="wrap everything by another key, while no Echo runs")
    rotating.add_argument(
        "--to", choices=("file", "passphrase", "environment"), help="where the key comes from then (as it does now)"
    )
    rotating.add_argument("--key-file", type=Path, metavar="FILE", help="take the new key from FILE (made if not)")


def work_of(command: str) -> Work:
    """What does one of COMMANDS; its import is paid for by who uses it."""
    if command == "key":
        from echo import key_cli

        return key_cli.run
    from echo import keeping_cli

    return keeping_cli.run
