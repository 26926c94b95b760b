"""Personas as models on a server: made from a base that all of them share, renewed, lost and found, taken down.

A model made `from` a base with a system text and sampling options of its own is run by the base's loaded copy. So
nothing else is ever stored with it: a `template` would format the others wrongly, another `num_ctx` load the base anew.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.failures import ModelMissing, NotSupported, OllamaFailure, Refused, Unreachable
from echo.engines.ollama.hosts import Hosts
from echo.engines.ollama.standing import PERSONAS, Standing
from echo.engines.ollama.telling import Shown, Tag
from echo.errors import EngineUnavailable
from echo.ports import PersonaName

PERSONA: Final = re.compile(r"echo-\d+-\d+:\d+")
"""What Echo calls the models that it makes."""
_BLOB: Final = re.compile(r"^FROM .*\bsha256[-:]([0-9a-f]{64})\s*$", re.MULTILINE)
_PARAMETER: Final = re.compile(r"^(\w+)\s+(\S+)\s*$", re.MULTILINE)
_PLAIN: Final = ("registry.ollama.ai/", "library/")
"""What a full name begins with where a short one leaves it out."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What is asked for an answer: a model, and the system text that it has stored (None: that of nobody)."""

    model: str
    stored: str | None = None


@dataclass(frozen=True, slots=True)
class _Card:
    """How a persona's model is to be, and when that was known (in seconds, by the caller's clock)."""

    since: float
    base: str
    system: str
    tuned: bool


def full_name(model: str) -> str:
    """A model's name as servers compare it: with its tag, without what is left out of the official registry's."""
    name = model.strip().casefold()
    for start in _PLAIN:
        name = name.removeprefix(start)
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def series_of(model: str) -> str:
    """The name without its tag."""
    return full_name(model).rpartition(":")[0]


def blob_of(modelfile: str) -> str | None:
    """The digest (sha256:...) of the weights that a model file names; None where it names none."""
    found = _BLOB.search(modelfile)
    return f"sha256:{found[1]}" if found else None


