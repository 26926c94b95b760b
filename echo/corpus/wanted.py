"""What is taken of an export: whose words, from where, and up to when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from echo.corpus.identities import Identities, number_of
from echo.corpus.importers.export import Form, Part
from echo.corpus.written import Mark, Written

DIRECT = "direct message"
OTHER_SERVER = "other server"
NOT_AGREED = "channel that was not agreed to"
LATER = "after the date"
_REMEMBERED = 10_000


def _every_channel(channel_id: int) -> bool:
    return True


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
    `agreed` says of a channel's id whether the subject lets it be read.
    """

    user_id: int
    server_id: int
    before: float
    key: bytes
    context: int
    scope: Scope = Scope.SERVER
    author: str | None = None
    forms: frozenset[Form] = frozenset(Form)
    agreed: Callable[[int], bool] = _every_channel

    def passed_over(self, part: Part) -> str:
        """Why a file of a data package is not even opened, in a word or two; empty if it is."""
        if part.direct is None:
            return "unknown channel"
        if part.direct:
            return DIRECT
        if self.scope is not Scope.EVERYWHERE and part.server_id != str(self.server_id):
            return OTHER_SERVER if part.server_id else "unknown server"
        number = number_of(part.channel_id)
        return "" if number is None or self.agreed(number) else NOT_AGREED


@dataclass(frozen=True, slots=True)
class Origin:
    """What the messages of one author in one channel have in common.

    `place` tells the channels of one export apart. `own`: the subject wrote them. `left_out` is why they are not
    taken, in a word or two; empty if they are.
    """

    place: str
    own: bool
    left_out: str
    user_id: int
    server_id: int
    channel_id: int


class Origins:
    """Where messages of an export of one form are from, as seen by who wants them."""

    def __init__(self, wanted: Wanted, form: Form) -> None:
        self.identities = Identities(wanted.key)
        self._wanted = wanted
        # Whoever gives lines that name no server vouches for where they are from.
        self._unnamed_server = wanted.server_id if form is Form.LINES else 0
        self._known: dict[tuple[str | None, ...], Origin] = {}

    def of(self, written: Written) -> Origin:
        """Of a message. The same few come again and again."""
        key = (written.author_id or written.author, written.channel_id or written.channel, written.server_id)
        if written.channel_id is None or written.author_id is None or written.direct or written.marks:
            return self._made(written)
        known = self._known.get(key)
        if known is None:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._made(written)
        return known

    def _made(self, written: Written) -> Origin:
        wanted, identities = self._wanted, self.identities
        own = self._is_own(written)
        return Origin(
            place=written.channel_id or f"{written.parent or ''}/{written.channel}",
            own=own,
            left_out=self._left_out(written, identities.channel(written)),
            user_id=wanted.user_id if own else identities.author(written),
            server_id=identities.server(written) or self._unnamed_server,
            channel_id=identities.channel(written),
        )

    def _is_own(self, written: Written) -> bool:
        if written.author_id is not None:
            return written.author_id == str(self._wanted.user_id) and Mark.BOT not in written.marks
        return self._wanted.author is not None and written.author == self._wanted.author

    def _left_out(self, written: Written, channel_id: int) -> str:
        if written.direct:
            return DIRECT
        elsewhere = written.server_id is not None and written.server_id != str(self._wanted.server_id)
        if elsewhere and self._wanted.scope is Scope.SERVER:
            return OTHER_SERVER
        return "" if self._wanted.agreed(channel_id) else NOT_AGREED
