"""What follows when somebody presses one of Echo's buttons, and the erasing that a command asks for too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import nextcord

from echo.discord import access
from echo.discord.access import Asker
from echo.discord.answers import name_of
from echo.discord.consent import Answer, Press, sure_button, text_hash, version_of
from echo.discord.replies import Reply
from echo.ports import Requests
from states.board import Board
from states.decide import Refusal
from states.events import ApprovalGiven, ConsentDeclined, ConsentGiven, ForgetAsked
from states.model import ProfileSnapshot, ProfileState
from states.policy import SENTENCES, Refused

AGREED: Final = (
    "Thank you. Echo reads now what you wrote and learns from it; `/echo status` shows how far it is. You can stop and "
    "erase everything at any time: by the button under the question, or with `/echo forget`."
)
MANAGER_MISSING: Final = (
    "Thank you. Nothing is read yet: somebody who manages this server has to allow it too, by the button under the "
    "question."
)
ALLOWED: Final = "The echo of **{name}** is allowed in this server now: both keys are in, and it is being made."
SUBJECT_MISSING: Final = "The echo of **{name}** is allowed in this server. Nothing is read before they agree."
DECLINED: Final = "Understood: nothing was read, and nothing is kept."
OVER: Final = "This question is over; your press changed nothing. `/echo create` asks anew."
OUTDATED: Final = (
    "What was asked here does not hold any more, so your yes was not taken: `/echo create` puts the question as it is "
    "now."
)
BY_SUBJECT: Final = "The person it was of had it erased."
BY_MANAGER: Final = "Somebody who manages this server had it erased."


@dataclass(frozen=True, slots=True)
class Asking:
    """One use of a command, menu, form or button.

    `here` is what Echo may do there; in a thread, `send_messages` says whether it may write in threads.
    `message_id` is the message whose button was pressed (0: none was).
    """

    asker: Asker
    reply: Reply
    server: nextcord.Guild
    here: nextcord.Permissions
    echo_id: int
    message_id: int = 0


class Presses:
    """Gives presses to the machines that they are about, and tells what came of it."""

    def __init__(self, requests: Requests, board: Board, clock: Callable[[], datetime], stays: bool) -> None:
        """`stays`: what is read stays on the computer that runs Echo, as the question says."""
        self._requests = requests
        self._board = board
        self._clock = clock
        self._stays = stays

    async def press(self, asking: Asking, press: Press) -> None:
        """Deal with one press. Raises EchoError or StorageError with what its presser is to be told."""
        profile = self._board.profiles.get(press.profile_id)
        if profile is None or profile.server_id != asking.asker.server_id:
            await asking.reply.say(OVER)
            return
        access.check(asking.asker, profile, name_of(self._board, profile))
        match press.answer:
            case Answer.YES:
                await self._agree(asking, profile, press.version)
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

    async def _agree(self, asking: Asking, profile: ProfileSnapshot, version: int) -> None:
        if profile.has_consent:
            await asking.reply.say(SENTENCES[Refused.ALREADY_AGREED])
            return
        if version != version_of(self._stays, profile.is_open_ended):
            await asking.reply.say(OUTDATED)
            return
        event = ConsentGiven(
            *(self._clock(), asking.asker.id, version, text_hash(version), asking.message_id),
            approves=asking.asker.is_manager,
        )
        outcome = await asking.reply.patiently(self._requests.ask(profile.key, event))
        if isinstance(outcome, Refusal):
            await asking.reply.say(outcome.sentence)
            return
        both = outcome.after.state is not ProfileState.AWAITING_CONSENT
        await asking.reply.say(AGREED if both else MANAGER_MISSING)

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
