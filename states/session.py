"""Guards and emitters of the session's rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import cast

from states import effects as do
from states import events as ev
from states.draft import Draft, Trigger
from states.model import NO_DEADLINES, Deadline, SessionSnapshot, SessionState
from states.policy import Refused
from states.withdrawals import WordsWithdrawn

LATE = timedelta(minutes=15)
"""After its time nothing is begun or answered any more: where Echo stood still, the talk has moved on, and the hour is
another one."""


class SessionDraft(Draft[SessionSnapshot]):
    """One step of a session in the making."""

    # guards

    def is_not_halted(self, data: Trigger) -> bool:
        """Nobody has silenced the server."""
        return not cast(ev.OnlineAsked, data.args[0]).halted or self.no(Refused.HALTED)

    def is_ready(self, data: Trigger) -> bool:
        """The profile has a model that can speak."""
        return cast(ev.OnlineAsked, data.args[0]).ready or self.no(Refused.NOT_READY)

    def is_below_limit(self, data: Trigger) -> bool:
        """The server may have one more echo online."""
        asked = cast(ev.OnlineAsked, data.args[0])
        return asked.active < asked.limit or self.no(Refused.SESSION_LIMIT)

    def may_answer(self, data: Trigger) -> bool:
        """Bots have not been talking among themselves for too long."""
        heard = cast(ev.MessageHeard, data.args[0])
        return heard.human or self.snapshot.bot_turns + 1 < self.policy.max_bot_turns

    def may_answer_pending(self, data: Trigger) -> bool:
        """The same, for what was heard while cooling."""
        return self.snapshot.bot_turns < self.policy.max_bot_turns

    def may_restart(self, data: Trigger) -> bool:
        """Nothing of this thought is said or being said, and it was not restarted too often already."""
        mind = self.snapshot
        unsaid = mind.generation_id is None or (mind.part == 0 and Deadline.SPEAK in mind.due)
        return unsaid and mind.restarts < self.policy.max_restarts and self.may_answer(data)

    def is_about_withdrawn(self, data: Trigger) -> bool:
        """What is thought about counts as never heard; so does whatever a conversation would be begun after."""
        withdrawn = cast(WordsWithdrawn, data.args[0])
        return self.snapshot.opening or self.snapshot.heard_id in withdrawn.message_ids

    def is_unsaid(self, data: Trigger) -> bool:
        """Nothing of this thought is said yet."""
        return self.snapshot.part == 0

    def is_this_thought(self, data: Trigger) -> bool:
        """It belongs to the thought that goes on now, not to one that was overtaken."""
        made = cast(ev.DraftMade, data.args[0])
        if made.turn == self.snapshot.turn and self.snapshot.generation_id is None:
            return True
        return self.no(Refused.STALE)

    def is_this_part(self, data: Trigger) -> bool:
        """It is the message that was asked for."""
        said = cast(ev.PartSaid, data.args[0])
        if (said.generation_id, said.part) == (self.snapshot.generation_id, self.snapshot.part):
            return True
        return self.no(Refused.STALE)

    def has_more_parts(self, data: Trigger) -> bool:
        """More messages belong to this answer."""
        return self.snapshot.part + 1 < self.snapshot.parts

    def is_gone(self, data: Trigger) -> bool:
        """The channel is closed to the echo for good."""
        return cast(ev.SayingFailed, data.args[0]).gone

    def is_pending(self, data: Trigger) -> bool:
        """Something was heard that was not thought about yet."""
        return self.snapshot.pending

    def is_typing_due(self, data: Trigger) -> bool:
        """It is time to be seen typing."""
        return self.is_due(data, Deadline.TYPE)

    def is_speech_due(self, data: Trigger) -> bool:
        """It is time to speak."""
        return self.is_due(data, Deadline.SPEAK)

    def is_overtaken(self, data: Trigger) -> bool:
        """That was long ago, and nothing of the answer is said yet."""
        return self.snapshot.part == 0 and not self.is_timely(data)

    def is_cooled(self, data: Trigger) -> bool:
        """The pause after speaking is over."""
        return self.is_due(data, Deadline.COOL)

    def gives_way(self, data: Trigger) -> bool:
        """The person echoed was here themselves a little while ago."""
        return Deadline.QUIET in self.snapshot.due

    def is_quiet_over(self, data: Trigger) -> bool:
        """They have been away for a while."""
        return self.is_due(data, Deadline.QUIET)

    def may_open(self, data: Trigger) -> bool:
        """A manager lets it begin conversations here, and it is not beginning one now."""
        return (self.snapshot.opens and not self.snapshot.opening) or self.no(Refused.STALE)

    def is_opening_due(self, data: Trigger) -> bool:
        """It is a time at which the subject would begin a conversation."""
        return self.is_due(data, Deadline.OPEN)

    def is_timely(self, data: Trigger) -> bool:
        """That time has only just come."""
        fired = cast(ev.TimerFired, data.args[0])
        return fired.at - fired.due <= LATE

    def is_planning_due(self, data: Trigger) -> bool:
        """It is time to look again when they would."""
        return self.is_due(data, Deadline.PLAN)

    def is_welcome(self, data: Trigger) -> bool:
        """Somebody spoke since the echo last did, and it has not begun too many conversations since yesterday."""
        return self.snapshot.bot_turns == 0 and len(self.recently_opened(data)) < self.policy.openers_per_day

    # emitters

    def begin(self, data: Trigger) -> None:
        """Come online with a clear head."""
        asked = cast(ev.OnlineAsked, data.args[0])
        self.forget_thought()
        self.set(started_by=asked.by, started_at=asked.at, bot_turns=0, reason=None, tries=0, opens=asked.opens)

    def disclose(self, data: Trigger) -> None:
        """Ask for the channel to be told what is there now."""
        self.ask(do.Disclose())

    def end(self, data: Trigger) -> None:
        """Go offline; what was waiting to be said is not said."""
        self.note_reason(data)
        self.set(opens=False)
        self.forget_thought()
        self.set(turn=self.snapshot.turn + 1, due=NO_DEADLINES)

    def note_speaker(self, data: Trigger) -> None:
        """A human's word ends the count of bot turns; a bot's adds to it."""
        heard = cast(ev.MessageHeard, data.args[0])
        self.set(bot_turns=0 if heard.human else self.snapshot.bot_turns + 1)

    def begin_thought(self, data: Trigger) -> None:
        """Think about what was just heard."""
        heard = cast(ev.MessageHeard, data.args[0])
        self.set(heard_id=heard.message_id, addressed=heard.addressed)
        self.think(data)

    def restart_thought(self, data: Trigger) -> None:
        """Think again, with the newer message; the wait goes on from the first one heard."""
        heard = cast(ev.MessageHeard, data.args[0])
        restarts, since, typing = self.snapshot.restarts + 1, self.snapshot.since, self.snapshot.typing
        self.set(heard_id=heard.message_id, addressed=self.snapshot.addressed or heard.addressed)
        self.think(data)
        self.set(restarts=restarts, since=since, typing=typing)

    def think_again(self, data: Trigger) -> None:
        """Think once more about the same: something that stood before it counts as never said."""
        restarts, since, typing = self.snapshot.restarts, self.snapshot.since, self.snapshot.typing
        self.think(data)
        self.set(restarts=restarts, since=since, typing=typing)

    def drop_pending(self, data: Trigger) -> None:
        """What was heard meanwhile is thought about no more."""
        self.set(pending=False, addressed=False)

    def begin_pending_thought(self, data: Trigger) -> None:
        """Think about what was heard meanwhile."""
        self.think(data)

    def think(self, data: Trigger) -> None:
        """Ask for a draft of a new thought; whatever an older one brings back is stale."""
        turn = self.snapshot.turn + 1
        heard, addressed = self.now("heard_id"), self.now("addressed")
        self.forget_thought()
        self.set(turn=turn, heard_id=heard, addressed=addressed, since=data.args[0].at)
        self.ask(do.Compose(turn, heard))

    def remember_heard(self, data: Trigger) -> None:
        """Keep the newest message for when there is time to think."""
        heard = cast(ev.MessageHeard, data.args[0])
        addressed = heard.addressed or (self.snapshot.pending and self.snapshot.addressed)
        self.set(pending=True, heard_id=heard.message_id, addressed=addressed)

    def give_way(self, data: Trigger) -> None:
        """What was to be said, or said further, is not; the echo is quiet until its person has been away a while."""
        self.forget_thought()
        self.set_due(quiet=data.args[0].at + timedelta(seconds=self.policy.quiet))

    def let_pass(self, data: Trigger) -> None:
        """Heard, and never answered: it was said while the person themselves was here."""
        self.set(heard_id=cast(ev.MessageHeard, data.args[0]).message_id)

    def schedule_speech(self, data: Trigger) -> None:
        """Set when to be seen typing and when to speak, counted from the first message heard."""
        made = cast(ev.DraftMade, data.args[0])
        since = self.snapshot.since or made.at
        speak = max(since + timedelta(seconds=made.wait), made.at)
        kind = max(speak - timedelta(seconds=made.typing), made.at)
        # Whatever went wrong before is over.
        self.set(generation_id=made.generation_id, part=0, parts=len(made.gaps) + 1, gaps=made.gaps, reason=None)
        self.set_due(type=None if self.snapshot.typing else kind, speak=speak)

    def start_typing(self, data: Trigger) -> None:
        """Be seen typing until the answer is said."""
        self.set(typing=True)
        self.set_due(type=None)

    def ask_saying(self, data: Trigger) -> None:
        """Queue the saying of the part whose time has come."""
        generation = self.snapshot.generation_id
        if generation is not None:
            self.ask(do.Say(generation, self.snapshot.part))
        self.set_due(speak=None, type=None)

    def schedule_next_part(self, data: Trigger) -> None:
        """Set when the next message of the answer comes."""
        part = self.snapshot.part
        self.set(part=part + 1, typing=True)
        self.set_due(speak=data.args[0].at + timedelta(seconds=self.snapshot.gaps[part]))

    def finish_speech(self, data: Trigger) -> None:
        """The answer is said: one more bot turn, then a pause."""
        pending, heard, addressed = self.now("pending"), self.now("heard_id"), self.now("addressed")
        self.forget_thought()
        self.set(bot_turns=self.snapshot.bot_turns + 1, pending=pending, heard_id=heard, addressed=addressed)
        if self.snapshot.opening:
            self.set(opened=(*self.recently_opened(data), data.args[0].at))
        self.set_due(cool=data.args[0].at + timedelta(seconds=self.policy.cooldown))

    def plan_opening(self, data: Trigger) -> None:
        """Ask when the subject would next begin a conversation, where the echo may do that."""
        self.set_due(open=None, plan=None)
        if self.now("opens"):
            self.ask(do.PlanOpening())

    def schedule_opening(self, data: Trigger) -> None:
        """Set when to begin a conversation, or when to look again."""
        planned = cast(ev.OpeningPlanned, data.args[0])
        when = max(planned.when, planned.at)
        self.set_due(open=when if planned.begins else None, plan=None if planned.begins else when)

    def begin_opening(self, data: Trigger) -> None:
        """Think of something to begin with; nobody is being answered."""
        self.set_due(open=None, plan=None)
        self.set(addressed=False)
        self.think(data)
        self.set(opening=True)

    def recently_opened(self, data: Trigger) -> tuple[datetime, ...]:
        """When it began conversations in the last 24 hours."""
        return tuple(at for at in self.snapshot.opened if data.args[0].at - at < timedelta(days=1))

    def drop_thought(self, data: Trigger) -> None:
        """Nothing is thought about any more."""
        self.forget_thought()

    def forget_thought(self) -> None:
        """Clear everything that belongs to one thought. One that was to begin a conversation is planned anew."""
        if self.snapshot.opening and self.now("opens"):
            self.ask(do.PlanOpening())
        self.set(generation_id=None, part=0, parts=0, gaps=(), typing=False, since=None, restarts=0)
        kept = {name: at for name, at in self.now("due").items() if name in (Deadline.OPEN, Deadline.PLAN)}
        self.set(pending=False, addressed=False, opening=False, due=MappingProxyType(kept))


def birth(asked: ev.OnlineAsked) -> SessionSnapshot:
    """The snapshot of a session that never was (id 0, version 0): offline, about to hear that it is wanted."""
    return SessionSnapshot(
        id=0,
        version=0,
        state=SessionState.OFFLINE,
        profile_id=asked.profile_id,
        server_id=asked.server_id,
        channel_id=asked.channel_id,
        started_by=asked.by,
        started_at=asked.at,
    )
