"""Which bases are loaded: before their first echo comes online, until their last one goes, so many on each server.

A server keys what it has loaded by the base's weights: fifty personas of one base are one loaded copy, and unloading
one of them unloads all. How long it stays loaded is therefore said only here, never with an answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.failures import ModelMissing, OllamaFailure
from echo.engines.ollama.hosts import Hosts
from echo.engines.ollama.personas import PERSONA, full_name
from echo.engines.ollama.standing import AWAY, BASES, Standing
from echo.engines.ollama.telling import Running
from echo.ports import PersonaName
from states.board import LOADED

KEEP: Final = "30m"
"""How long a server keeps a base that nobody asks anything: should Echo end, it lets go of it by itself."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What is to be done on one server: models to unload, models to load, and those there is no place for."""

    unload: tuple[str, ...] = ()
    load: tuple[str, ...] = ()
    crowded: tuple[str, ...] = ()


@dataclass(slots=True)
class _Wanted:
    """A model that somebody speaks by, as it was written, the base that decides where it is asked, and by whom."""

    model: str
    base: str
    personas: set[PersonaName] = field(default_factory=set)


def planned(loaded: Sequence[str], wanted: Sequence[str], busy: Collection[str], limit: int) -> Doing:
    """What follows from what is `loaded` (the least recently wanted first) and `wanted` (the longest wanted first).

    What is neither wanted nor `busy` is unloaded. So many are loaded at most as `limit` says, and what somebody talks
    on makes room for nobody.
    """
    unload = tuple(one for one in loaded if one not in wanted and one not in busy)
    room = limit - (len(loaded) - len(unload))
    missing = [one for one in wanted if one not in loaded]
    return Doing(unload, tuple(missing[: max(0, room)]), tuple(missing[max(0, room) :]))


