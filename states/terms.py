"""What a subject agrees to, beyond whose words up to which day: where is read, what for, where and when is spoken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Purpose(StrEnum):
    """What may be done with what a subject wrote. Statistics and retrieval are what an echo is made of."""

    STATISTICS = "statistics"
    """How they write is counted, and what they wrote is looked up, on the computer that runs Echo."""
    EXAMPLES = "examples"
    """Messages of theirs stand as examples in the prompts of a language model."""
    FINE_TUNING = "fine_tuning"
    """A language model's weights are trained on their messages."""


class Summoner(StrEnum):
    """Who may bring an echo online, each including those above it; its subject and managers may always silence it."""

    SUBJECT = "subject"
    MANAGERS = "managers"
    TRUSTED = "trusted"
    """Who has a role that managers of the server trust."""
    EVERYONE = "everyone"


ALL_PURPOSES: Final = frozenset(Purpose)
NOT_TRAINED: Final = frozenset({Purpose.STATISTICS, Purpose.EXAMPLES})
"""Where nothing else was chosen: training a model on what somebody wrote is for themselves to ask for."""
DAYS: Final = 180
"""For how many days a consent holds where nothing else was chosen."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One subject's choices.

    `reads` and `speaks` are ids of channels, where a thread goes by the channel that holds it; None: all that Echo may
    read or speak in. `hours` are the full hours (0..23, in the zone of the settings) from and until which the echo may
    speak; where the first is the later, past midnight; None: at any time. It holds for `days` days.
    """

    reads: frozenset[int] | None = None
    speaks: frozenset[int] | None = None
    purposes: frozenset[Purpose] = NOT_TRAINED
    summoner: Summoner = Summoner.MANAGERS
    hours: tuple[int, int] | None = None
    days: int = DAYS

    def may_read(self, channel_id: int, parent_id: int | None = None) -> bool:
        """Whether what stands in a channel, or in a thread of the channel `parent_id`, may be read."""
        return self.reads is None or channel_id in self.reads or parent_id in self.reads

    def may_speak_in(self, channel_id: int, parent_id: int | None = None) -> bool:
        """Whether the echo may speak there."""
        return self.speaks is None or channel_id in self.speaks or parent_id in self.speaks

    def may_speak_at(self, hour: int) -> bool:
        """Whether the echo may speak in this hour (0..23, local)."""
        if self.hours is None:
            return True
        first, end = self.hours
        return first <= hour < end if first <= end else hour >= first or hour < end

    def allows(self, purpose: Purpose) -> bool:
        """Whether that may be done with what they wrote."""
        return purpose in self.purposes

    def exceeds(self, other: Terms) -> bool:
        """Whether anything is allowed that `other` does not allow. For how long is not looked at."""
        hours, others = ({hour for hour in range(24) if one.may_speak_at(hour)} for one in (self, other))
        order = list(Summoner)
        return not (
            _is_within(self.reads, other.reads)
            and _is_within(self.speaks, other.speaks)
            and self.purposes <= other.purposes
            and order.index(self.summoner) <= order.index(other.summoner)
            and hours <= others
        )

    def withholds(self, other: Terms) -> bool:
        """Whether anything that may be read or learnt by `other` may not be any more."""
        return not (_is_within(other.reads, self.reads) and other.purposes <= self.purposes)


def _is_within(channels: frozenset[int] | None, others: frozenset[int] | None) -> bool:
    return others is None or (channels is not None and channels <= others)


DEFAULT_TERMS: Final = Terms()
