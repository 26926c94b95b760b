"""What people think of what echoes said: counts by version, never who or which words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What somebody thinks of one message of an echo."""

    LIKE = "like"
    DISLIKE = "dislike"
    UNLIKE = "unlike"
    """Not like the person; only they themselves can say so."""


class Rater(StrEnum):
    """Who thinks so."""

    SUBJECT = "subject"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was thought of the messages of one `version` of a model.

    `likes` and `dislikes` are members' thumbs, `own_likes` and `own_dislikes` the subject's; `unlike` counts messages
    of which the subject said that they are not like them.
    """

    version: int
    likes: int = 0
    dislikes: int = 0
    own_likes: int = 0
    own_dislikes: int = 0
    unlike: int = 0

    @property
    def words(self) -> str:
        """For people to read: "12 up, 3 down; its person: 1 up, 2 down, 1 not like them"."""
        own = [(self.own_likes, "up"), (self.own_dislikes, "down"), (self.unlike, "not like them")]
        said = ", ".join(f"{count} {word}" for count, word in own if count)
        members = f"{self.likes} up, {self.dislikes} down"
        return f"{members}; its person: {said}" if said else members


_FIELDS = {
    (Rater.MEMBER, Verdict.LIKE): "likes",
    (Rater.MEMBER, Verdict.DISLIKE): "dislikes",
    (Rater.SUBJECT, Verdict.LIKE): "own_likes",
    (Rater.SUBJECT, Verdict.DISLIKE): "own_dislikes",
    (Rater.SUBJECT, Verdict.UNLIKE): "unlike",
}


def tallied(counts: Iterable[tuple[int, Rater, Verdict, int]]) -> tuple[Tally, ...]:
    """Tallies by version, the lowest first, from rows of version, rater, verdict and how often."""
    found: dict[int, dict[str, int]] = {}
    for version, rater, verdict, times in counts:
        name = _FIELDS.get((rater, verdict))
        if name is not None:
            found.setdefault(version, {})[name] = times
    return tuple(Tally(version, **fields) for version, fields in sorted(found.items()))
