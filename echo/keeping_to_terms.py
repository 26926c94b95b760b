"""Sees to it, before anything is read or learnt, that a corpus holds nothing to which its subject has not agreed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from db.corpus import Corpus
from echo.errors import NoPermission
from states.model import ProfileSnapshot
from states.terms import Purpose
from states.terms_in_force import TermsInForce

log = logging.getLogger(__name__)

NOT_FOR_THAT: Final = (
    "The person has not agreed that their messages are counted and looked up, without which there is no echo: let them "
    "choose anew with /echo consent change, or forget this echo."
)


@dataclass(frozen=True, slots=True)
class KeepingToTerms:
    """The adapters for it. `learn` looks up places of a server that are not known, such as archived threads."""

    corpus: Corpus
    terms: TermsInForce
    learn: Callable[[int, Iterable[int]], Awaitable[None]]

    async def __call__(self, profile: ProfileSnapshot) -> int:
        """Erase what lies outside the profile's terms, in small batches; how many messages that were.

        The model forgets them by the amendments that are noted with it. A place of which nobody knows to which channel
        it belongs counts as outside. Raises NoPermission where the terms allow no echo at all, and StorageError.
        """
        if not profile.terms.allows(Purpose.STATISTICS):
            raise NoPermission(NOT_FOR_THAT)
        removed = await self.corpus.restrict_until(profile.id, profile.cutoff)
        if profile.terms.reads is not None:
            removed += await self._restrict(profile)
        if removed:
            log.info("%d messages of profile %d lay outside what was agreed to and are erased.", removed, profile.id)
        return removed

    async def _restrict(self, profile: ProfileSnapshot) -> int:
        outside = await self._outside(profile)
        if outside:
            await self.learn(profile.server_id, outside)
            outside = await self._outside(profile)
        return await self.corpus.restrict(profile.id, outside)

    async def _outside(self, profile: ProfileSnapshot) -> list[int]:
        held = await self.corpus.channels(profile.id)
        # How far a whole server was searched is kept under its own id.
        return [one for one in held if one != profile.server_id and not self.terms.may_read(profile, one)]
