"""Portraits: what an echo has learnt of somebody's style, for people to read, and the messages that show it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from db.corpus import Corpus
from db.errors import NothingStored, StorageError
from db.models import Models
from db.stored import StoredMessage, Wishes
from db.wishes import WishBook
from echo.engines.bundle import unbundled
from echo.errors import EngineFailed
from echo.persona.card import CardLine
from echo.persona.evidence import OF_FORM, shows, telling
from echo.persona.portrait import Portrait
from echo.persona.storage import notes_of
from echo.persona.turns import BURST_GAP
from states.board import Board
from states.model import ProfileSnapshot, ProfileState

CARDS: Final = 64
"""Cards kept in memory at most."""
BATCH: Final = 200
"""Messages that are decrypted at a time in search of evidence."""
SEARCHED: Final = 20_000
"""The newest messages in which evidence is searched for."""

GOING: Final = (ProfileState.FORGETTING, ProfileState.FORGOTTEN)

Place = tuple[int, int]
"""A message's channel and id."""


class Portraits:
    """Gives the cards of profiles, and takes what their subjects wish.

    Raises StorageError where the disk or a key fails, EngineFailed where a model can't be read.
    """

    def __init__(self, models: Models, corpus: Corpus, wishes: WishBook, board: Board) -> None:
        self._models = models
        self._corpus = corpus
        self._wishes = wishes
        self._board = board
        self._cards: OrderedDict[tuple[int, int], tuple[CardLine, ...]] = OrderedDict()
        self.wished: Callable[[int], None] = lambda profile_id: None
        """Is told of whose wishes are others now."""
        board.watch(self._let_go)

    async def portrait(self, profile: ProfileSnapshot) -> Portrait:
        """The card of the model that speaks now, and what is wished; without lines where nothing is learnt yet."""
        return Portrait(await self._card(profile), await self._wishes.of(profile.id))

    async def telling(self, profile: ProfileSnapshot, count: int = 4) -> tuple[CardLine, ...]:
        """Up to `count` lines that set them apart, of form alone, none of them struck; none where they can't be read.

        For everybody in the server to see.
        """
        try:
            found = await self.portrait(profile)
        except (StorageError, EngineFailed):
            return ()
        return tuple(telling([line for line in found.unstruck if line.key in OF_FORM], count))

    async def wish(self, profile: ProfileSnapshot, wishes: Wishes) -> None:
        """Put these wishes in place of those before; the next answer heeds them."""
        await self._wishes.put(profile.id, wishes)
        self.wished(profile.id)

    async def evidence(self, profile: ProfileSnapshot, key: str, count: int = 5) -> tuple[Place, ...]:
        """Where the newest messages stand that show a line, at most `count`, the newest first.

        Only for this the corpus is decrypted, no more of it than it takes. Messages in other servers are no evidence,
        for they can't be linked to from this one; what was kept too long is erased.
        """
        line = (await self.portrait(profile)).line(key)
        if line is None:
            return ()
        listed = await self._corpus.own_ids(profile)
        # What was made up for an export's messages without ids is below 0, and channels without a name are gone.
        here = [one for place, ids in listed.items() if place in self._board.names for one, _ in ids if one > 0]
        newest = sorted(here, reverse=True)[:SEARCHED]
        found: list[Place] = []
        for start in range(0, len(newest), BATCH):
            rows = await self._corpus.rows_of(profile.id, newest[start : start + BATCH])
            found += await asyncio.to_thread(_showing, line, rows)
            if len(found) >= count:
                break
        return tuple(found[:count])

    def _let_go(self) -> None:
        """Keep no card of an echo that is forgotten, or of which anything changed: it may have learnt anew."""
        for profile_id, step in tuple(self._cards):
            profile = self._board.profiles.get(profile_id)
            if profile is None or profile.version != step or profile.state in GOING:
                del self._cards[profile_id, step]

    async def _card(self, profile: ProfileSnapshot) -> tuple[CardLine, ...]:
        newest = self._board.profiles.get(profile.id, profile)
        # Not the model's version, which stays when a model is amended.
        key = (newest.id, newest.version)
        card = self._cards.get(key)
        if card is None:
            try:
                blob = await self._models.load(newest.id, newest.model_version)
            except NothingStored:
                # Nothing is learnt yet, or what was learnt had to go.
                return ()
            card = self._cards[key] = await asyncio.to_thread(_card_of, blob)
            self._let_go()
            while len(self._cards) > CARDS:
                self._cards.popitem(last=False)
        return card


def _card_of(blob: bytes) -> tuple[CardLine, ...]:
    notes = notes_of(unbundled(blob)[0])
    try:
        return tuple(CardLine.of(row) for row in notes["card"])
    except (KeyError, TypeError, ValueError) as problem:
        raise EngineFailed("The stored model has no card, so train the echo again.") from problem


def _showing(line: CardLine, rows: Sequence[StoredMessage]) -> list[Place]:
    """Where those of the messages (oldest first) stand that show the line, the newest first."""
    last: dict[int, float] = {}
    found: list[Place] = []
    for row in rows:
        before = last.get(row.channel_id)
        last[row.channel_id] = row.ts
        match line.key:
            case "burst":
                fits = before is not None and row.ts - before <= BURST_GAP
            case "hours":
                fits = str(datetime.fromtimestamp(row.ts, UTC).hour) in line.named
            case _:
                fits = shows(line, row.text)
        if fits:
            found.append((row.channel_id, row.message_id))
    return found[::-1]
