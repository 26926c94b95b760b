"""`/echo allow`: a subject allows their echo more than they agreed to, or takes that back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from echo.discord import access, allowances, answers
from echo.discord.agreeing import OVER
from echo.discord.allowances import SHOWN, Answer, Press
from echo.discord.asking import Asking
from echo.discord.translate import Call
from echo.errors import NoPermission, UsageError
from echo.ports import Requests
from states.board import Board
from states.decide import Refusal
from states.events import AllowanceGiven, AllowanceWithdrawn
from states.model import Allowance, ProfileSnapshot, ProfileState

NONE_OWN: Final = (
    "There is no echo of you in this server, so there is nothing to allow: only whose echo it is can allow this, and "
    "`/echo create` asks you for one."
)
NOT_AGREED: Final = (
    "You have not agreed to an echo yet, so there is nothing to allow: press *I agree* under the question first."
)
NO_SUCH_THING: Final = "Say what you allow with the option what: {choices}."
OUTDATED: Final = "What this text says does not hold any more, so nothing was allowed: `/echo allow` shows it as it is."
GIVEN: Final = "You allow this from now on. `/echo allow` takes it back at any time, and `/echo status` shows it."
LEFT: Final = "Understood: it is not allowed, and nothing was changed."
TAKEN_BACK: Final = "It is not allowed any more, from this moment on."
ALLOWED_NOW: Final = "**You allow this at the moment.**\n"


class Allowing:
    """The command and its buttons. Only the subject's own word counts, here as in the states."""

    def __init__(self, requests: Requests, board: Board, clock: Callable[[], datetime], openers: int) -> None:
        """`openers` are the conversations that an echo may begin in a channel in 24 hours."""
        self._requests = requests
        self._board = board
        self._clock = clock
        self._openers = openers

    async def run(self, asking: Asking, call: Call) -> None:
        """Show what it means and ask, or offer to take it back. Raises UsageError or NoPermission."""
        what = call.text("what")
        if what not in list(Allowance):
            raise UsageError(NO_SUCH_THING.format(choices=" or ".join(Allowance)))
        allowance, profile = Allowance(what), self._own(asking)
        given = allowance in profile.allows
        text = (ALLOWED_NOW if given else "") + allowances.explained(allowance, self._openers)
        await asking.reply.say(text, allowances.buttons(allowance, profile.id, given=given))

    async def press(self, asking: Asking, press: Press) -> None:
        """Deal with one press of a button under the text."""
        profile = self._board.profiles.get(press.profile_id)
        if profile is None or profile.server_id != asking.asker.server_id:
            await asking.reply.say(OVER)
            return
        access.check(asking.asker, profile, answers.name_of(self._board, profile))
        match press.answer:
            case Answer.NO:
                await asking.reply.say(LEFT)
            case Answer.YES if press.version != SHOWN[press.allowance]:
                await asking.reply.say(OUTDATED)
            case Answer.YES:
                text_hash = allowances.text_hash(press.allowance, press.version)
                given = AllowanceGiven(self._clock(), asking.asker.id, press.allowance, press.version, text_hash)
                await self._tell(asking, profile, given, GIVEN)
            case Answer.BACK:
                withdrawn = AllowanceWithdrawn(self._clock(), asking.asker.id, press.allowance)
                await self._tell(asking, profile, withdrawn, TAKEN_BACK)

    async def _tell(
        self, asking: Asking, profile: ProfileSnapshot, event: AllowanceGiven | AllowanceWithdrawn, done: str
    ) -> None:
        outcome = await asking.reply.patiently(self._requests.ask(profile.key, event))
        await asking.reply.say(outcome.sentence if isinstance(outcome, Refusal) else done)

    def _own(self, asking: Asking) -> ProfileSnapshot:
        own = [p for p in answers.living(self._board, asking.asker.server_id) if p.user_id == asking.asker.id]
        if own and own[0].state is ProfileState.AWAITING_CONSENT:
            raise NoPermission(NOT_AGREED)
        if not own or not own[0].has_consent:
            raise UsageError(NONE_OWN)
        access.check(asking.asker, own[0], answers.name_of(self._board, own[0]))
        return own[0]
