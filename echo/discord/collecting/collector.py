"""Collecting: finds what a subject wrote before their cut-off, by search or by reading every channel, and stores it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import nextcord

from echo.corpus.pseudonyms import People
from echo.discord.collecting.asking import Asking
from echo.discord.collecting.budget import Budget
from echo.discord.collecting.collection import Collection, Manner
from echo.discord.collecting.places import guild_of
from echo.discord.collecting.run import CorpusPort, Tell
from echo.ports import Collected
from states.model import ProfileSnapshot

__all__ = ["Collector", "Manner"]


class Collector:
    """Finds a subject's messages in a profile's server and what stood before them. Implements `CollectPort`.

    After every page its rows and how far its place is read are stored together, so that a later call goes on where
    this one ended, however it ended; a call after one that has finished reads what is new or was out of reach. All
    that are collected at the same time share `budget`. `people_of` gives who goes by which name in a
    profile, the subject among them; `pause` waits before something is tried again (seconds).
    """

    def __init__(
        self,
        client: nextcord.Client,
        corpus: CorpusPort,
        budget: Budget,
        manner: Manner,
        *,
        people_of: Callable[[ProfileSnapshot], People],
        clock: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._corpus = corpus
        self._budget = budget
        self._manner = manner
        self._people_of = people_of
        self._clock = clock
        self._pause = pause

    async def collect(self, profile: ProfileSnapshot, progress: Tell) -> Collected:
        """Read what is not stored yet; what that came to.

        `progress` is told after every request. Raises NothingToRead, NoPermission (lasting) or ServiceUnavailable (may
        pass). May be cancelled at any await.
        """
        guild = guild_of(self._client, profile.server_id)
        asking = Asking(self._client, self._budget.account(), self._manner.stall, self._pause)
        agreed = replace(self._manner.exclusions, terms=profile.terms)
        collection = Collection(
            client=self._client,
            guild=guild,
            corpus=self._corpus,
            asking=asking,
            manner=replace(self._manner, exclusions=agreed),
            profile=profile,
            people=self._people_of(profile),
            tell=progress,
            per_second=self._budget.per_second,
            pause=self._pause,
        )
        return await collection.whole(self._clock())
