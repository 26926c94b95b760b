"""`echo-bot models`: what the Ollama servers have, having them fetch a model, and whether nothing is missing."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from db.errors import StorageError
from echo.data_folder import home_meant, looking
from echo.engines.ollama.checking import Finding, Needs, findings
from echo.engines.ollama.inventory import Base, Inventory, Persona, Stock
from echo.errors import ConfigError, EngineUnavailable, UsageError
from echo.settings import Loaded
from echo.versions import persona_of
from schedules.clock import Clock, SystemClock

Say = Callable[[str], None]
AWAY = EngineUnavailable.exit_code


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Do what was asked for; the exit code. Raises EchoError: UsageError, ConfigError, EngineUnavailable."""
    work = {"list": _list, "pull": _pull, "check": _check}
    try:
        return asyncio.run(work[options.what](options, loaded, say, clock or SystemClock()))
    except StorageError as error:
        raise ConfigError(str(error)) from error


async def _list(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    stocks = await Inventory(loaded.settings).stocks()
    if options.json:
        say(json.dumps({"hosts": [asdict(stock) for stock in stocks]}, indent=2))
    else:
        say("\n".join(line for stock in stocks for line in _lines(stock)))
    return AWAY if any(stock.trouble for stock in stocks) else 0


def _lines(stock: Stock) -> list[str]:
    if stock.trouble:
        return [stock.trouble]
    rows = [(base.name, _of_base(base)) for base in stock.bases]
    rows += [(persona.name, _of_persona(persona)) for persona in stock.personas]
    width = max((len(name) for name, _ in rows), default=0)
    listed = [f"  {name:<{width}}  {told}" for name, told in rows] or ["  no models: echo-bot models pull fetches one"]
    return [f"{stock.host}, Ollama {stock.version}", *listed]


def _of_base(base: Base) -> str:
    can = [word for word, is_so in (("chats", base.chats), ("embeds", base.embeds)) if is_so]
    context = f"{base.context:,} tokens of context" if base.context else ""
    return ", ".join(filter(None, (base.about, *can, context, "loaded" if base.loaded else "")))


def _of_persona(persona: Persona) -> str:
    whose = f"a persona of {persona.parent}" if persona.parent else "a fine-tuned persona"
    return ", ".join(filter(None, (whose, persona.about, "loaded" if persona.loaded else "")))


async def _pull(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    is_terminal = sys.stderr.isatty()

    def told(sentence: str) -> None:
        # On a terminal one line is enough for all of it.
        sys.stderr.write(f"\r\033[K{sentence}" if is_terminal else f"{sentence}\n")
        sys.stderr.flush()

    try:
        failures = await Inventory(loaded.settings).fetch(options.name, told)
    finally:
        if is_terminal:
            sys.stderr.write("\n")
    for failure in failures:
        sys.stderr.write(f"{failure}\n")
    say(f"{options.name} is there.")
    return AWAY if failures else 0


async def _check(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    needs = await _needs(options, loaded, clock)
    found = findings(await Inventory(loaded.settings).stocks(), needs)
    if options.json:
        say(json.dumps({"findings": [_row(one) for one in found]}, indent=2))
    else:
        say("\n".join(f"{'ok   ' if one.code == 0 else 'amiss'}  {one.sentence}" for one in found))
    return max((one.code for one in found), default=0)


def _row(one: Finding) -> dict[str, Any]:
    return {"host": one.host, "about": one.about, "ok": one.code == 0, "sentence": one.sentence}


async def _needs(options: argparse.Namespace, loaded: Loaded, clock: Clock) -> Needs:
    """What the settings ask for, and the profiles of the data folder, where there is one."""
    settings = loaded.settings
    needs = Needs(settings.ollama_model, settings.ollama_num_ctx, settings.ollama_embedding_model)
    try:
        home_meant(options, settings)
    except UsageError:
        if getattr(options, "sandbox", None) is not None or getattr(options, "source", None) is not None:
            raise
        return needs
    async with looking(options, loaded, clock) as store:
        profiles, _ = await store.steps.load()
        chosen = await store.bases.every()
    personas = [persona_of(profile) for profile in profiles if profile.can_speak]
    others = {*chosen.values(), *(profile.base for profile in profiles if profile.is_living)}
    return needs.more(_named(others), personas)


def _named(bases: set[str]) -> Sequence[str]:
    return sorted(base for base in bases if base)
