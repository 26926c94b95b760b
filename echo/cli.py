"""The command line. Exit codes are an API:

0 done · 1 crash · 2 usage or configuration · 69 a needed service is away · 75 already running · 130 interrupted
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from echo.arguments import Parser
from echo.errors import EchoError

EXIT_CODES = {
    0: "Done, or stopped as asked.",
    1: "A crash: something that Echo did not foresee.",
    2: "A wrong argument, setting or file; the sentence says which.",
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
    top.add_argument("--version", action="store_true", help="print the version")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
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
