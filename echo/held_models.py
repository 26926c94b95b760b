"""The models of the echoes that are online, in memory: one of each, and none of an echo that is nowhere online."""

from __future__ import annotations

from db.errors import NothingStored
from db.models import Models
from echo.profile_work import model_name
from states.board import Board
from states.model import ProfileSnapshot


class HeldModels:
    """Loads the models that speak, and lets them go with the sessions that need them."""

    def __init__(self, board: Board, models: Models) -> None:
        self._board = board
        self._models = models
        self._blobs: dict[str, bytes] = {}
        board.watch(self._let_go)

    @property
    def names(self) -> tuple[str, ...]:
        """The models that are held, by name."""
        return tuple(self._blobs)

    async def of(self, profile: ProfileSnapshot) -> tuple[str, bytes]:
        """The name and content of the model that speaks now: since the snapshot was taken there may be a newer one.

        Raises StorageError, NothingStored among them.
        """
        newest = self._board.profiles[profile.id]
        version = model_name(newest.id, newest.model_version)
        blob = self._blobs.get(version)
        if blob is None:
            try:
                blob = await self._models.load(newest.id, newest.model_version)
            except NothingStored:
                if self._board.profiles[profile.id].model_version == newest.model_version:
                    raise
                return await self.of(profile)
            self._keep(newest, version, blob)
        return version, blob

    def drop(self, profile_id: int) -> None:
        """Keep nothing of this profile in memory any more."""
        for name in [name for name in self._blobs if name.startswith(f"{profile_id}-")]:
            del self._blobs[name]

    def _keep(self, profile: ProfileSnapshot, version: str, blob: bytes) -> None:
        self.drop(profile.id)
        self._blobs[version] = blob
        self._let_go()

    def _let_go(self) -> None:
        """Hold no model of a profile that is nowhere online: it may have been forgotten."""
        if self._blobs:
            alive = {s.profile_id for s in self._board.sessions_online()}
            self._blobs = {name: blob for name, blob in self._blobs.items() if int(name.split("-")[0]) in alive}
