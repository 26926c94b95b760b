"""Asking a server for the words of a moment: by the persona's own model, or by the base where nobody is named."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from echo.engines.ollama.bases import Bases
from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.drafting import Drafted, Drafting, Route
from echo.engines.ollama.failures import ModelMissing, NotSupported, OllamaFailure, Refused
from echo.engines.ollama.hosts import Hosts
from echo.engines.ollama.mind import Mind
from echo.engines.ollama.personas import Personas, Voice
from echo.engines.ollama.standing import PERSONAS, Standing
from echo.engines.ollama.system import system_text
from echo.engines.ollama.telling import Completion, Shown
from echo.ports import Moment, PersonaName

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking, and the address of the server that was asked last."""

    drafted: Drafted
    host: str


@dataclass(slots=True)
class _Talk:
    """Who is asked for one answer, by which base, and since when (`time.monotonic`); then with what for a system text,
    where, and by which voice."""

    persona: PersonaName | None
    base: str
    system: str = ""
    host: str = ""
    voice: Voice | None = None
    begun: float = field(default_factory=monotonic)


class Changed(OllamaFailure):
    """Another server answers than the prompt was made for, and it has another voice."""

    kind = "changed"


class Asking:
    """Asks the servers. Safe to share between the tasks of one event loop."""

    def __init__(
        self,
        hosts: Hosts,
        base: str,
        num_ctx: int,
        drafting: Drafting,
        personas: Personas,
        bases: Bases,
        standing: Standing,
    ) -> None:
        """`base` is that of the settings; `num_ctx`, in tokens, goes with every request."""
        self._hosts, self._base, self._num_ctx = hosts, base, num_ctx
        self._drafting, self._personas, self._bases, self._standing = drafting, personas, bases, standing
        self._shown: dict[tuple[str, str], Shown] = {}

    def base_of(self, persona: PersonaName | None) -> str:
        """The base that a persona speaks by."""
        return (persona.base if persona is not None else "") or self._base

    async def check(self, base: str) -> None:
        """Raises OllamaFailure where a base, that of the settings for "", can't be asked."""
        await self._room(base or self._base)

    async def require(self, persona: PersonaName) -> None:
        """Raises OllamaFailure, ModelMissing among them, where the server of its base has no model of that persona."""
        await self._hosts.reach(self.base_of(persona), lambda client: client.show(persona.model))

    async def system_of(self, persona: PersonaName, mind: Mind) -> str:
        """The text that is stored with the persona's model. Raises OllamaFailure."""
        room = await self._room(self.base_of(persona), persona)
        return await asyncio.to_thread(_system, mind, room)

    def forget(self) -> None:
        """Look at the models anew from now on."""
        self._shown.clear()
        self._personas.forget()

    async def publish(self, persona: PersonaName, mind: Mind, since: float) -> None:
        """Make the persona's model on the server of its base, if it may be made; it is to be so since then, by
        `time.monotonic`. Raises OllamaFailure."""
        base = self.base_of(persona)
        system = await self.system_of(persona, mind)

        async def made(client: OllamaClient) -> str:
            await self._personas.ensure(client, persona, base, system, since)
            return client.host

        home = await self._hosts.reach(base, made)
        if persona.tuned:
            return
        self._standing.tell(PERSONAS, persona.model, None)
        for client in self._hosts.every():
            # It may have spoken there while its own server was away. One that fails now is looked at the next time.
            if client.host != home:
                with suppress(OllamaFailure):
                    await self._personas.remove_older(client, persona, system)

    async def drafted(self, mind: Mind, moment: Moment, base: str = "") -> Asked:
        """What came of drafting an answer; a persona that its server lost meanwhile is made again, once. Where the
        moment has none, `base` is asked ("" for that of the settings).

        Raises OllamaFailure.
        """
        persona = moment.persona
        base = self.base_of(persona) if persona is not None else base or self._base
        talk = _Talk(persona, base)
        with self._bases.using(persona.model if persona is not None and persona.tuned else base):
            try:
                try:
                    return await self._once(mind, moment, talk)
                except (ModelMissing, Changed) as problem:
                    if persona is None or problem.said:
                        raise
                    self._personas.lost(talk.host, persona)
                    return await self._once(mind, moment, talk)
            except OllamaFailure:
                # It may come back as another one.
                names = {base, persona.model if persona is not None else base}
                self._shown = {there: shown for there, shown in self._shown.items() if there[1] not in names}
                raise

    async def _once(self, mind: Mind, moment: Moment, talk: _Talk) -> Asked:
        room = await self._room(talk.base, talk.persona)
        if talk.persona is not None:
            talk.system = await asyncio.to_thread(_system, mind, room)
        talk.voice = await self._hosts.reach(talk.base, lambda client: self._voice(client, talk))

        async def chat(messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> Completion:
            return await self._hosts.ask(talk.base, lambda client: self._chat(client, talk, messages, options))

        found = await self._drafting.drafted(mind, moment, Route(talk.base, room, chat, talk.voice.stored, talk.begun))
        return Asked(found, talk.host)

    async def _chat(
        self, client: OllamaClient, talk: _Talk, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]
    ) -> Completion:
        voice = await self._voice(client, talk)
        if voice != talk.voice:
            raise Changed(f"Ollama at {client.host} has another model of this echo: try again.")
        # A model that thinks does so unless told not to; the others may refuse to hear of it.
        think = False if (await self._speaker(client, talk.base, talk.persona)).thinks else None
        return await client.chat(voice.model, messages, {**options, "num_ctx": self._num_ctx}, think)

    async def _voice(self, client: OllamaClient, talk: _Talk) -> Voice:
        """What a server has of the persona, or of the base where nobody is named."""
        talk.host = client.host
        if talk.persona is None or talk.persona.by_base:
            return Voice(talk.base)
        try:
            voice = await self._personas.ensure(client, talk.persona, talk.base, talk.system, talk.begun)
        except (NotSupported, Refused) as problem:
            # The card can go with every request as well.
            sentence = f"{problem} Until then the card of “{talk.persona.model}” goes with every request."
            self._standing.tell(PERSONAS, talk.persona.model, sentence)
            return Voice(talk.base)
        if not talk.persona.tuned:
            self._standing.tell(PERSONAS, talk.persona.model, None)
        return voice

    async def _room(self, base: str, persona: PersonaName | None = None) -> int:
        """The tokens that a prompt and its answer may take together."""
        shown = await self._hosts.reach(base, lambda client: self._speaker(client, base, persona))
        return min(self._num_ctx, shown.context or self._num_ctx)

    async def _speaker(self, client: OllamaClient, base: str, persona: PersonaName | None) -> Shown:
        """What computes the words: a fine-tuned model of its own, where the server has it, or else the base."""
        if persona is not None and persona.tuned:
            with suppress(ModelMissing):
                return await self._model(client, persona.model)
        return await self._model(client, base)

    async def _model(self, client: OllamaClient, base: str) -> Shown:
        """The base, looked up once and again after a failure; never has the server fetch anything."""
        shown = self._shown.get((client.host, base))
        if shown is None:
            shown = await client.show(base)
            if not shown.chats:
                raise NotSupported(
                    f"The model “{base}” can't chat: set ollama_model to one that can, such as llama3.2:3b."
                )
            if shown.remote:
                raise NotSupported(
                    f"The model “{base}” runs on another server than the one that is asked, which nobody has agreed "
                    "to: set ollama_model to one that runs there, such as llama3.2:3b."
                )
            if shown.primed:
                # They would stand before the system text, which a model then takes for less than what was said.
                raise NotSupported(
                    f"The model “{base}” has messages of its own stored: set ollama_model to one without, such as "
                    "llama3.2:3b."
                )
            self._shown[client.host, base] = shown
        return shown


def _system(mind: Mind, room: int) -> str:
    """How a persona's system text reads now; its wishes were heeded before."""
    return system_text(mind.persona.card(), room)
