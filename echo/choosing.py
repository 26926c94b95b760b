"""Which base models echoes speak by: what there is to choose from, choosing, and fetching one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from db.bases import ServerBases
from db.errors import StorageError
from echo.errors import EchoError
from echo.ports import Requests
from states.board import FETCHED, Board
from states.decide import Refusal
from states.events import BaseChosen
from states.model import MachineKey, MachineKind
from states.policy import Refused
from states.terms_in_force import OPERATOR


class Shelf(Protocol):
    """The base models of the configured servers (`echo.engines.ollama.inventory`). Both raise EngineUnavailable."""

    configured: str
    """The one that the settings name."""

    async def bases(self) -> Sequence[tuple[str, str]]:
        """Names of models that can chat, each with a word about it."""

    async def fetch(self, name: str, told: Callable[[str], None]) -> Sequence[str]:
        """Have every server fetch a model; `told` gets sentences on how far it is. Gives one for each that did not."""


@dataclass(slots=True)
class Choosing:
    """Choices of base models, each an event of the profiles that it is about. `shelf`: None where none are used."""

    board: Board
    requests: Requests
    server_bases: ServerBases
    shelf: Shelf | None
    clock: Callable[[], datetime]
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def bases(self) -> Sequence[tuple[str, str]] | str:
        """What can be chosen, as names and what to call them, the configured one ("") first; a sentence where none."""
        if self.shelf is None:
            return "Echoes speak without a base model: set engine to ollama to choose one."
        try:
            found = await self.shelf.bases()
        except EchoError as error:
            return str(error)
        first = ("", f"{self.shelf.configured or 'the first there is'}, as the settings say")
        return [first, *((name, f"{name}, {about}") for name, about in found)]

    async def choose(self, profile_id: int, base: str) -> str:
        """Have one echo speak by a model."""
        profile = self.board.profiles.get(profile_id)
        was_tuned = profile is not None and profile.tuned
        try:
            outcome = await self._choose(profile_id, base)
        except (StorageError, EchoError) as error:
            return str(error)
        if isinstance(outcome, Refusal):
            return outcome.sentence
        rests = " Its fine-tuned model rests until it is trained again." if was_tuned else ""
        return f"It speaks by {self._called(base)} from now on.{rests}"

    async def choose_for_server(self, server_id: int, base: str) -> str:
        """Have all echoes of a server speak by a model, and those to come."""
        try:
            await self.server_bases.choose(server_id, base)
            self.board.choose_base(server_id, base)
            outcomes = [await self._choose(profile_id, base) for profile_id in self._living(server_id)]
        except (StorageError, EchoError) as error:
            return str(error)
        changed = sum(not isinstance(one, Refusal) for one in outcomes)
        failed = [one for one in outcomes if isinstance(one, Refusal) and one.why is not Refused.SAME_BASE]
        rest = f" {failed[0].sentence}" if failed else ""
        echoes = "1 echo changes" if changed == 1 else f"{changed} echoes change"
        return f"This server's echoes speak by {self._called(base)} from now on; {echoes}.{rest}"

    async def fetch(self, name: str) -> str:
        """Have the servers fetch a model; how far it is stands on the board. One at a time."""
        if self.shelf is None:
            return "There is no server to fetch models: set engine to ollama first."
        if self._fetching.locked():
            return "Another model is being fetched: wait until that is done."
        async with self._fetching:
            try:
                failures = await self.shelf.fetch(name, lambda sentence: self.board.set_condition(FETCHED, sentence))
            except EchoError as error:
                return str(error)
            finally:
                self.board.set_condition(FETCHED, None)
        return " ".join((f"{name} is there; it can be chosen now.", *failures))

    def _called(self, base: str) -> str:
        return base or "the model of the settings"

    def _living(self, server_id: int) -> list[int]:
        return [one.id for one in self.board.profiles_in(server_id).values() if one.is_living]

    async def _choose(self, profile_id: int, base: str) -> object:
        key = MachineKey(MachineKind.PROFILE, profile_id)
        return await self.requests.ask(key, BaseChosen(self.clock(), OPERATOR, base))
