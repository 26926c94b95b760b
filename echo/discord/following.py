"""Corpora follow Discord: joins what hears of changes, what looks for them, and what tells of them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import nextcord

from db.changes import Changes, Reconciliations
from db.corpus import Corpus
from db.memories import Memories
from db.stored import StoredMessage
from echo.corpus.pseudonyms import NOBODY_UNSEEN, People, UnseenHere
from echo.discord.client import EchoClient
from echo.discord.collecting.places import Exclusions
from echo.discord.collecting.reconciling import Reconciling, Share
from echo.discord.collecting.walk import Reader
from echo.discord.corrections import Corrections
from echo.discord.living import Living
from echo.discord.tidings import Asking, Tidings, a_while
from states.board import Board
from states.model import ProfileSnapshot, ProfileState
from states.terms_in_force import TermsInForce

log = logging.getLogger(__name__)

Start = Callable[[str, Coroutine[Any, Any, None]], object]
"""Runs work in the background under a name, and reports what breaks it."""


class Following:
    """Brings to the corpora what happens on Discord, and what happened while Echo was away.

    `begin` starts it once Discord is there; `compare` is for the calendar. `people_of` gives the names that stand for
    others' in a profile, `window` how many messages of others are context.
    """

    def __init__(
        self,
        client: EchoClient,
        board: Board,
        corpus: Corpus,
        memories: Memories,
        changes: Changes,
        reached: Reconciliations,
        machines: Asking,
        share: Share,
        people_of: Callable[[ProfileSnapshot], People],
        exclusions: Exclusions,
        window: int,
        clock: Callable[[], datetime],
        start: Start,
        pause: Callable[[], Awaitable[None]] = a_while,
        terms: TermsInForce | None = None,
    ) -> None:
        self._board, self._clock, self._terms = board, clock, terms or TermsInForce()
        self.tidings = Tidings(changes, corpus, machines, board, clock, pause)
        self.corrections = Corrections(corpus, memories, self.tidings, board, people_of, self._echo_id)
        self.living = Living(
            board, self.corrections, self._reader_of, self.reads, self._threads_of, window, clock, pause, self._terms
        )
        self.reconciling = Reconciling(client, corpus, self.corrections, reached, board, share, terms=self._terms)
        self._client = client
        self._people_of = people_of
        self._exclusions = exclusions
        self._start = start
        corpus.stored, corpus.admits = self.living.stored, self._admits
        for name, take in self.living.witnesses().items():
            client.witness(name, take)
        client.returned = self.compare
        self.living.place_gone = self._look_for_places
        self._board, self._resting = board, frozenset[int]()
        board.watch(self._look_who_is_back)

    def begin(self) -> None:
        """Hear, tell, and look for what happened before."""
        self._warn_of_strange_exclusions()
        self._start("following Discord", self.living.run())
        self._start("telling of changes", self.tidings.run())
        self.compare()

    def compare(self) -> None:
        """Look for what happened while nobody heard of it."""
        self._start("comparing with Discord", self.reconciling.run())

    def _look_who_is_back(self) -> None:
        """Compare once more where an echo has both its keys again: of what happened meanwhile nobody heard."""
        profiles = self._board.profiles
        resting = frozenset(
            one.id for one in profiles.values() if one.state is ProfileState.AWAITING_CONSENT and one.messages
        )
        back = [one for one in self._resting - resting if profiles[one].has_consent]
        self._resting = resting
        if back:
            self.compare()

    def reads(self, server_id: int, channel_id: int) -> bool:
        """Whether collecting would read a channel or thread, as far as nextcord knows it."""
        guild = self._client.get_guild(server_id)
        place: Any = guild.get_channel_or_thread(channel_id) if guild is not None else None
        channel = place.parent if isinstance(place, nextcord.Thread) else place
        if guild is None or channel is None:
            return False
        excluded = {channel_id, channel.id, channel.category_id}.intersection(self._exclusions.channels)
        if excluded or (getattr(channel, "nsfw", False) and not self._exclusions.nsfw):
            return False
        may = channel.permissions_for(guild.me)
        enters = may.connect if isinstance(channel, nextcord.VoiceChannel | nextcord.StageChannel) else True
        return bool(may.view_channel and may.read_message_history and enters)

    def reads_for(self, profile: ProfileSnapshot, channel_id: int) -> bool:
        """Whether collecting would read it for this profile, by its subject's terms too."""
        return self._terms.may_read(profile, channel_id) and self.reads(profile.server_id, channel_id)

    def _admits(self, profile_id: int, row: StoredMessage) -> bool:
        """Whether both keys are in, and the subject's terms cover a message, at the moment at which it is kept."""
        profile = self._board.profiles.get(profile_id)
        if profile is None or not profile.has_consent or profile.is_over(self._clock()):
            return False
        if row.ts >= profile.cutoff.timestamp():
            return False
        # Of a place that is not known (yet) whoever reads it knows more; what is learnt from is looked through again.
        is_known = self._terms.place_of(profile.server_id, row.channel_id) is not None
        return not is_known or self._terms.may_read(profile, row.channel_id)

    def _warn_of_strange_exclusions(self) -> None:
        """Say which excluded channels Echo knows nothing of: of a mistyped one everything would be read."""
        known = {place.id for guild in self._client.guilds for place in (*guild.channels, *guild.threads)}
        strange = sorted(set(self._exclusions.channels) - known)
        if strange:
            log.warning(
                "The setting excluded_channels names %s, which Echo sees in no server: check the ids (an archived "
                "thread is left out all the same).",
                ", ".join(map(str, strange)),
            )

    def _look_for_places(self, server_id: int) -> None:
        self._start("looking for threads", self.reconciling.places(server_id))

    def _threads_of(self, server_id: int, channel_id: int) -> Iterable[int]:
        guild = self._client.get_guild(server_id)
        return [one.id for one in guild.threads if one.parent_id == channel_id] if guild is not None else ()

    def _reader_of(self, profile: ProfileSnapshot) -> Reader:
        return Reader(profile.server_id, self._people_of(profile), self._echo_id())

    def _echo_id(self) -> int:
        return self._client.user.id if self._client.user else 0


