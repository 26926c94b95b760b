"""Reading a page of messages, purely: what it may hold, and which of its messages are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.stored import Provenance, StoredMessage
from echo.corpus.cleaning import PLAIN, REPLY, Cleaned, Kind, clean_raw
from echo.corpus.pseudonyms import People
from echo.discord.snowflakes import COUNTER_BITS, DISCORD_EPOCH
from echo.errors import NoPermission, ServiceUnavailable
from echo.persona.turns import CONTEXT_AGE

PAGE = 100
"""Messages: the most that Discord gives in one answer."""
BARE_PAGE = 3
"""Messages of people without any content from which on a page is no accident."""
_MAY_BE_WITHHELD = ("content", "attachments", "embeds", "components", "poll")
_SUBSTANCE = (*_MAY_BE_WITHHELD, "sticker_items", "message_snapshots", "activity", "application", "call")
_EPOCH = DISCORD_EPOCH.timestamp()

Raw = Mapping[str, Any]
"""A message as Discord's JSON has it."""


class PageRepeats(ServiceUnavailable):
    """Discord passes over from where on a page was asked for."""


@dataclass(frozen=True, slots=True)
class Carry:
    """What one page leaves to the next, older one: `owed` messages of context for the message `answer` (0: none)."""

    owed: int = 0
    answer: int = 0


@dataclass(slots=True)
class Sifted:
    """What is kept of a page, newest first, and what the next page owes.

    `words` are the ids of the subject's messages that have words, newest first; `dropped` counts what is kept of
    nobody, by kind.
    """

    kept: list[StoredMessage] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    carry: Carry = field(default_factory=Carry)
    dropped: Counter[str] = field(default_factory=Counter)


class Reader:
    """Makes rows of the messages of one server, for one subject. `echo_id` is Echo's own user and application id."""

    def __init__(self, server_id: int, people: People, echo_id: int) -> None:
        self.server_id = server_id
        self.people = people
        self.echo_id = echo_id
        # As Discord writes ids: this is looked at for every message.
        self._subject = str(people.subject_id)

    def is_own(self, raw: Raw) -> bool:
        """Whether the subject wrote it, as a person."""
        author = raw["author"]
        return author["id"] == self._subject and not author.get("bot") and raw.get("webhook_id") is None

    def _answers_unseen(self, raw: Raw) -> bool:
        answered = raw.get("referenced_message")
        return answered is not None and self.people.is_unseen(int(answered["author"]["id"]))

    def clean(self, raw: Raw) -> Cleaned:
        """What of it is words."""
        return clean_raw(raw, self.people, self.echo_id)

    def row(self, raw: Raw, channel_id: int, cleaned: Cleaned, *, bare: bool = False) -> StoredMessage:
        """The message as the corpus stores it."""
        author, message_id = raw["author"], int(raw["id"])
        author_id = int(author["id"])
        reference = raw.get("message_reference") if raw["type"] == REPLY else None
        answered = reference.get("message_id") if reference and not self._answers_unseen(raw) else None
        return StoredMessage(
            message_id=message_id,
            user_id=author_id,
            server_id=self.server_id,
            channel_id=channel_id,
            # To the millisecond, as Discord's clients read it off the id.
            ts=_EPOCH + (message_id >> COUNTER_BITS) / 1000,
            text=cleaned.text,
            author=self.people.name_of(author_id, str(author.get("global_name") or author["username"])),
            own=self.is_own(raw),
            reply_to=None if answered is None else int(answered),
            provenance=Provenance.HISTORY,
            cut=cleaned.cut,
            bare=bare,
            scrubbed=cleaned.scrubbed,
        )


def checked(page: Sequence[Raw], channel_id: int, before: int) -> list[Raw]:
    """The page, newest first, once every message is known to be older than `before`.

    Raises PageRepeats otherwise: a server or library that passes over `before` would be read for ever.
    """
    ids = [int(raw["id"]) for raw in page]
    if ids and max(ids) >= before:
        raise PageRepeats(
            f"Discord gave messages of channel {channel_id} that are not older than those it was asked for, so that "
            "it was not read on; try again later, and update nextcord if it happens again."
        )
    if ids == sorted(ids, reverse=True):
        return list(page)
    return sorted(page, key=lambda raw: -int(raw["id"]))


