"""What is taken of an export: whose words, from where, and up to when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from echo.corpus.importers.export import Form, Part
from echo.corpus.written import Mark, Written

DIRECT = "direct message"
OTHER_SERVER = "other server"
LATER = "after the date"


class Scope(StrEnum):
    """From where messages are taken."""

    SERVER = "server"
    """The profile's server alone."""
    EVERYWHERE = "everywhere"
    """Every server that the export names. Private conversations are never taken: others speak there in confidence."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is taken of an export: what `user_id` wrote before `before` (epoch seconds, UTC), from where `scope` says.

    `context` is how many messages of others are taken before each of theirs. `author` is their name in files that have
    no ids of authors. `forms` are those that may be read at all. `key` makes the ids of messages that have none.
    """

    user_id: int
    server_id: int
    before: float
    key: bytes
    context: int
    scope: Scope = Scope.SERVER
    author: str | None = None
    forms: frozenset[Form] = frozenset(Form)

    def is_own(self, written: Written) -> bool:
        """Whether the subject wrote it."""
        if written.author_id is not None:
            return written.author_id == str(self.user_id) and Mark.BOT not in written.marks
        return self.author is not None and written.author == self.author

    def passed_over(self, part: Part) -> str:
        """Why a file of a data package is not even opened, in a word or two; empty if it is."""
        if part.direct is None:
            return "unknown channel"
        if part.direct:
            return DIRECT
        if self.scope is Scope.EVERYWHERE or part.server_id == str(self.server_id):
            return ""
        return OTHER_SERVER if part.server_id else "unknown server"

    def left_out(self, written: Written) -> str:
        """Why a message is not taken, in a word or two; empty if it is."""
        if written.direct:
            return DIRECT
        # Whoever gives lines that name no server vouches for where they are from.
        elsewhere = written.server_id is not None and written.server_id != str(self.server_id)
        if elsewhere and self.scope is Scope.SERVER:
            return OTHER_SERVER
        return LATER if written.ts >= self.before else ""


def place_of(written: Written) -> str:
    """What tells the channels of one export apart."""
    return written.channel_id or f"{written.parent or ''}/{written.channel}"
