"""What is learnt from: talks, in which each turn of the person's is to be learnt or is just there. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

UNSEEN: Final = "(what was said before is not known)"
"""Stands for the user where others' words can't be seen, or may not be learnt from."""


@dataclass(frozen=True, slots=True)
class Said:
    """One turn. `own`: it is the person's; `learnt`: it is one that the model is to learn, others are just context.

    Each of `lines` is one message on one line; others' begin with their speaker's label and a colon.
    """

    own: bool
    lines: tuple[str, ...]
    learnt: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """Others and the person by turns, others first. At least one turn of the person's is to be learnt."""

    said: tuple[Said, ...]

    @property
    def turns(self) -> int:
        """How many of its turns are to be learnt."""
        return sum(one.learnt for one in self.said)

    def line(self) -> bytes:
        """One line of JSON."""
        # ASCII, because a text may hold half a surrogate pair, which UTF-8 can't carry.
        row = [[one.own, one.lines, one.learnt] for one in self.said]
        return json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n"


def talk_of(line: bytes) -> Talk:
    """The talk of one line."""
    return Talk(tuple(Said(own, tuple(lines), learnt) for own, lines, learnt in json.loads(line)))


@dataclass(frozen=True, slots=True)
class Lesson:
    """All that one model learns from, and what tells when it has learnt enough; both oldest first.

    Nothing in it was said at `until` (seconds since the epoch) or later. `message_ids` are the person's messages that
    it is made of, which were stored.
    """

    training: tuple[Talk, ...]
    validation: tuple[Talk, ...]
    until: float
    message_ids: frozenset[int] = frozenset()

    @property
    def turns(self) -> int:
        """How many of the person's turns are learnt."""
        return sum(talk.turns for talk in self.training)

    def lines(self) -> Iterator[bytes]:
        """Its talks, those to train on first."""
        for talk in (*self.training, *self.validation):
            yield talk.line()


def fingerprint(*parts: bytes | str, lines: Iterable[bytes] = ()) -> str:
    """Names what a training was begun with: a checkpoint of another one is none of its own."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update((part.encode() if isinstance(part, str) else part) + b"\0")
    for line in lines:
        digest.update(line)
    return digest.hexdigest()