class Bases:
    """The bases that online echoes want, loaded on their servers. Failures become lines of the board."""

    def __init__(self, hosts: Hosts, base: str, num_ctx: int, limit: int, standing: Standing) -> None:
        """`base` is that of the settings, `num_ctx` the tokens of context that every request asks for; at most `limit`
        bases of Echo's are loaded on each server."""
        self._hosts, self._standing = hosts, standing
        self._base, self._num_ctx, self._limit = base, num_ctx, limit
        self._wanted: dict[str, _Wanted] = {}
        self._recent: dict[str, None] = {}
        self._busy: Counter[str] = Counter()
        self._lock = asyncio.Lock()

    @contextmanager
    def using(self, model: str) -> Iterator[None]:
        """While something is asked of a model it is not unloaded."""
        name = full_name(model)
        self._busy[name] += 1
        self._touch(name)
        try:
            yield
        finally:
            self._busy[name] -= 1

    async def keep(self, online: Collection[PersonaName]) -> None:
        """Load what these personas, those online now, speak by; unload what nobody does any more; tell what is loaded.

        Never raises: what fails is told on the board, and tried again the next time.
        """
        async with self._lock:
            wanted: dict[str, _Wanted] = {}
            for persona in sorted(online, key=lambda one: one.profile_id):
                base = persona.base or self._base
                model = persona.model if persona.tuned else base
                wanted.setdefault(full_name(model), _Wanted(model, base)).personas.add(persona)
            # Who was wanted first stands first.
            order = [*(name for name in self._wanted if name in wanted), *(n for n in wanted if n not in self._wanted)]
            self._wanted = {name: wanted[name] for name in order}
            for name in wanted:
                self._touch(name)
            self._forget_troubles()
            await self._see_to_all()

    def _forget_troubles(self) -> None:
        """Nobody waits any more for a base that nobody speaks by."""
        for base in self._standing.about(AWAY):
            if base not in {full_name(one.base) for one in self._wanted.values()}:
                self._standing.tell(AWAY, base, None)

    async def _see_to_all(self) -> None:
        clients = {client.host: client for client in self._hosts.every()}
        placed: dict[str, list[str]] = {address: [] for address in clients}
        for name, one in self._wanted.items():
            # Where all are left out the board tells so already.
            home = next((address for address in self._hosts.order(one.base) if address in clients), None)
            if home is not None:
                placed[home].append(name)
        for address in self._hosts.addresses:
            if address not in clients:
                self._standing.tell(LOADED, address, None)
                self._standing.tell(BASES, address, None)
        await asyncio.gather(*(self._see_to(client, placed[address]) for address, client in clients.items()))

    async def _see_to(self, client: OllamaClient, wanted: Sequence[str]) -> None:
        """Do on one server what is to be done there, and tell how it stands then."""
        lines: list[str] = []
        troubles: list[str] = []
        try:
            ours = self._ours(await client.running())
            loaded = sorted(ours, key=list(self._recent).index)
            doing = planned(loaded, wanted, {name for name, uses in self._busy.items() if uses}, self._limit)
            for name in doing.unload:
                await client.unload(ours[name].name)
            if doing.load:
                sentence = f"{' and '.join(map(self._written, doing.load))} being loaded on {_place(client.host)}"
                self._standing.tell(LOADED, client.host, sentence)
            # Also what is loaded already: it shall not be let go of while nobody says anything for a while.
            for name in (*(name for name in wanted if name in ours), *doing.load):
                troubles += await self._loaded(client, name)
            if doing.crowded:
                troubles.append(self._crowded(client.host, doing.crowded))
            lines = [self._line(name, one, client.host) for name, one in self._ours(await client.running()).items()]
        except OllamaFailure as problem:
            troubles += _worth_telling(problem)
        self._standing.tell(LOADED, client.host, "; ".join(lines) or None)
        self._standing.tell(BASES, client.host, " ".join(troubles) or None)

    async def _loaded(self, client: OllamaClient, name: str) -> list[str]:
        """Has a model loaded, or kept for longer; what there is to be told where that fails."""
        wanted = self._wanted[name]
        try:
            await client.load(wanted.model, self._num_ctx, KEEP)
        except ModelMissing as problem:
            # Of a fine-tuned model that was lost the board tells where its echo speaks.
            return [str(problem)] if wanted.model == wanted.base else []
        except OllamaFailure as problem:
            return _worth_telling(problem)
        self._standing.tell(AWAY, full_name(wanted.base), None)
        return []

    def _ours(self, running: Sequence[Running]) -> dict[str, Running]:
        """Those of Echo's, by the full name of the base: what else the server is used for is none of its business."""
        found: dict[str, Running] = {}
        speaks = {full_name(persona.model): name for name, one in self._wanted.items() for persona in one.personas}
        for one in running:
            # It has the name of the first persona that loaded it.
            name = full_name(one.name)
            base = name if name in self._wanted else full_name(one.parent or speaks.get(name, name))
            if base in self._recent or PERSONA.fullmatch(name):
                self._recent.setdefault(base, None)
                found[base] = one
        return found

    def _touch(self, name: str) -> None:
        self._recent.pop(name, None)
        self._recent[name] = None

    def _written(self, name: str) -> str:
        # Nobody needs to be told of what is left out of a name everywhere.
        return self._wanted[name].model if name in self._wanted else name.removesuffix(":latest")

    def _line(self, name: str, one: Running, host: str) -> str:
        count = len(self._wanted[name].personas) if name in self._wanted else 0
        whose = f"{count} persona{'' if count == 1 else 's'}" if count else "nobody online"
        return f"{self._written(name)} {_size(one.size)} loaded on {_place(host)} ({whose})"

    def _crowded(self, host: str, names: Sequence[str]) -> str:
        return (
            f"{' and '.join(map(self._written, names))} not kept loaded on {_place(host)}, so that answers come late: "
            f"the {self._limit} of ollama_loaded_bases are talked on; raise it, or add a server to ollama_host."
        )


def _worth_telling(problem: OllamaFailure) -> list[str]:
    """That a server is away stands on the board already, on a line of its own."""
    return [] if problem.is_away else [str(problem)]


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def _place(host: str) -> str:
    return host.partition("//")[2] or host
