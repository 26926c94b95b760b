"""What a subject's terms come to at one moment: who may summon their echo, and where and when it may speak. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from states.events import OnlineAsked
from states.model import ProfileSnapshot
from states.policy import Refused
from states.terms import Summoner, Terms

OPERATOR: Final = 0
"""The id under which the journal knows the operator."""
NOT_HERE: Final = "Its person does not let it speak in this channel (any more)."

_ORDER: Final = tuple(Summoner)
_WHO: Final = {
    Summoner.SUBJECT: "Only {name} may bring this echo online, as they chose; `/echo consent change` lets them choose "
    "anew.",
    Summoner.MANAGERS: "Only {name} and those with the permission Manage Server may do that with this echo.",
    Summoner.TRUSTED: "Only {name}, those with the permission Manage Server and those with a role that they trust may "
    "bring this echo online.",
}


def standing_of(user_id: int, subject_id: int, *, is_manager: bool, is_trusted: bool) -> Summoner:
    """The narrowest circle of possible summoners that somebody belongs to."""
    if user_id == subject_id:
        return Summoner.SUBJECT
    if is_manager:
        return Summoner.MANAGERS
    return Summoner.TRUSTED if is_trusted else Summoner.EVERYONE


def may_summon(terms: Terms, standing: Summoner) -> bool:
    """Whether somebody of that standing may bring the echo online: each circle includes those before it."""
    return _ORDER.index(standing) <= _ORDER.index(terms.summoner)


def who_may_summon(terms: Terms, name: str) -> str:
    """The sentence for somebody who may not; `name` is the subject's."""
    return _WHO[terms.summoner].format(name=name) if terms.summoner in _WHO else ""


@dataclass(slots=True)
class TermsInForce:
    """Looks terms up for a place and a time.

    `place_of(server id, channel id)` gives the channel by which a thread goes, of a channel itself, None where it is
    not known: then it counts as one that nobody chose, unless its own id was. `zone` is that of the hours.
    """

    zone: tzinfo = UTC
    place_of: Callable[[int, int], int | None] = lambda server_id, channel_id: None

    def may_read(self, profile: ProfileSnapshot, channel_id: int) -> bool:
        """Whether what the subject wrote in a channel or thread of their server may be read."""
        return self._covers(profile.terms.reads, profile.terms.may_read, profile.server_id, channel_id)

    def may_speak_in(self, profile: ProfileSnapshot, channel_id: int) -> bool:
        """Whether the echo may speak in a channel or thread."""
        return self._covers(profile.terms.speaks, profile.terms.may_speak_in, profile.server_id, channel_id)

    def is_barred(self, profile: ProfileSnapshot, channel_id: int) -> bool:
        """Whether the echo surely may not speak there: of a place that is not known (yet) that can't be said."""
        is_known = profile.terms.speaks is not None and self.place_of(profile.server_id, channel_id) is not None
        return is_known and not self.may_speak_in(profile, channel_id)

    def may_speak_at(self, profile: ProfileSnapshot, now: datetime) -> bool:
        """Whether the echo may speak at this time (aware)."""
        return profile.terms.may_speak_at(now.astimezone(self.zone).hour)

    def may_speak(self, profile: ProfileSnapshot, channel_id: int, now: datetime) -> bool:
        """Whether the echo may speak there and then."""
        return self.may_speak_at(profile, now) and self.may_speak_in(profile, channel_id)

    def may_summon(self, profile: ProfileSnapshot, by: int, standing: Summoner) -> bool:
        """Whether `by`, of that standing, may bring the echo online; the operator counts as a manager."""
        if by == profile.user_id:
            return True
        return may_summon(profile.terms, Summoner.MANAGERS if by == OPERATOR else standing)

    def bar(self, profile: ProfileSnapshot, asked: OnlineAsked, standing: Summoner) -> Refused | None:
        """Why the terms keep the echo from coming online when somebody of that standing asks; None: they do not."""
        if not self.may_summon(profile, asked.by, standing):
            return Refused.NOT_THE_SUMMONER
        if not self.may_speak_in(profile, asked.channel_id):
            return Refused.OTHER_PLACE
        return None if self.may_speak_at(profile, asked.at) else Refused.OTHER_HOUR

    def _covers(
        self, chosen: frozenset[int] | None, may: Callable[[int, int | None], bool], server_id: int, channel_id: int
    ) -> bool:
        # Who chose no channels is not asked after a thread's.
        return chosen is None or may(channel_id, None) or may(channel_id, self.place_of(server_id, channel_id))
