"""The guard's look at every draft of every engine: before it is stored, and once more right before it is said."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from db.stored import AnswerMeasured
from db.wishes import WishBook
from echo.floor import LOOKED_BACK
from echo.held_models import HeldModels
from echo.persona.turns import Utterance
from echo.ports import Chat, Engine, Moment
from echo.reports import Reports
from echo.settings import Settings
from states.measures import HELD_BACK
from states.model import ProfileSnapshot
from states.objections import Objection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LastLook:
    """Asks the persona's guard, whatever was checked before, and counts what it objects to."""

    chat: Chat
    engine: Engine
    held_models: HeldModels
    wishes: WishBook
    reports: Reports
    settings: Settings
    clock: Callable[[], datetime]

    async def before_storing(self, profile: ProfileSnapshot, texts: Sequence[str], moment: Moment) -> Objection | None:
        """Why the messages of an answer must not be kept to be said; None where they may. Raises EchoError."""
        return await self._objection(profile, texts, moment)

    async def before_saying(self, profile: ProfileSnapshot, texts: Sequence[str], channel_id: int) -> Objection | None:
        """Why the last of these messages must not be said behind those before it, be it that it lay in the database
        over a restart, that its subject wishes otherwise by now, or that somebody has said so meanwhile.

        Raises EchoError, ChannelGone, StorageError.
        """
        heard = await self.chat.recent(channel_id, LOOKED_BACK)
        # What it said itself just now may well be the messages before this one.
        others = tuple(Utterance(one.author, one.ts, one.text, False) for one in heard if one.speaker != profile.id)
        moment = Moment(others, self.chat.names_of(profile), addressed=False, seed=0)
        return await self._objection(profile, texts, moment)

    async def _objection(self, profile: ProfileSnapshot, texts: Sequence[str], moment: Moment) -> Objection | None:
        version, blob = await self.held_models.of(profile)
        wishes = await self.wishes.of(profile.id)
        asked = replace(moment, wishes=wishes, allowed_links=self.settings.allowed_hosts)
        found = await self.engine.objection(blob, version, texts, asked)
        if found is not None:
            log.info("A draft of profile %d is not said: %s", profile.id, found)
            self._count(profile, found)
        return found

    def _count(self, profile: ProfileSnapshot, objection: Objection) -> None:
        self.reports.measured(
            AnswerMeasured(
                profile_id=profile.id,
                version=profile.model_version,
                at=self.clock().timestamp(),
                host=self.engine.name,
                base="",
                outcome=HELD_BACK,
                objections=((objection.value, 1),),
            )
        )
