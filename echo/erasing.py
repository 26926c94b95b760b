"""Erasing a forgotten profile to the end: what lies here, on servers of models, on Discord; and the receipt of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from db.consents import Consents
from db.erased import Erasures
from db.erasure import Erasure
from db.errors import StorageError
from db.receipts import Receipt, Receipts, verified
from echo.discord.letters import Enclosure
from echo.errors import EchoError, EngineFailed, ServiceUnavailable
from echo.receipts import document, readable
from echo.settings import Settings
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

SENT: Final = "sent"
CLOSED: Final = "closed"
"""What came of sending a receipt: it was, or the person takes no direct messages from Echo."""
LETTER: Final = (
    "The echo of you in the server {server} is erased, with everything that was read and learned for it. This is the "
    "receipt: `receipt.txt` to be read, and `receipt.json`, which is signed. Whoever runs this bot can check it with "
    "`echo-bot receipt verify receipt.json`."
)


class Posts(Protocol):
    """Takes down what an echo said on Discord (`echo.discord.taking_down.TakingDown`)."""

    async def take_down(self, profile: ProfileSnapshot) -> None:
        """Take down all that is left; goes on when repeated. Raises ServiceUnavailable where Discord is away."""

    async def release(self, profile: ProfileSnapshot) -> Mapping[str, int]:
        """Delete the webhooks that were theirs, once nothing is to be taken down by them; how many. Raises the same."""


class Remover(Protocol):
    """Removes what servers of models hold of a profile (`echo.versions.Versions`)."""

    async def remove(self, profile: ProfileSnapshot) -> None: ...


class Writer(Protocol):
    """Writes to somebody privately (`echo.discord.letters.Letters`)."""

    async def send(self, user_id: int, text: str, files: Sequence[Enclosure] = ()) -> bool: ...


Also = Callable[[ProfileSnapshot], Awaitable[Mapping[str, int]]]
"""Lets go of what is held of a profile outside the database; how much of which kind that was."""


@dataclass
class Erasing:
    """Does it; whatever ends it in between, doing it again goes on. `also` are further things that hold something of a
    profile; `made` is called when there is a new receipt."""

    erasure: Erasure
    erasures: Erasures
    receipts: Receipts
    consents: Consents
    versions: Remover
    posts: Posts | None
    settings: Settings
    clock: Callable[[], datetime]
    also: list[Also] = field(default_factory=list)
    made: Callable[[], None] = lambda: None

    async def erase(self, profile: ProfileSnapshot) -> int:
        """Erase everything, key first, and make the receipt; how many rows and files there were.

        Raises StorageError, EngineUnavailable, EngineFailed, ServiceUnavailable where something is out of reach.
        """
        await self.erasure.erase(profile.id)
        for let_go in self.also:
            await self._count(profile, await let_go(profile))
        # What lies elsewhere comes last: a server that is away must not hold up what lies here.
        away: EngineFailed | ServiceUnavailable | None = None
        try:
            await self.versions.remove(profile)
        except (EngineFailed, ServiceUnavailable) as error:
            # Nor does it hold up what lies on Discord.
            away = error
        await self._take_down(profile)
        if away is not None:
            raise away
        return await self._make_receipt(profile)

    async def _take_down(self, profile: ProfileSnapshot) -> None:
        """Take down what is left of it on Discord."""
        if self.posts is not None:
            await self.posts.take_down(profile)
            await self._count(profile, await self.posts.release(profile))
        elif left := await self.erasures.posts_left(profile.id):
            raise ServiceUnavailable(
                f"{len(left):,} messages of this echo are still to be taken down on Discord: start Echo, which does it."
            )

    async def _count(self, profile: ProfileSnapshot, counts: Mapping[str, int]) -> None:
        for kind, count in counts.items():
            await self.erasures.count(profile.id, kind, count)

    async def _make_receipt(self, profile: ProfileSnapshot) -> int:
        erased = await self.erasures.of(profile.id)
        if erased is None:
            return 0
        now = self.clock()
        count = sum(erased.rows.values()) + len(erased.files)
        # Who never agreed is not written to: nothing of theirs was held.
        held = count or await self.consents.of(profile.id)
        days = (self.settings.journal_retention_days, self.settings.retention.receipts)
        await self.receipts.make(profile, now, document(profile, erased, now, *days) if held else None)
        if held:
            self.made()
        return count


class Delivering:
    """Sends receipts to those whom they are about. `server_name` says what a server is called; `release` lets go of
    what of a profile is left on Discord, as Echo was not there when a command erased it."""

    def __init__(
        self,
        receipts: Receipts,
        letters: Writer,
        server_name: Callable[[int], str],
        release: Callable[[int], Awaitable[None]],
    ) -> None:
        self._release = release
        self._receipts = receipts
        self._letters = letters
        self._server_name = server_name
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Send all that wait; what Discord is too far away for now waits for the next time."""
        async with self._one_at_a_time:
            try:
                for receipt in await self._receipts.waiting():
                    await self._send(receipt)
            except (StorageError, EchoError) as error:
                log.info("A receipt could not be sent yet: %s", error)

    async def _send(self, receipt: Receipt) -> None:
        await self._release(receipt.profile_id)
        text = LETTER.format(server=self._server_name(receipt.server_id))
        sent = await self._letters.send(receipt.user_id, text, enclosures(receipt))
        if not sent:
            log.warning(
                "The receipt of profile %d could not be sent: its person takes no direct messages. Hand it over: "
                "echo-bot receipt show --profile %d --out FILE",
                receipt.profile_id,
                receipt.profile_id,
            )
        await self._receipts.mark(receipt.profile_id, SENT if sent else CLOSED)


def enclosures(receipt: Receipt) -> Sequence[Enclosure]:
    """A receipt as the two files that its person gets: signed JSON, and text."""
    found = verified(receipt.file)
    text = readable(found[0]) if found is not None else ""
    return (Enclosure("receipt.json", receipt.file), Enclosure("receipt.txt", text.encode()))
