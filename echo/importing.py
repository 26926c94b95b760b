"""Imports: an export that somebody gave becomes part of a profile's corpus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from db.changes import Change
from db.stored import StoredMessage
from echo.corpus.cleaning import clean_text
from echo.corpus.importers import Form, open_export
from echo.corpus.importers.limits import DEFAULT, Limits
from echo.corpus.importing import Clean, Imported, Sifting
from echo.corpus.pseudonyms import NOBODY_UNSEEN, People, UnseenHere
from echo.corpus.surveying import Survey
from echo.corpus.wanted import Scope, Wanted
from echo.errors import NoPermission
from states.board import Progress
from states.model import Deadline, ProfileSnapshot, ProfileState

T = TypeVar("T")
MARK = Change(added=1)
"""Noted while an import is under way: should Echo be killed, its next start tells the machine that the corpus grew."""


class ImportedInto(Protocol):
    """The part of the corpus that an import needs."""

    async def import_key(self, profile_id: int) -> bytes:
        """The key that makes ids for messages without one."""

    async def store(self, profile: ProfileSnapshot, rows: Sequence[StoredMessage]) -> int:
        """Keep rows, none twice; how many of the subject's own were new."""


@dataclass(frozen=True, slots=True)
class Source:
    """An export to be imported, as whoever gives it says.

    `label` is what to call it in sentences (empty: its path). `author` is what the subject is called in a file without
    ids of authors. `forms` are those that are taken from whoever gives it: what subjects give has to prove whose it is.
    `subject` is the subject's shown name (empty: as the export has it).
    """

    path: Path | BinaryIO
    label: str = ""
    author: str | None = None
    subject: str = ""
    scope: Scope = Scope.SERVER
    forms: frozenset[Form] = frozenset(Form)
    limits: Limits = field(default_factory=lambda: DEFAULT)


def unheard(progress: Progress) -> None:
    """Tells nobody."""


async def import_into(
    corpus: ImportedInto,
    profile: ProfileSnapshot,
    source: Source,
    now: datetime,
    *,
    context: int,
    progress: Callable[[Progress], None] = unheard,
    clean: Clean = clean_text,
    agreed: Callable[[int], bool] | None = None,
    unseen: UnseenHere = NOBODY_UNSEEN,
) -> Imported:
    """Take from an export what `profile` may learn from: what the subject wrote in the server before the cut-off.

    `context` messages of others are kept before each of theirs, where the export has them. The export is read twice,
    and nothing is stored before it was read to its end: one that is refused leaves nothing behind. What is stored
    already is not stored again, so that an import that was broken off is simply done once more. Of members who are
    `unseen` in the server nothing is taken.

    `agreed` says of a channel's id whether the subject lets it be read; None: by their terms, of which a thread whose
    channel nobody knows is no part. What is left out by them is counted.

    Raises NoPermission where the subject has not agreed, ImportRefused with a sentence about the export, and
    StorageError. It may be cancelled at any await.
    """
    if not profile.has_consent:
        raise NoPermission(
            "Nothing can be imported for an echo whose person has not agreed to it: let them answer the question, or "
            "ask for a new echo with /echo create."
        )
    wanted = Wanted(
        user_id=profile.user_id,
        server_id=profile.server_id,
        before=min(profile.cutoff, now).timestamp(),
        key=await corpus.import_key(profile.id),
        context=context,
        scope=source.scope,
        author=source.author,
        forms=source.forms,
        agreed=agreed or profile.terms.may_read,
    )
    survey = Survey(wanted)
    async with aclosing(_made_in_thread(_surveyed(source, survey))) as counts:
        async for seen in counts:
            progress(Progress("importing", seen, None, "messages", "checking that all of it can be read"))
    people = People(profile.user_id, source.subject or survey.called, f"profile {profile.id}", unseen)
    sifting = Sifting(survey, people, clean=clean)
    added = 0
    async with aclosing(_made_in_thread(_sifted(source, sifting))) as batches:
        async for rows in batches:
            added += await corpus.store(profile, rows)
            progress(Progress("importing", min(sifting.own, survey.own), survey.own, "messages"))
    return Imported(added, sifting.own, sifting.context, dict(sifting.dropped), dict(survey.passed_over))


def stands_still(profile: ProfileSnapshot) -> bool:
    """Whether its collecting ended without enough, and nothing but somebody's retry brings it on."""
    waits = Deadline.RETRY in profile.due or profile.paused
    return profile.state is ProfileState.COLLECTING and profile.reason is not None and not waits


def _surveyed(source: Source, survey: Survey) -> Generator[int, None, None]:
    with open_export(source.path, limits=source.limits, label=source.label or None) as export:
        yield from survey.read(export)


def _sifted(source: Source, sifting: Sifting) -> Generator[list[StoredMessage], None, None]:
    with open_export(source.path, limits=source.limits, label=source.label or None) as export:
        yield from sifting.batches(export)


async def _made_in_thread(items: Generator[T, None, None]) -> AsyncGenerator[T, None]:
    """The items of a generator, the next one always being made in a thread while the one before is used."""
    loop = asyncio.get_running_loop()
    ahead = loop.run_in_executor(None, next, items, None)
    try:
        while (item := await asyncio.shield(ahead)) is not None:
            ahead = loop.run_in_executor(None, next, items, None)
            yield item
    finally:
        # A thread can't be interrupted, and what it reads from must not be closed below it.
        await asyncio.wait((ahead,))
        if not ahead.cancelled():
            ahead.exception()
        items.close()
