"""Memory of the conversation: what the echo said in a session and what it answered, kept and given back."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from db.errors import StorageError
from db.memories import Memories, Remembered
from echo.corpus.cleaning import Kind, clean_text
from echo.corpus.pseudonyms import People
from echo.errors import EchoError
from echo.persona.turns import Utterance
from echo.ports import ChannelGone, Chat, Heard, Line
from states.model import ProfileSnapshot, SessionSnapshot
from states.terms import Purpose

log = logging.getLogger(__name__)

ANSWERED: Final = 3
"""Messages in a row of one person that are kept as what was answered."""
LOOKED_BACK: Final = 40
"""Messages of the channel among which those are looked for."""


@dataclass(slots=True)
class Remembering:
    """Keeps what is said, by the rules for what is collected: scrubbed, and with other people's names replaced.

    `people_of` gives the names of a profile. Others' words are kept where `reads(profile, channel id)` says that Echo
    would collect them, and humans' only: what other echoes say is theirs. A memory that fails keeps nobody from
    speaking.
    """

    chat: Chat
    memories: Memories
    people_of: Callable[[ProfileSnapshot], People]
    reads: Callable[[ProfileSnapshot, int], bool]

    async def keep(self, line: Line, message_id: int, ts: float) -> None:
        """Keep a line that stands in the channel as `message_id` since `ts` (epoch seconds), and what it answers."""
        people = self.people_of(line.profile)
        try:
            answered = [] if line.part or line.session.opening else await self._answered(line)
            answered = [one for one in answered if not people.is_unseen(one.author_id)]
            said = [_kept(one, people) for one in answered]
            own = Remembered(message_id, ts, people.subject, _cleaned(line.text, people), own=True)
            await self.memories.add(line.session, [one for one in (*said, own) if one.text])
            # Somebody may have become unseen, and been erased, while this was being stored.
            late = [one.message_id for one in answered if people.is_unseen(one.author_id)]
            if late:
                await self.memories.remove(late)
        except (StorageError, EchoError, ChannelGone) as error:
            log.info("What session %d said is not remembered: %s", line.session.id, error)

    async def recall(
        self, session: SessionSnapshot, profile: ProfileSnapshot, heard: Sequence[Heard], since: int
    ) -> tuple[Utterance, ...]:
        """What was said in a session before message `since`, oldest first; `heard` is the newest talk.

        What should stand in that talk and does not was deleted: it is forgotten here too.
        """
        try:
            kept = await self.memories.of(session)
            gone = _gone(kept, heard)
            if gone:
                await self.memories.remove(gone)
        except StorageError as error:
            log.info("What was said in session %d is not remembered: %s", session.id, error)
            return ()
        people = self.people_of(profile)
        names = {people.name_of(one.author_id, one.author): one.author for one in heard if one.human}
        shown = profile.terms.allows(Purpose.EXAMPLES)
        return tuple(
            Utterance(names.get(one.author, one.author), one.ts, one.text, one.own)
            for one in kept
            if one.message_id < since
            and one.message_id not in gone
            # What the subject said to their own echo is theirs, too.
            and (shown or one.own or one.author != people.subject)
        )

    async def _answered(self, line: Line) -> list[Heard]:
        """What the echo answers: the last messages of the human whom it heard last, since it last spoke itself."""
        session = line.session
        if not self.reads(line.profile, session.channel_id):
            return []
        heard = await self.chat.recent(session.channel_id, LOOKED_BACK)
        found: list[Heard] = []
        for one in reversed([each for each in heard if each.message_id <= session.heard_id]):
            if not one.human or len(found) == ANSWERED or (found and one.author_id != found[0].author_id):
                break
            found.append(one)
        return found[::-1]


def _kept(one: Heard, people: People) -> Remembered:
    author = people.name_of(one.author_id, one.author)
    return Remembered(one.message_id, one.ts, author, _cleaned(one.text, people), own=False)


def _cleaned(text: str, people: People) -> str:
    """What may be stored of a text; nothing where it is no words."""
    cleaned = clean_text(text, people)
    return cleaned.text if cleaned.kind is Kind.WORDS else ""


def _gone(kept: Sequence[Remembered], heard: Sequence[Heard]) -> frozenset[int]:
    """What is kept of the time of the talk, and does not stand in it."""
    there = {one.message_id for one in heard}
    oldest = min(there, default=sys.maxsize)
    return frozenset(one.message_id for one in kept if one.message_id >= oldest) - there
