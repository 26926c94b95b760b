"""The command line. Exit codes are an API:

0 done · 1 crash · 2 usage or configuration · 65 something stored is damaged · 69 a needed service is away
75 already running · 130 interrupted
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from echo import keeping, own_data
from echo.arguments import Parser
from echo.errors import EchoError

if TYPE_CHECKING:
    from echo.settings import Loaded

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
Work: TypeAlias = "Callable[[argparse.Namespace, Loaded, Callable[[str], None]], int]"

EXIT_CODES = {
    0: "Done, or stopped as asked.",
    1: "A crash: something that Echo did not foresee.",
    2: "A wrong argument, setting or file; the sentence says which.",
    65: "Something stored, or a receipt, is damaged; `echo-bot db verify` and `echo-bot corpus verify` say what.",
    69: "A needed service (Discord, Ollama) is away.",
    75: "Another Echo is running on this data folder.",
    130: "Interrupted from the keyboard.",
}
"""Exit code -> what it means; the README's table is held to it."""


def parser() -> Parser:
    """All commands and options; light, so that `--help` is quick."""
    top = Parser(prog="echo-bot", description="A Discord bot that talks the way a consenting person writes.")
    top.set_defaults(command="run")
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--config", type=Path, metavar="FILE", help="the settings' file (config.json)")
    serving = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    serving.add_argument("--from", dest="source", type=Path, metavar="FILE", help="fill the sandbox from an export")
    serving.add_argument("--headless", action="store_true", help="run without the console")
    serving.add_argument("--port", type=int, help="the sandbox's port on 127.0.0.1 (0: any free one)")
    for option in (common, serving):
        for action in option._actions:
            top._add_action(action)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", parents=[common, serving], help="serve Discord, or the sandbox if there is no token")
    commands.add_parser("sandbox", parents=[common, serving], help="serve the sandbox even if there is a token")
    commands.add_parser("config", parents=[common], help="print the settings and where each came from")
    commands.add_parser("rehearse", help="an echo without Discord, on standard input and output", add_help=False)
    _add_import(commands, common)
    _add_corpus(commands, common)
    _add_score(commands, common)
    _add_stats(commands, common)
    _add_models(commands, common)
    own_data.add(commands, common, _world())
    keeping.add(commands, common, _world())
    top.add_argument("--version", action="store_true", help="print the version")
    return top


def _world() -> Parser:
    """Which data folder is meant."""
    world = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    world.add_argument(
        "--sandbox", type=_seed, nargs="?", const=-1, metavar="SEED", help="the sandbox's data (of this seed)"
    )
    world.add_argument(
        "--from", dest="source", type=Path, metavar="FILE", help="the data of the sandbox that was filled from FILE"
    )
    return world


def _seed(text: str) -> int:
    """The seed of a sandbox; a file after an option that may stand without a value is taken for its value."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"the seed is a whole number, not {text!r}; give FILE first") from None


def _add_import(commands: Commands, common: Parser) -> None:
    taking = commands.add_parser(
        "import", parents=[common, _world()], help="take a data package or another export into an echo's corpus"
    )
    taking.add_argument("file", type=Path, metavar="FILE", help="a file or folder of any known form")
    whose = taking.add_mutually_exclusive_group(required=True)
    whose.add_argument("--profile", type=int, metavar="N", help="the number of the echo's profile")
    whose.add_argument("--user", type=int, metavar="ID", help="the Discord id of the person echoed")
    taking.add_argument("--server", type=int, metavar="ID", help="with --user: the server, where there are several")
    taking.add_argument("--author", metavar="NAME", help="what the person is called in a file without ids of authors")


def _add_corpus(commands: Commands, common: Parser) -> None:
    looking = commands.add_parser("corpus", help="look at what is stored: stats, verify, export")
    parts = looking.add_subparsers(dest="what", metavar="WHAT", required=True)
    one = Parser(add_help=False)
    one.add_argument("--profile", type=int, metavar="N", help="only this profile's")
    stats = parts.add_parser(
        "stats", parents=[common, _world(), one], help="what was read, where, and what was left out and why"
    )
    stats.add_argument("--json", action="store_true", help="as JSON")
    parts.add_parser(
        "verify", parents=[common, _world(), one], help="open every row; exit code 65 if anything is damaged"
    )
    export = parts.add_parser(
        "export", parents=[common, _world()], help="write the examples an echo learns from as chat JSON lines"
    )
    export.add_argument("--profile", type=int, metavar="N", required=True, help="the number of the echo's profile")
    export.add_argument("--out", type=Path, metavar="FILE", required=True, help="where to, readable by you alone")
    export.add_argument("--split", choices=("train", "validation", "test", "all"), default="all", help="which part")
    export.add_argument("--force", action="store_true", help="replace a file that is there")


def _add_score(commands: Commands, common: Parser) -> None:
    scoring = commands.add_parser(
        "score", parents=[common], help="test how like somebody of an export an echo of them is; nothing is stored"
    )
    scoring.add_argument("file", type=Path, metavar="FILE", help="a file or folder of any known form")
    scoring.add_argument("--author", metavar="NAME", required=True, help="who is echoed, as the export names them")
    scoring.add_argument("--before", metavar="DD.MM.YYYY", help="only messages before this day")
    scoring.add_argument("--json", action="store_true", help="as JSON")


def _add_models(commands: Commands, common: Parser) -> None:
    models = commands.add_parser("models", help="the Ollama servers' models: list, pull, check")
    parts = models.add_subparsers(dest="what", metavar="WHAT", required=True)
    listing = parts.add_parser("list", parents=[common], help="what each Ollama server has, and what is loaded")
    pulling = parts.add_parser("pull", parents=[common], help="have every Ollama server fetch a model")
    pulling.add_argument("name", metavar="NAME", help="its name in Ollama's library, such as llama3.2:3b")
    checking = parts.add_parser(
        "check", parents=[common, _world()], help="whether the Ollama servers have all that the echoes need"
    )
    for one in (listing, checking):
        one.add_argument("--json", action="store_true", help="as JSON")


def _add_stats(commands: Commands, common: Parser) -> None:
    stats = commands.add_parser(
        "stats", parents=[common, _world()], help="what answers took: first word, tokens, waiting, drafts, failures"
    )
    stats.add_argument("--json", action="store_true", help="as JSON")
    stats.add_argument("--since", type=_hours, metavar="HOURS", default=24.0, help="of the last HOURS (24)")
    stats.add_argument("--profile", type=int, metavar="N", help="only this profile's")


def _hours(text: str) -> float:
    """Hours to look back; measurements are kept for ten years at most."""
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= 87_660:
        raise argparse.ArgumentTypeError(f"the hours are a number above 0 and up to 87660, not {text[:40]!r}")
    return hours


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Without `argv` the process is Echo's own, and is kept from others."""
    if argv is None:
        from echo.crashes import keep_words_out
        from echo.hardening import harden

        harden()
        keep_words_out()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["rehearse"]:
        from echo import rehearse

        return told(lambda: rehearse.main(arguments[1:]))
    options = parser().parse_args(arguments)
    return told(lambda: _run(options))


