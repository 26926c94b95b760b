"""`/echo import`: a subject gives their own Discord data package to their echo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, Protocol

from echo.corpus.importing import Imported
from echo.discord import access, answers, uploads
from echo.discord.asking import Asking
from echo.discord.translate import Call, Upload
from echo.errors import NoPermission, UsageError
from states.board import Board, Progress
from states.model import ProfileSnapshot, ProfileState

NONE_OWN: Final = (
    "There is no echo of you in this server that could take a package in: `/echo create` asks you for one; nothing was "
    "read from the file."
)
NOT_AGREED: Final = (
    "You have not agreed to an echo yet, so nothing was read from the file: press *I agree* under the question first, "
    "then import again."
)
ONE_AT_A_TIME: Final = (
    "Your last file is still being read: wait until you are told what came of it, then import the next one."
)
SLOTS: Final = 2
"""Files that are held in memory at a time; whoever comes later waits, and theirs is not fetched before."""


class Imports(Protocol):
    """Takes a package in, and lets the profile's machine know."""

    async def __call__(
        self, profile: ProfileSnapshot, package: BinaryIO, everywhere: bool, progress: Callable[[Progress], None]
    ) -> Imported:
        """Raises EchoError or StorageError with what the subject is to be told."""


class Importing:
    """The command. Only the subject can give their package, and only to their own echo."""

    def __init__(self, board: Board, imports: Imports, megabytes: int) -> None:
        """`megabytes` is the most that a file may have."""
        self._board = board
        self._imports = imports
        self._megabytes = megabytes
        self._slots = asyncio.Semaphore(SLOTS)
        self._busy: set[int] = set()

    async def run(self, asking: Asking, call: Call) -> None:
        """Fetch the file, take it in, and tell its owner what came of it. Raises EchoError or StorageError."""
        upload = call.upload("file")
        if upload is None:
            raise UsageError("Say which file it is with the option file: your Discord data package, as a ZIP.")
        profile = self._own(asking)
        uploads.check_size(upload, self._megabytes)
        with self._only_one(profile):
            imported = await asking.reply.patiently(self._in_turn(asking, call, upload))
        await asking.reply.say(told(imported))

    @contextmanager
    def _only_one(self, profile: ProfileSnapshot) -> Iterator[None]:
        if profile.id in self._busy:
            raise UsageError(ONE_AT_A_TIME)
        self._busy.add(profile.id)
        try:
            yield
        finally:
            self._busy.discard(profile.id)

    async def _in_turn(self, asking: Asking, call: Call, upload: Upload) -> Imported:
        async with self._slots:
            # They may have had it forgotten while they waited.
            return await self._take_in(self._own(asking), call, upload)

    async def _take_in(self, profile: ProfileSnapshot, call: Call, upload: Upload) -> Imported:
        package = await uploads.fetched(upload, self._megabytes)

        def progress(far: Progress) -> None:
            # What the machine itself does is told first.
            if profile.key not in self._board.progress or self._board.progress[profile.key].what == far.what:
                self._board.advance(profile.key, far)

        try:
            with package:
                return await self._imports(profile, package, call.is_set("everywhere"), progress)
        finally:
            self._board.take_down(profile.key, "importing")

    def _own(self, asking: Asking) -> ProfileSnapshot:
        own = [p for p in answers.living(self._board, asking.asker.server_id) if p.user_id == asking.asker.id]
        if not own:
            raise UsageError(NONE_OWN)
        if own[0].state is ProfileState.AWAITING_CONSENT:
            raise NoPermission(NOT_AGREED)
        if not own[0].has_consent:
            raise UsageError(NONE_OWN)
        access.check(asking.asker, own[0], answers.name_of(self._board, own[0]))
        return own[0]


def told(imported: Imported) -> str:
    """What came of an import, for its owner."""
    known = imported.own - imported.added
    parts = [f"**{_count(imported.added)}** of yours joined your echo"]
    if known:
        parts.append(f"{known:,} were there already")
    lines = [", ".join(parts) + "."]
    if imported.dropped:
        reasons = ", ".join(f"{count:,} {why}" for why, count in sorted(imported.dropped.items()))
        lines.append(f"Left out: {reasons}.")
    if imported.passed_over:
        reasons = ", ".join(f"{count:,} {why}" for why, count in sorted(imported.passed_over.items()))
        lines.append(f"Channels not opened: {reasons}.")
    lines.append(
        "The file itself was not kept. What you have deleted on Discord since goes here too, when Echo next compares."
    )
    return " ".join(lines)


def _count(number: int) -> str:
    return f"{number:,} message{'' if number == 1 else 's'}"
