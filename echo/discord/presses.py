"""What follows when somebody presses one of Echo's buttons, and the erasing that a command asks for too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from echo.discord import access
from echo.discord.agreeing import OVER, Agreeing
from echo.discord.answers import name_of
from echo.discord.asking import Asking
from echo.discord.consent import Answer, Press, sure_button
from echo.ports import Requests
from states.board import Board
from states.decide import Refusal
from states.events import ApprovalGiven, ConsentDeclined, ForgetAsked
from states.model import ProfileSnapshot, ProfileState
from states.policy import SENTENCES, Refused

ALLOWED: Final = "The echo of **{name}** is allowed in this server now: both keys are in, and it is being made."
SUBJECT_MISSING: Final = "The echo of **{name}** is allowed in this server. Nothing is read before they agree."
DECLINED: Final = "Understood: nothing was read, and nothing is kept."
BY_SUBJECT: Final = "The person it was of had it erased."
BY_MANAGER: Final = "Somebody who manages this server had it erased."


class Presses:
    """Gives presses to the machines that they are about, and tells what came of it."""

    def __init__(self, requests: Requests, board: Board, clock: Callable[[], datetime], agreeing: Agreeing) -> None:
        self._requests = requests
        self._board = board
        self._clock = clock
        self._agreeing = agreeing

    async def press(self, asking: Asking, press: Press) -> None:
        """Deal with one press. Raises EchoError or StorageError with what its presser is to be told."""
        profile = self._board.profiles.get(press.profile_id)
        if profile is None or profile.server_id != asking.asker.server_id:
            await asking.reply.say(OVER)
            return
        access.check(asking.asker, profile, name_of(self._board, profile))
        match press.answer:
            case Answer.YES:
                await self._open(asking, profile)
            case Answer.NO:
                event = ConsentDeclined(self._clock(), asking.asker.id, asking.message_id)
                outcome = await asking.reply.patiently(self._requests.ask(profile.key, event))
                await asking.reply.say(outcome.sentence if isinstance(outcome, Refusal) else DECLINED)
            case Answer.ALLOW:
                await self._allow(asking, profile)
            case Answer.FORGET:
                await self.forget(asking, profile)
            case Answer.SURE:
                await self._erase(asking, profile)

    async def forget(self, asking: Asking, profile: ProfileSnapshot) -> None:
        """Erase an echo: at once for its subject, after one more press for a manager. Raises NoPermission."""
        name = name_of(self._board, profile)
        access.check(asking.asker, profile, name)
        if asking.asker.id == profile.user_id:
            await self._erase(asking, profile)
            return
        await asking.reply.say(
            f"Everything that was read and learned for the echo of **{name}** would be erased for good. Are you sure?",
            sure_button(profile.id),
        )

    async def _open(self, asking: Asking, profile: ProfileSnapshot) -> None:
        """Show what there is to agree to; where it is agreed to or over, that is said."""
        if profile.state is ProfileState.AWAITING_CONSENT:
            await self._agreeing.open(asking, profile, asking.message_id)
        else:
            await asking.reply.say(SENTENCES[Refused.ALREADY_AGREED if profile.has_consent else Refused.FORGOTTEN])

    async def _allow(self, asking: Asking, profile: ProfileSnapshot) -> None:
        """The manager's key."""
        event = ApprovalGiven(self._clock(), asking.asker.id, asking.message_id)
        outcome = await asking.reply.patiently(self._requests.ask(profile.key, event))
        if isinstance(outcome, Refusal):
            await asking.reply.say(outcome.sentence)
            return
        both = outcome.after.state is not ProfileState.AWAITING_CONSENT
        name = name_of(self._board, profile)
        await asking.reply.say((ALLOWED if both else SUBJECT_MISSING).format(name=name))

    async def _erase(self, asking: Asking, profile: ProfileSnapshot) -> None:
        reason = BY_SUBJECT if asking.asker.id == profile.user_id else BY_MANAGER
        event = ForgetAsked(self._clock(), asking.asker.id, reason)
        outcome = await asking.reply.patiently(self._requests.ask(profile.key, event))
        if isinstance(outcome, Refusal):
            await asking.reply.say(outcome.sentence)
            return
        name = name_of(self._board, profile)
        await asking.reply.say(
            f"The echo of **{name}** is silent from now on, and everything that was read and learned for it is being "
            "erased."
        )
