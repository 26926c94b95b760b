"""The commands about what is held of people: `forget`, `receipt` and their like. Light: `--help` is to be quick."""

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
COMMANDS: Final = ("forget", "receipt", "retention", "export")


def add(commands: Commands, common: Parser, world: Parser) -> None:
    """Add them to the command line. `world` says which data folder is meant."""
    forgetting = commands.add_parser(
        "forget", parents=[common, world], help="erase an echo for good; Echo must not run"
    )
    _whose(forgetting)
    forgetting.add_argument("--posts", action="store_true", help="have the next start take down what it said, too")
    forgetting.add_argument("--receipt", type=Path, metavar="FILE", help="where to write the signed receipt")
    receipts = commands.add_parser("receipt", help="receipts of erasures: list, show, verify")
    parts = receipts.add_subparsers(dest="what", metavar="WHAT", required=True)
    listing = parts.add_parser("list", parents=[common, world], help="all that are kept, and which were sent")
    listing.add_argument("--json", action="store_true", help="as JSON")
    showing = parts.add_parser("show", parents=[common, world], help="one of them, to be read or handed over")
    showing.add_argument("--profile", type=int, metavar="N", required=True, help="the number of the erased profile")
    showing.add_argument("--out", type=Path, metavar="FILE", help="write the signed JSON there instead")
    verifying = parts.add_parser("verify", parents=[common, world], help="check a receipt's signature")
    verifying.add_argument("file", type=Path, metavar="FILE", help="the file receipt.json")
    exporting = commands.add_parser(
        "export", parents=[common, world], help="write all that is held about a person to a file to be handed to them"
    )
    _whose(exporting)
    exporting.add_argument(
        "--out", type=Path, metavar="FILE", required=True, help="the ZIP file, readable by you alone"
    )
    exporting.add_argument("--force", action="store_true", help="replace a file that is there")
    retention = commands.add_parser(
        "retention", parents=[common, world], help="erase what is too old; Echo itself does it every night"
    )
    retention.add_argument("--dry-run", action="store_true", help="only show what would go, also while Echo runs")
    retention.add_argument("--json", action="store_true", help="as JSON")


def _whose(command: Parser) -> None:
    whose = command.add_mutually_exclusive_group(required=True)
    whose.add_argument("--profile", type=int, metavar="N", help="the number of the echo's profile")
    whose.add_argument("--user", type=int, metavar="ID", help="the Discord id of the person echoed")
    command.add_argument("--server", type=int, metavar="ID", help="with --user: only in this server")


def work_of(command: str) -> Work:
    """What does one of COMMANDS; its import is paid for by who uses it."""
    if command == "forget":
        from echo import forget_cli

        return forget_cli.run
    if command == "retention":
        from echo import retention_cli

        return retention_cli.run
    if command == "export":
        from echo import export_cli

        return export_cli.run
    from echo import receipt_cli

    return receipt_cli.run
