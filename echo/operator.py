"""What the console's operator may do, each act an event like everybody else's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from console.ports import Trait
from db.audit import Act
from db.errors import StorageError
from echo.accounting import Account, unaccounted
from echo.choosing import Choosing
from echo.discord.halting import Halting
from echo.errors import EngineFailed
from echo.portraits import Portraits
from echo.ports import Requests
from states.board import Board
from states.decide import Refusal
from states.events import (
    CancelAsked,
    Event,
    ForgetAsked,
    PauseAsked,
    RefreshAsked,
    ResumeAsked,
    RetryAsked,
    RollbackAsked,
)
from states.model import MachineKey, MachineKind
from states.terms_in_force import OPERATOR

GONE = "This echo is not there any more."


class ConsoleOperator:
    """Fills the console's `Operator` port."""

    def __init__(
        self,
        requests: Requests,
        clock: Callable[[], datetime],
        channels: Callable[[int], Sequence[tuple[int, str]]],
        board: Board,
        portraits: Portraits,
        choosing: Choosing,
        halting: Halting,
        account: Account = unaccounted,
    ) -> None:
        self._account = account
        self._requests = requests
        self._clock = clock
        self._channels = channels
        self._board = board
        self._portraits = portraits
        self._choosing = choosing
        self._halting = halting

    async def online(self, profile_id: int, channel_id: int) -> str:
        """Bring an echo online in a channel."""
        try:
            outcome = await self._requests.online(profile_id, channel_id, OPERATOR)
        except StorageError as error:
            return str(error)
        return outcome.sentence if isinstance(outcome, Refusal) else "The echo is online."

    async def offline(self, session_id: int) -> str:
        """Take a session offline."""
        try:
            outcome = await self._requests.offline(session_id, OPERATOR, "The operator took it offline.")
        except StorageError as error:
            return str(error)
        return outcome.sentence if isinstance(outcome, Refusal) else "The echo is offline."

    async def retry(self, profile_id: int) -> str:
        """Try again what stands still."""
        return await self._give(profile_id, RetryAsked(self._clock(), OPERATOR), "It is tried again.")

    async def pause(self, profile_id: int) -> str:
        """Let collecting rest where it stands."""
        return await self._give(profile_id, PauseAsked(self._clock(), OPERATOR), "Collecting rests.")

    async def resume(self, profile_id: int) -> str:
        """Let collecting go on from where it rests."""
        return await self._give(profile_id, ResumeAsked(self._clock(), OPERATOR), "Collecting goes on.")

    async def cancel(self, profile_id: int) -> str:
        """Give collecting or learning up; what was read is kept."""
        return await self._give(profile_id, CancelAsked(self._clock(), OPERATOR), "It is cancelled.")

    async def refresh(self, profile_id: int) -> str:
        """Collect and train a ready profile anew."""
        return await self._give(profile_id, RefreshAsked(self._clock(), OPERATOR), "It is collected and trained anew.")

    async def roll_back(self, profile_id: int) -> str:
        """Have the version before speak again."""
        profile = self._board.profiles.get(profile_id)
        done = f"Version {profile.previous} speaks again." if profile else GONE
        return await self._give(profile_id, RollbackAsked(self._clock(), OPERATOR), done)

    @property
    def has_bases(self) -> bool:
        """Whether echoes speak by base models of a server."""
        return self._choosing.shelf is not None

    async def bases(self) -> Sequence[tuple[str, str]] | str:
        """The base models to choose from, as names and what to call them; a sentence where that can't be told."""
        return await self._choosing.bases()

    async def choose_base(self, profile_id: int, base: str) -> str:
        """Have an echo speak by a base model."""
        return await self._choosing.choose(profile_id, base)

    async def choose_server_base(self, server_id: int, base: str) -> str:
        """Have all echoes of a server speak by a base model."""
        return await self._choosing.choose_for_server(server_id, base)

    async def fetch(self, name: str) -> str:
        """Have the servers fetch a base model."""
        return await self._choosing.fetch(name)

    async def halt(self, server_id: int) -> str:
        """Silence every echo of a server."""
        silenced = await self._halting.halt(server_id, OPERATOR)
        kept = "" if silenced.is_kept else " This could not be kept: it ends when Echo starts anew."
        return f"Every echo of this server is silent now; {silenced.sessions} went offline.{kept}"

    async def unhalt(self, server_id: int) -> str:
        """Let echoes of a server come online again."""
        try:
            was = await self._halting.resume(server_id, OPERATOR)
        except StorageError as error:
            return str(error)
        return "Echoes of this server may come online again." if was else "Nothing is silenced in this server."

    async def forget(self, profile_id: int) -> str:
        """Erase everything of a profile, for good."""
        event = ForgetAsked(self._clock(), OPERATOR, "The operator erased it.")
        return await self._give(profile_id, event, "Everything of this echo is being erased.")

    async def card(self, profile_id: int) -> Sequence[Trait] | str:
        """What was learnt of a person's style, without the lines that they struck."""
        profile = self._board.profiles.get(profile_id)
        if profile is None:
            return GONE
        try:
            portrait = await self._portraits.portrait(profile)
            await self._account(Act.ACCESSED, profile, OPERATOR, what="card")
        except (StorageError, EngineFailed) as error:
            return str(error)
        return [Trait(line.key, line.text, line.figures()) for line in portrait.unstruck]

    async def evidence(self, profile_id: int, key: str) -> Sequence[str] | str:
        """Links to messages that show a line of the card, the newest first."""
        profile = self._board.profiles.get(profile_id)
        if profile is None:
            return GONE
        try:
            places = await self._portraits.evidence(profile, key)
            await self._account(Act.ACCESSED, profile, OPERATOR, what="evidence")
        except (StorageError, EngineFailed) as error:
            return str(error)
        return [f"https://discord.com/channels/{profile.server_id}/{place}/{message}" for place, message in places]

    def channels(self, server_id: int) -> Sequence[tuple[int, str]]:
        """The channels of a server in which an echo could speak: id and name."""
        return self._channels(server_id)

    async def _give(self, profile_id: int, event: Event, done: str) -> str:
        try:
            outcome = await self._requests.ask(MachineKey(MachineKind.PROFILE, profile_id), event)
        except StorageError as error:
            return str(error)
        return outcome.sentence if isinstance(outcome, Refusal) else done