def sift(
    page: Iterable[Raw],
    reader: Reader,
    channel_id: int,
    carry: Carry,
    window: int,
    known: Callable[[int], bool] = lambda _: False,
) -> Sifted:
    """What is kept of a page (newest first): the subject's messages, and before each up to `window` others'.

    Context lies at most CONTEXT_AGE before the message that it leads to, and not before something that can't be seen.
    It may begin on the next page: pass the `carry` of the page before (the first page: `Carry()`). What is `known` was
    read before, so that of it only others' messages may yet be wanted.
    """
    found = Sifted()
    for raw in page:
        if reader.is_own(raw):
            message_id = int(raw["id"])
            if known(message_id):
                # What stands before its words is there, and with it all that a newer message would want of it.
                if carry.owed and reader.clean(raw).kind is Kind.WORDS:
                    carry = Carry()
                continue
            cleaned = reader.clean(raw)
            if _is_kept(cleaned, found.dropped):
                found.kept.append(reader.row(raw, channel_id, cleaned))
                if cleaned.kind is Kind.WORDS:
                    found.words.append(message_id)
                    carry = Carry(window, message_id)
        elif carry.owed:
            message_id = int(raw["id"])
            if is_too_old(message_id, carry):
                carry = Carry()
                continue
            cleaned = reader.clean(raw)
            if _is_kept(cleaned, found.dropped):
                found.kept.append(reader.row(raw, channel_id, cleaned))
                carry = after_context(carry, cleaned.cut)
    found.carry = carry if carry.owed else Carry()
    return found


def after_context(carry: Carry, cut: bool) -> Carry:
    """What is still owed after one message of context: nothing before something that can't be seen."""
    return Carry() if cut else Carry(carry.owed - 1, carry.answer)


def is_too_old(message_id: int, carry: Carry) -> bool:
    """Whether a message stands too long before the one that is to have context."""
    return (carry.answer >> COUNTER_BITS) - (message_id >> COUNTER_BITS) > CONTEXT_AGE * 1000


def owed_below(rows: Iterable[StoredMessage], window: int) -> Carry | None:
    """What the newest part of a channel owes to the older rest, from the rows (oldest first) that were kept of it.

    None: that can't be told from these rows, because none of them is the subject's words.
    """
    context: list[StoredMessage] = []
    for row in rows:
        if row.own and row.text:
            carry = Carry(window, row.message_id)
            for one in reversed(context):
                carry = after_context(carry, one.cut) if carry.owed else carry
            return carry if carry.owed else Carry()
        if not row.own:
            context.append(row)
    return None


def _is_kept(cleaned: Cleaned, dropped: Counter[str]) -> bool:
    if cleaned.kind in (Kind.WORDS, Kind.CUT):
        return True
    dropped[cleaned.why or cleaned.kind.name.lower()] += 1
    return False


class Bareness:
    """Notices that Discord withholds what people write.

    Without the Message Content intent every message comes empty, save the bot's own and those that mention it. A
    person can't send a message with nothing in it, so a whole page of such means the intent.
    """

    def __init__(self, echo_id: int) -> None:
        self._echo_id = echo_id

    def look_at(self, page: Sequence[Raw]) -> bool:
        """Whether the page is in doubt: it has messages without content, though few, and none that has any.

        Raises NoPermission where they are too many for an accident.
        """
        bare = sum(1 for raw in page if not raw.get("content") and self._counts(raw) and not has_substance(raw))
        if not bare or any(self._counts(raw) and any(raw.get(name) for name in _MAY_BE_WITHHELD) for raw in page):
            return False
        if bare >= BARE_PAGE:
            raise NoPermission(WITHHELD)
        return True

    def _counts(self, raw: Raw) -> bool:
        human = not raw["author"].get("bot") and raw.get("webhook_id") is None
        mentioned = any(int(who["id"]) == self._echo_id for who in raw.get("mentions", ()))
        return human and not mentioned and raw["type"] in (PLAIN, REPLY)


WITHHELD = (
    "Discord withholds what people write: switch on the Message Content intent for this bot in Discord's developer "
    "portal (Bot, Privileged Gateway Intents), then retry."
)


def has_substance(raw: Raw) -> bool:
    """Whether anything stands in a message; where nothing does, Discord withholds it."""
    return any(raw.get(name) for name in _SUBSTANCE)