class Acquaintance:
    """Who goes by which name in each profile, and what its server's channels are called, as far as was learnt here.

    `names_of` gives the subject's names, the shown one first, `unseen_in` who is invisible to the echoes of a server.
    What was learnt for a profile goes when that is asked to be forgotten.
    """

    def __init__(
        self,
        client: nextcord.Client,
        board: Board,
        names_of: Callable[[ProfileSnapshot], tuple[str, ...]],
        unseen_in: Callable[[int], UnseenHere] = lambda server_id: NOBODY_UNSEEN,
    ) -> None:
        self._unseen_in = unseen_in
        self._client = client
        self._board = board
        self._names_of = names_of
        self._known: dict[int, People] = {}
        self._revision = -1
        board.watch(self._let_go)

    def __len__(self) -> int:
        return len(self._known)

    def of(self, profile: ProfileSnapshot) -> People:
        """The people of a profile."""
        names = self._names_of(profile)
        people = self._known.get(profile.id)
        if people is None or people.subject != names[0]:
            unseen = self._unseen_in(profile.server_id)
            fresh = People(profile.user_id, names[0], f"profile {profile.id}", unseen)
            people = self._known[profile.id] = replace(people, subject=names[0]) if people is not None else fresh
            people.learn(profile.user_id, *names)
            guild = self._client.get_guild(profile.server_id)
            for place in (*guild.channels, *guild.threads) if guild is not None else ():
                if _is_public(place):
                    people.learn_channel(place.id, place.name)
        return people

    def _let_go(self) -> None:
        if self._known and self._revision != self._board.profile_revision:
            self._revision = self._board.profile_revision
            living = {profile.id for profile in self._board.profiles.values() if profile.has_consent}
            self._known = {one: people for one, people in self._known.items() if one in living}


def _is_public(place: Any) -> bool:
    """Whether everybody in the server may see that there is such a channel or thread: an echo may say its name."""
    if isinstance(place, nextcord.Thread):
        return not place.is_private() and place.parent is not None and _is_public(place.parent)
    return bool(place.permissions_for(place.guild.default_role).view_channel)
