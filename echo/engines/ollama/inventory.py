"""What the configured Ollama servers have: bases, personas, what is loaded; and having them fetch more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.failures import ModelMissing, OllamaFailure
from echo.engines.ollama.personas import PERSONA, full_name
from echo.engines.ollama.telling import Tag
from echo.errors import EchoError, EngineUnavailable, UsageError
from echo.settings import Settings

NAME: Final = re.compile(r"[\w][\w.:/-]{0,199}")
"""What a model may be called, its registry included."""


@dataclass(frozen=True, slots=True)
class Base:
    """A model that Echo did not make. `size` in bytes, `context` its longest in tokens (None where unknown)."""

    name: str
    size: int
    parameters: str
    quantisation: str
    loaded: bool
    chats: bool
    embeds: bool
    context: int | None

    @property
    def about(self) -> str:
        """A word about it: "3.2B, Q4_K_M, 2.0 GB"."""
        return ", ".join(filter(None, (self.parameters, self.quantisation, shown_size(self.size))))


@dataclass(frozen=True, slots=True)
class Persona:
    """A model that Echo made. `size` counts the base's weights, which are stored once; `parent` is the base that it
    was made from, "" for a fine-tuned one."""

    name: str
    size: int
    parent: str
    loaded: bool

    @property
    def about(self) -> str:
        """A word about it: "2.0 GB, its base included"."""
        return f"{shown_size(self.size)}, its base included" if self.parent else shown_size(self.size)


@dataclass(frozen=True, slots=True)
class Stock:
    """What one server has; `trouble` is a sentence where it could not be asked, and then no more is known than its
    version, if that."""

    host: str
    version: str = ""
    bases: tuple[Base, ...] = ()
    personas: tuple[Persona, ...] = ()
    trouble: str = ""

    def base(self, name: str) -> Base | None:
        """The base of this name."""
        return next((one for one in self.bases if is_same(one.name, name)), None)


T = TypeVar("T", Base, Persona)


class Inventory:
    """The servers of the settings, each asked anew every time. Nothing is ever fetched but by `fetch`."""

    def __init__(self, settings: Settings) -> None:
        self.configured = settings.ollama_model
        self._clients = [
            OllamaClient(host, settings.ollama_timeout, settings.ollama_stall) for host in settings.ollama_addresses
        ]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Their addresses."""
        return tuple(client.host for client in self._clients)

    async def stocks(self) -> list[Stock]:
        """What each server has, in the order of the settings."""
        return list(await asyncio.gather(*(_stock(client) for client in self._clients)))

    async def bases(self) -> Sequence[tuple[str, str]]:
        """The names of models that can chat on any server, each with a word about it, by name.

        Raises EngineUnavailable where no server can be asked, or none has such a model.
        """
        stocks = await self.stocks()
        found = {base.name: base.about for stock in stocks for base in stock.bases if base.chats}
        if found:
            return sorted(found.items())
        troubles = [stock.trouble for stock in stocks if stock.trouble]
        raise EngineUnavailable(
            " ".join(troubles) or "No server has a model that can chat: pull one, for example llama3.2:3b."
        )

    async def fetch(self, name: str, told: Callable[[str], None]) -> tuple[str, ...]:
        """Have every server that can be reached fetch a model; `told` gets a sentence whenever it is further.

        Gives a sentence for each of several servers that did not. Raises UsageError where that is no name of a model,
        EngineUnavailable where no server fetched it.
        """
        if not NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a model: write it as Ollama's library does, such as llama3.2:3b.")
        failures: list[EchoError] = []
        for client in self._clients:
            try:
                await client.pull(name, _telling(name, client.host, told))
            except ModelMissing:
                failures.append(
                    UsageError(
                        f"Ollama at {client.host} finds no model “{name}” to fetch: look up in Ollama's library how it "
                        "is written."
                    )
                )
            except OllamaFailure as problem:
                failures.append(problem)
        if len(failures) == len(self._clients):
            raise failures[0]
        return tuple(str(failure) for failure in failures)


def is_same(one: str, other: str) -> bool:
    """Whether two names mean one model."""
    return full_name(one) == full_name(other)


def shown_size(size: int) -> str:
    """Bytes as people read them: "2.0 GB", "45 MB"."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{round(size / 1e6)} MB"


async def _stock(client: OllamaClient) -> Stock:
    version = ""
    try:
        version = await client.version()
        tags, running = await client.tags(), await client.running()
        loaded = {full_name(name) for one in running for name in (one.name, one.parent) if name}
        bases = [await _base(client, tag, loaded) for tag in tags if not PERSONA.fullmatch(tag.name)]
    except OllamaFailure as problem:
        return Stock(client.host, version, trouble=str(problem))
    personas = (_persona(tag, loaded) for tag in tags if PERSONA.fullmatch(tag.name))
    known = (base for base in bases if base is not None)
    return Stock(client.host, version, _sorted(known), _sorted(personas))


async def _base(client: OllamaClient, tag: Tag, loaded: set[str]) -> Base | None:
    try:
        shown = await client.show(tag.name)
    except ModelMissing:
        # Somebody has just removed it.
        return None
    return Base(
        *(tag.name, tag.size, tag.parameters, tag.quantisation, full_name(tag.name) in loaded),
        *(shown.chats, shown.embeds, shown.context),
    )


def _persona(tag: Tag, loaded: set[str]) -> Persona:
    # All that were made from one base are loaded with it.
    return Persona(tag.name, tag.size, tag.parent, bool({full_name(tag.name), full_name(tag.parent)} & loaded))


def _sorted(found: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(found, key=lambda one: one.name))


def _telling(name: str, host: str, told: Callable[[str], None]) -> Callable[[str, int, int | None], None]:
    last = ""

    def progress(status: str, done: int, total: int | None) -> None:
        nonlocal last
        far = f"{status}, {100 * done / total:.0f} % of {shown_size(total)}" if total else status
        if far != last:
            last = far
            told(f"{name} on {host}: {far}")

    return progress