def told(work: Callable[[], int]) -> int:
    """Do the work; a failure that a person can mend is one sentence on standard error, and gives its exit code."""
    try:
        return work()
    except EchoError as error:
        logging.getLogger(__name__).debug("What led to it:", exc_info=error)
        print(f"echo-bot: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    if options.version:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(version("echo-bot"))
        except PackageNotFoundError:
            print("not installed; make run installs it")
        return 0
    from echo import config

    loaded = config.load(getattr(options, "config", None))
    if options.command == "config":
        print(config.render(loaded))
        return 0
    loaded = _with_key(options, loaded)
    if (work := _work_of(options.command)) is not None:
        return work(options, loaded, _say)
    from echo.app import Serving
    from echo.serving import serve

    source: Path | None = getattr(options, "source", None)
    port: int | None = getattr(options, "port", None)
    serving = Serving(
        sandbox=options.command == "sandbox" or source is not None or loaded.secrets.token is None,
        source=source,
        headless=getattr(options, "headless", False),
        port=port or 0,
    )
    return asyncio.run(serve(loaded, serving, lambda line: print(line, flush=True)))


def _with_key(options: argparse.Namespace, loaded: Loaded) -> Loaded:
    """Keep the data folder from others, ask for the passphrase where one is needed, and settle a change of the key that
    was interrupted."""
    if options.command == "score":
        return loaded
    from echo.hardening import make_private
    from echo.passphrases import prompted
    from echo.rotating import is_interrupted, settle
    from schedules.clock import SystemClock

    if mended := make_private(loaded.settings.data_dir):
        print(
            f"Others could read {mended} of the files and folders in {loaded.settings.data_dir}; they are "
            "yours alone again.",
            file=sys.stderr,
        )
    loaded = prompted(loaded)
    data_dir = loaded.settings.data_dir
    if (
        options.command != "key"
        and is_interrupted(data_dir)
        and (told := settle(data_dir, loaded.secrets, SystemClock()()))
    ):
        print(f"echo-bot: {told}", file=sys.stderr)
    return loaded


def _say(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:
        # Who reads it, as `head` does, has seen enough. The work goes on, and the interpreter's last flush succeeds.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _work_of(command: str) -> Work | None:
    """What does a command that serves nothing; its import is paid for by who uses it."""
    if command in ("import", "corpus"):
        from echo import corpus_cli

        return corpus_cli.run
    if command == "score":
        from echo import score_cli

        return score_cli.run
    if command == "models":
        from echo import models_cli

        return models_cli.run
    if command in own_data.COMMANDS:
        return own_data.work_of(command)
    if command in keeping.COMMANDS:
        return keeping.work_of(command)
    if command == "stats":
        from echo import stats_cli

        return stats_cli.run
    return None
