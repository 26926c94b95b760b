"""`/echo consent show`, `change` and `revoke`: what was agreed to, choosing anew, and taking either key out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from echo.discord import access, agreement, answers, choosing
from echo.discord.agreeing import Agreeing
from echo.discord.asking import Asking
from echo.discord.dates import show_time
from echo.discord.translate import Call
from echo.errors import UsageError
from echo.ports import Requests
from states.board import Board
from states.decide import Refusal
from states.events import ApprovalWithdrawn, ConsentRevoked
from states.model import Deadline, ProfileSnapshot, ProfileState
from states.policy import SENTENCES, Refused

NONE_HERE: Final = "There is no echo of you in this server: `/echo create` asks you for one."
NO_SUCH: Final = "There is no echo in this server yet: `/echo create` asks somebody (or yourself) for one."
NOT_AGREED: Final = (
    "**{name}** has not agreed to anything (yet): nothing is read, and nothing is kept. The question stands where they "
    "were asked; only their own press on *I agree* goes on from there."
)
RESTS: Final = (
    "What was read and learned is kept encrypted and not used{until}; then everything is erased, unless both keys are "
    "in again. `/echo forget` erases it now."
)
REVOKED: Final = "Your consent is taken back: your echo is offline everywhere, and nothing more is read. {rests}"
DISALLOWED: Final = (
    "The echo of **{name}** is not allowed in this server any more: it is offline everywhere, and nothing more is "
    "read. {rests} The button under its question allows it again."
)


class Consenting:
    """The three commands. `by` whom, the table of access says; the subject's key is the subject's alone."""

    def __init__(
        self, requests: Requests, board: Board, clock: Callable[[], datetime], zone: ZoneInfo, agreeing: Agreeing
    ) -> None:
        self._requests = requests
        self._board = board
        self._clock = clock
        self._zone = zone
        self._agreeing = agreeing

    def commands(self) -> dict[str, Callable[[Asking, Call], Awaitable[None]]]:
        """What does which command."""
        return {
            "echo consent show": self.show,
            "echo consent change": self.change,
            "echo consent revoke": self.revoke,
        }

    async def show(self, asking: Asking, call: Call) -> None:
        """Show what holds: to the subject, and to those who manage the server. Raises EchoError."""
        profile = self._wanted(asking, call)
        if profile.expires is None:
            await asking.reply.say(NOT_AGREED.format(name=self._name(profile)))
            return
        self._board.name({asking.server.id: asking.server.name})
        told = self._agreeing.told(profile, profile.expires)
        text = agreement.text(told, profile.terms, profile.cutoff)
        await asking.reply.say(f"{self._keys(profile)}\n{text}"[: answers.LONGEST])

    async def change(self, asking: Asking, call: Call) -> None:
        """Let the subject choose anew; nothing changes before they agree to it. Raises UsageError."""
        own = [p for p in answers.living(self._board, asking.asker.server_id) if p.user_id == asking.asker.id]
        if not own:
            raise UsageError(NONE_HERE)
        if not own[0].is_living:
            raise UsageError(SENTENCES[Refused.FORGOTTEN])
        await self._agreeing.open(asking, own[0], own[0].consent_message_id or 0)

    async def revoke(self, asking: Asking, call: Call) -> None:
        """Take the subject's key out, or a manager's for somebody else's echo. Raises EchoError."""
        profile, asker = self._wanted(asking, call), asking.asker
        is_own = profile.user_id == asker.id
        now = self._clock()
        event = ConsentRevoked(now, asker.id) if is_own else ApprovalWithdrawn(now, asker.id)
        outcome = await asking.reply.patiently(self._requests.ask(profile.key, event))
        if isinstance(outcome, Refusal):
            await asking.reply.say(outcome.sentence)
            return
        rests = RESTS.format(until=self._until(self._board.profiles[profile.id]))
        done = REVOKED if is_own else DISALLOWED
        await asking.reply.say(done.format(rests=rests, name=self._name(profile)))

    def _keys(self, profile: ProfileSnapshot) -> str:
        """Which keys are in."""
        if profile.has_consent:
            return "Both keys are in, the person's and a manager's. This was agreed to, and holds:"
        missing = [] if profile.agreed else ["the person's"]
        missing += [] if profile.approved else ["a manager's"]
        if profile.state is not ProfileState.AWAITING_CONSENT or not missing:
            return "This held, and everything is being erased:"
        held = "This was agreed to:" if profile.agreed else "This held before:"
        ways = [] if profile.agreed else ["The person agrees again with `/echo consent change`."]
        ways += [] if profile.approved else ["A manager allows it by the button under the question."]
        keys = f"{' and '.join(missing)} key{'s' if len(missing) > 1 else ''}"
        return f"Missing: {keys}, so nothing is read or said. {' '.join(ways)} {held}"

    def _until(self, profile: ProfileSnapshot) -> str:
        due = profile.due.get(Deadline.CONSENT.value)
        return f" until {show_time(due, self._zone)}" if due else ""

    def _wanted(self, asking: Asking, call: Call) -> ProfileSnapshot:
        living = answers.living(self._board, asking.asker.server_id)
        named = call.text("profile")
        if named:
            profile = choosing.chosen(named, living, self._name)
        elif not asking.asker.is_manager and not any(one.user_id == asking.asker.id for one in living):
            raise UsageError(NONE_HERE)
        else:
            profile = choosing.implied(living, asking.asker.id, self._name, NO_SUCH)
        access.check(asking.asker, profile, self._name(profile))
        return profile

    def _name(self, profile: ProfileSnapshot) -> str:
        return answers.name_of(self._board, profile)
