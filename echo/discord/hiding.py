"""Members who choose to be invisible to echoes: at once unheard, and erased from what is stored of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from db.amendments import Amendments
from db.audit import Act, Audit
from db.changes import Change
from db.corpus import Corpus
from db.errors import KeyDestroyed, StorageError, Tampered
from db.feedback import Feedback
from db.journal import Journal
from db.memories import Memories
from db.stored import StoredMessage
from db.unseen import Unseen
from echo.corpus.identities import Identities
from echo.corpus.pseudonyms import People, ways_of
from echo.discord.hearing import Hearing
from echo.discord.living import Living
from echo.discord.tidings import Tidings
from echo.discord.veil import Veil
from echo.ports import Post
from states.board import Board
from states.model import ProfileSnapshot, ProfileState
from states.withdrawals import WordsWithdrawn

log = logging.getLogger(__name__)

SOMEBODY: Final = "a member, not named"
"""What the audit says of who it was: the table of who is unseen holds no ids, and so must this."""


@dataclass(slots=True)
class Hider:
    """Does what being invisible means, in the order that leaves no gap: first unheard, then erased, then settled.

    `people_of` gives the names of a profile. A profile of which something was erased `is_settling`, and its echo
    silent, until its model knows: `amended` is to be told of each model that was amended.
    """

    unseen: Unseen
    veil: Veil
    corpus: Corpus
    memories: Memories
    amendments: Amendments
    tidings: Tidings
    hearing: Hearing
    living: Living
    board: Board
    post: Post
    people_of: Callable[[ProfileSnapshot], People]
    audit: Audit
    journal: Journal
    feedback: Feedback
    clock: Callable[[], datetime]
    _settling: dict[int, int] = field(default_factory=dict)
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_unseen(self, server_id: int, user_id: int) -> bool:
        """Whether somebody is invisible to the echoes of a server."""
        return self.unseen.is_unseen(server_id, user_id)

    async def hide(self, server_id: int, user_id: int, names: Sequence[str]) -> int:
        """Make a member invisible who is called `names`; how many of their messages were erased. Raises StorageError:
        they are unheard then all the same, and `finish` erases what is left."""
        await self.audit.note(Act.HIDDEN, by=0, server_id=server_id, who=SOMEBODY)
        await self.unseen.hide(server_id, user_id, [*dict.fromkeys((*names, *ways_of(*names)))])
        self._fall_silent(server_id, user_id, names)
        return await self._erase(server_id, user_id, names)

    async def show(self, server_id: int, user_id: int) -> None:
        """Make a member visible again. Nothing comes back. Raises StorageError."""
        async with self._one:
            await self.audit.note(Act.SHOWN, by=0, server_id=server_id, who=SOMEBODY)
            await self.unseen.show(server_id, user_id)
            self.veil.forget(server_id)

    async def finish(self) -> None:
        """Erase what an earlier life of Echo left of those who had chosen. What fails is tried at the next start."""
        try:
            for one in await self.unseen.pending():
                self._fall_silent(one.server_id, one.user_id, one.names)
                await self._erase(one.server_id, one.user_id, one.names)
        except StorageError as error:
            log.warning("What is stored of an invisible member is erased at the next start: %s", error)

    def is_settling(self, profile_id: int) -> bool:
        """Whether a model may still know what was erased."""
        knows = self._settling.get(profile_id)
        return knows is not None and self.board.profiles[profile_id].model_version <= knows

    def amended(self, profile_id: int) -> None:
        """A stored model knows what was noted before."""
        self._settling.pop(profile_id, None)

    def _fall_silent(self, server_id: int, user_id: int, names: Sequence[str]) -> None:
        """From this moment on nothing of theirs is held in memory, and nothing that is thought of it is said."""
        self.veil.learn(server_id, user_id, *names)
        self.living.withdraw(server_id, user_id)
        gone = self.hearing.withdraw(server_id, lambda heard: self.veil.heard(server_id, heard))
        for session in self.board.sessions_online(server_id):
            ids = gone.get(session.channel_id, frozenset())
            self.post(session.key, WordsWithdrawn(self.clock(), tuple(sorted(ids))))

    async def _erase(self, server_id: int, user_id: int, names: Sequence[str]) -> int:
        erased = 0
        async with self._one:
            for profile in list(self.board.profiles_in(server_id).values()):
                try:
                    erased += await self._erase_from(profile, user_id, names)
                    sessions = [one.id for one in self.board.sessions.values() if one.profile_id == profile.id]
                    await self.journal.forget_author(sessions, user_id)
                    await self.feedback.forget_person(profile.id, user_id)
                except KeyDestroyed:
                    # Forgotten meanwhile, and with it all of it.
                    continue
                except Tampered as error:
                    log.warning("Not all could be looked through in the corpus of profile %d: %s", profile.id, error)
            await self.unseen.settled(server_id, user_id)
        return erased

    async def _erase_from(self, profile: ProfileSnapshot, user_id: int, names: Sequence[str]) -> int:
        """Erase from one profile's corpus and memories; how many messages there were."""
        if not profile.is_living or profile.expires is None:
            # What nobody ever agreed to has no key to be made, and nothing that could be spoken from.
            held = await self.corpus.ids_of(profile.id, [user_id])
            return await self.corpus.remove_others(profile.id, held)
        who = [user_id]
        if names:
            identities = Identities(await self.corpus.import_key(profile.id))
            who += [identities.named(name) for name in names]
        ids = await self.corpus.ids_of(profile.id, who)
        await self._forget(profile, user_id, names, ids)
        self._settle(profile.id)
        async with self.tidings.changing({profile.id: Change(removed=len(ids))}):
            removed = await self.corpus.remove_others(profile.id, ids)
        renamed = await self._rename(profile, user_id, names, frozenset(ids))
        self._settle(profile.id)
        if not (ids or renamed) or not (await self.amendments.pending(profile.id)).message_ids:
            self._settling.pop(profile.id, None)
        return removed

    def _settle(self, profile_id: int) -> None:
        """The models that there are may know what is erased, and so may one that is being learnt."""
        profile = self.board.profiles[profile_id]
        self._settling[profile_id] = profile.made + (profile.state is ProfileState.TRAINING)

    async def _forget(
        self, profile: ProfileSnapshot, user_id: int, names: Sequence[str], message_ids: Sequence[int]
    ) -> None:
        """What sessions remember of them, or by their name, goes."""
        known, hidden = self.people_of(profile), self._people(profile, user_id, names)
        called = known.name_of(user_id)
        gone = {
            one.message_id
            for one in await self.memories.of_profile(profile.id)
            if (not one.own and one.author == called) or hidden.renamed(one.text) != one.text
        }
        await self.memories.remove({*gone, *message_ids})

    async def _rename(self, profile: ProfileSnapshot, user_id: int, names: Sequence[str], gone: frozenset[int]) -> int:
        """Put an invented name for theirs in what is stored of others, and take off what refers to theirs."""
        hidden = self._people(profile, user_id, names)
        changed = 0
        async for page in self.corpus.stream(profile.id):
            amended = await asyncio.to_thread(_without, page, hidden, gone)
            if amended:
                async with self.tidings.changing({profile.id: Change(edited=len(amended))}):
                    for row in amended:
                        await self.corpus.amend(row, profile.id)
            changed += len(amended)
        return changed

    def _people(self, profile: ProfileSnapshot, user_id: int, names: Sequence[str]) -> People:
        """Those in whose texts nothing but this one name is replaced."""
        known = self.people_of(profile)
        people = People(profile.user_id, known.subject, known.salt)
        if user_id != profile.user_id:
            people.learn(user_id, *names)
        return people


def _without(rows: Sequence[StoredMessage], hidden: People, gone: frozenset[int]) -> list[StoredMessage]:
    """Those of the rows that change when somebody's name, and references to what they wrote, are taken out of them."""
    found = []
    for row in rows:
        fresh = replace(row, text=hidden.renamed(row.text), reply_to=None if row.reply_to in gone else row.reply_to)
        if fresh != row:
            found.append(fresh)
    return found