class Personas:
    """The personas on all servers. What a server has is asked once, and again after it turned out to be lost."""

    def __init__(self, hosts: Hosts, parameters: Mapping[str, float], standing: Standing) -> None:
        """`parameters` are the sampling options that are stored with each persona."""
        self._hosts = hosts
        self._parameters = dict(parameters)
        self._standing = standing
        self._known: dict[tuple[str, str], tuple[str, str, bool, Voice]] = {}
        self._cards: dict[str, _Card] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._kept: dict[str, frozenset[int]] = {}

    async def ensure(self, client: OllamaClient, persona: PersonaName, base: str, system: str, since: float) -> Voice:
        """See to it that the server has this persona as it is now; what is to be asked for it.

        `since` is when its caller knew that it is to be so, by a clock in seconds: what another one knew later stays,
        and this one's answer brings its own system text along. Nothing is ever fetched from the network. Where the
        server has not what was fine-tuned, it is the base, which the board tells. Raises OllamaFailure, also where the
        server has no such base.
        """
        card = self._cards.get(persona.model)
        if card is None or card.since <= since:
            card = self._cards[persona.model] = _Card(since, base, system, persona.tuned)
        elif (card.base, card.tuned) != (base, persona.tuned):
            return Voice(base)
        system, there = card.system, (client.host, persona.model)
        if (voice := self._voice(there, persona, base, system)) is None or not self._may_be(persona):
            # One at a time: making two of one base at once has servers write its layers twice.
            async with self._locks[client.host]:
                if not self._may_be(persona):
                    return Voice(base)
                if (voice := self._voice(there, persona, base, system)) is None:
                    voice = await (self._tuned if persona.tuned else self._made)(client, persona, base, system)
                    self._known[there] = (base, system, persona.tuned, voice)
        return voice

    async def remove_older(self, client: OllamaClient, persona: PersonaName, system: str) -> None:
        """Delete from a server, where it is not made anew now, a persona that was made there of another card.

        Raises OllamaFailure.
        """
        async with self._locks[client.host]:
            there = await _shown(client, persona.model)
            if there is not None and there.system.strip() != system.strip():
                self._known.pop((client.host, persona.model), None)
                await client.delete(persona.model)

    def lost(self, host: str, persona: PersonaName) -> None:
        """The server at `host` said that it has no such model: it is looked at anew."""
        self._known.pop((host, persona.model), None)

    def forget(self) -> None:
        """Look at all of them anew."""
        self._known.clear()

    def permit(self, persona: PersonaName) -> None:
        """This version may be made, also where it was taken down."""
        kept = self._kept.get(persona.series)
        if kept is not None:
            self._kept[persona.series] = kept | {persona.version}

    async def take_down(self, server_id: int, profile_id: int, keep: Collection[int]) -> int:
        """Delete all versions but those to `keep` on every server, and look that they are gone; how many there were.

        An answer that is still being made does not bring them back. Raises EngineUnavailable, after the others were
        seen to, where a server can't be reached or does not let go of one.
        """
        series, stays = PersonaName(server_id, profile_id, 0).series, frozenset(keep)
        kept = {f"{series}:{version}" for version in stays}
        self._cards = {name: c for name, c in self._cards.items() if series_of(name) != series or name in kept}
        self._kept[series] = stays
        for model in self._standing.about(PERSONAS):
            if model.startswith(f"{series}:"):
                self._standing.tell(PERSONAS, model, None)
        gone, problems = 0, []
        for address in self._hosts.addresses:
            try:
                gone += await self._taken_down(self._hosts.at(address), series, stays)
            except Unreachable:
                problems.append(
                    f"Ollama at {address} can't be reached and may still have models “{series}”: start it, or take its "
                    "address out of ollama_host where it is gone for good."
                )
            except OllamaFailure as problem:
                problems.append(str(problem))
        if problems:
            raise EngineUnavailable(" ".join(problems))
        return gone

    def _voice(self, there: tuple[str, str], persona: PersonaName, base: str, system: str) -> Voice | None:
        # Weights that were retired make room for a persona of the same name.
        known = self._known.get(there)
        return known[3] if known is not None and known[:3] == (base, system, persona.tuned) else None

    def _may_be(self, persona: PersonaName) -> bool:
        kept = self._kept.get(persona.series)
        return kept is None or persona.version in kept

    async def _made(self, client: OllamaClient, persona: PersonaName, base: str, system: str) -> Voice:
        """The persona, made where it is not what it should be already."""
        # Making it from a model that the server doesn't have would fetch that from the network.
        of = await client.show(base)
        voice = Voice(persona.model, system)
        there = await _shown(client, persona.model)
        if there is not None and self._is(there, of, base, system):
            return voice
        await client.create(persona.model, base=base, system=system, parameters=self._parameters)
        made = await _shown(client, persona.model)
        if made is None or made.system.strip() != system.strip():
            raise NotSupported(
                f"Ollama at {client.host} said that it made the model “{persona.model}”, but does not have it as it "
                "should be: update Ollama to 0.5.5 or newer."
            )
        return voice

    async def _tuned(self, client: OllamaClient, persona: PersonaName, base: str, system: str) -> Voice:
        """What is asked for a fine-tuned model: it can't be made again from the base."""
        there = await _shown(client, persona.model)
        if there is None:
            await client.show(base)
            sentence = (
                f"Ollama at {client.host} has lost the fine-tuned model “{persona.model}”, so that this echo speaks by "
                f"{base} and its card alone: have it learn anew."
            )
            self._standing.tell(PERSONAS, persona.model, sentence)
            return Voice(base)
        self._standing.tell(PERSONAS, persona.model, None)
        # Where it was made with another card, the request brings today's along.
        return Voice(persona.model, there.system)

    def _is(self, there: Shown, of: Shown, base: str, system: str) -> bool:
        if (there.parent and full_name(there.parent) != full_name(base)) or there.system.strip() != system.strip():
            return False
        # A base that was fetched anew has other weights: a persona of the old ones would keep both loaded.
        weights = (blob_of(there.modelfile), blob_of(of.modelfile))
        options = {key: float(value) for key, value in _PARAMETER.findall(there.parameters) if _is_number(value)}
        stored = all(options.get(key) == float(value) for key, value in self._parameters.items())
        return stored and (weights[0] == weights[1] if None not in weights else bool(there.parent))

    async def _taken_down(self, client: OllamaClient, series: str, keep: frozenset[int]) -> int:
        async with self._locks[client.host]:
            gone = 0
            for name in versions_of(await client.tags(), series, keep):
                self._known.pop((client.host, name), None)
                gone += await client.delete(name)
            left = versions_of(await client.tags(), series, keep)
        if left:
            raise Refused(
                f"Ollama at {client.host} still has the model “{left[0]}” although it was deleted: delete it there "
                "with `ollama rm`."
            )
        return gone


async def _shown(client: OllamaClient, model: str) -> Shown | None:
    """What the server says of a model; None where it has none of that name."""
    try:
        return await client.show(model)
    except ModelMissing:
        return None


def versions_of(tags: Sequence[Tag], series: str, keep: frozenset[int]) -> list[str]:
    """The models of just this series, but the versions to keep."""
    kept = {f"{series}:{version}" for version in keep}
    return [tag.name for tag in tags if series_of(tag.name) == series and full_name(tag.name) not in kept]


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
