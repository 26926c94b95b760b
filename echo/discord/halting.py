"""Silencing a whole server at once, and ending that; and one person's echo wherever it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.audit import Act, Audit
from db.errors import StorageError
from db.servers import Servers
from echo.ports import Post
from states.board import Board
from states.events import OfflineAsked
from states.halts import HALTED, Halt
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

BY_WORD: Final = "Its person said the halt word."


@dataclass(frozen=True, slots=True)
class Silenced:
    """How many sessions go offline, and whether the halt is kept over a restart."""

    sessions: int
    is_kept: bool


class Halting:
    """The board is told first, and whatever speaks looks there: nothing waits for the disk or for a machine."""

    def __init__(self, board: Board, post: Post, servers: Servers, audit: Audit, clock: Callable[[], datetime]) -> None:
        self._board = board
        self._post = post
        self._servers = servers
        self._audit = audit
        self._clock = clock

    async def load(self) -> None:
        """Show what is kept: before any machine is taken over. Raises StorageError."""
        for server_id, halt in (await self._servers.halts()).items():
            self._board.halt(server_id, halt)
        for server_id, roles in (await self._servers.trusted()).items():
            self._board.trust(server_id, roles)

    async def halt(self, server_id: int, by: int) -> Silenced:
        """Silence a server: what its echoes were about to say is not said, and none comes online."""
        halt = Halt(self._clock(), by)
        self._board.halt(server_id, halt)
        online = self._board.sessions_online(server_id)
        for session in online:
            self._post(session.key, OfflineAsked(halt.at, by, HALTED))
        try:
            await self._servers.halt(server_id, halt)
            await self._audit.note(Act.HALTED, by=by, server_id=server_id, sessions=len(online))
        except StorageError as error:
            log.warning("That server %d is silenced could not be kept: %s", server_id, error)
            return Silenced(len(online), is_kept=False)
        return Silenced(len(online), is_kept=True)

    async def resume(self, server_id: int, by: int) -> bool:
        """Let echoes come online again; False where nothing was silenced. Raises StorageError: then it is still."""
        halt = self._board.halts.get(server_id)
        if halt is None:
            return False
        await self._servers.resume(server_id)
        # Who silenced it anew meanwhile meant it: that is kept behind this.
        if self._board.halts.get(server_id) is halt:
            self._board.halt(server_id, None)
        await self._audit.note(Act.RESUMED, by=by, server_id=server_id)
        return True

    def hush(self, profile: ProfileSnapshot) -> int:
        """Take one echo offline everywhere, for its person said so; in how many channels."""
        online = [s for s in self._board.sessions_online(profile.server_id) if s.profile_id == profile.id]
        for session in online:
            self._post(session.key, OfflineAsked(self._clock(), profile.user_id, BY_WORD))
        return len(online)

    async def trust(self, server_id: int, role_id: int, by: int) -> None:
        """Have a role trusted. Raises StorageError."""
        await self._servers.trust(server_id, role_id, by)
        await self._audit.note(Act.TRUSTED, by=by, server_id=server_id, role_id=role_id)
        self._board.trust(server_id, self.trusted(server_id) | {role_id})

    async def distrust(self, server_id: int, role_id: int, by: int) -> None:
        """Have it trusted no more. Raises StorageError."""
        await self._servers.distrust(server_id, role_id)
        await self._audit.note(Act.DISTRUSTED, by=by, server_id=server_id, role_id=role_id)
        self._board.trust(server_id, self.trusted(server_id) - {role_id})

    def trusted(self, server_id: int) -> frozenset[int]:
        """The roles that a server's managers trust."""
        return self._board.trusted.get(server_id, frozenset())
