"""What a subject gives to their own echo while Echo runs: it joins the corpus, and the machine hears of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from db.audit import Act
from db.changes import Changes
from db.corpus import Corpus
from db.errors import KeyDestroyed
from echo.accounting import Account, unaccounted
from echo.corpus.importers import Form
from echo.corpus.importing import Imported
from echo.corpus.pseudonyms import NOBODY_UNSEEN, UnseenHere
from echo.corpus.wanted import Scope
from echo.errors import UsageError
from echo.importing import MARK, Source, import_into, stands_still
from echo.ports import Requests
from echo.settings import Settings
from states.board import Board, Progress
from states.events import CorpusChanged, RefreshAsked, RetryAsked
from states.model import ProfileSnapshot, ProfileState
from states.terms_in_force import TermsInForce


@dataclass(frozen=True, slots=True)
class PackageImports:
    """Takes data packages, and nothing else: they alone prove whose words they hold. Fills `discord`'s `Imports`."""

    corpus: Corpus
    changes: Changes
    requests: Requests
    board: Board
    settings: Settings
    clock: Callable[[], datetime]
    names_of: Callable[[ProfileSnapshot], Sequence[str]]
    terms: TermsInForce
    unseen_in: Callable[[int], UnseenHere] = lambda server_id: NOBODY_UNSEEN
    account: Account = unaccounted

    async def __call__(
        self, profile: ProfileSnapshot, package: BinaryIO, everywhere: bool, progress: Callable[[Progress], None]
    ) -> Imported:
        """Take a package in. Raises EchoError or StorageError; what was refused left nothing behind."""
        await self.changes.note(profile.id, MARK)
        source = Source(
            package,
            label="Your file",
            subject=self.names_of(profile)[0],
            scope=Scope.EVERYWHERE if everywhere else Scope.SERVER,
            forms=frozenset({Form.DATA_PACKAGE}),
        )
        try:
            imported = await import_into(
                self.corpus,
                profile,
                source,
                self.clock(),
                context=self.settings.context_messages,
                progress=progress,
                agreed=lambda channel_id: self.terms.may_read(profile, channel_id),
                unseen=self.unseen_in(profile.server_id),
            )
        except UsageError:
            await self.changes.take(profile.id, MARK)
            raise
        except KeyDestroyed:
            await self.changes.drop(profile.id)
            raise
        await self.account(Act.IMPORTED, profile, profile.user_id, messages=imported.added)
        if imported.added:
            await self._tell(profile, imported.added)
        await self.changes.take(profile.id, MARK)
        return imported

    async def _tell(self, profile: ProfileSnapshot, added: int) -> None:
        """The echo learns from it at once: whoever gave it is waiting."""
        count = await self.corpus.count(profile.id)
        await self.requests.ask(profile.key, CorpusChanged(self.clock(), count, added, 0, 0))
        now = self.board.profiles[profile.id]
        if now.state is ProfileState.READY:
            await self.requests.ask(profile.key, RefreshAsked(self.clock(), profile.user_id))
        elif stands_still(now) and count >= self.settings.min_messages:
            await self.requests.ask(profile.key, RetryAsked(self.clock(), profile.user_id))
