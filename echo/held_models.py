"""The models of the echoes that are online, in memory: one of each, and none of an echo that is nowhere online."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Final

from db.errors import NothingStored
from db.models import Models
from echo.versions import model_name
from states.board import Board
from states.model import ProfileSnapshot

_LATELY: Final = 16
"""Names of a profile's models that are released once more: whoever was just answering may have loaded one again."""
PART: Final = "~"
"""Stands in a part's name after that of the model."""
PARTS: Final = 4
"""Parts of one model that are held: in so many kinds of company an echo is at one time."""


class HeldModels:
    """Loads the models that speak, and lets them go with the sessions that need them.

    `release` has the engine let go of a model by name. A model that was amended goes by a new name, so that nobody
    speaks with what was loaded of it before.
    """

    def __init__(self, board: Board, models: Models, release: Callable[[str], None]) -> None:
        self._board = board
        self._models = models
        self._release = release
        self._blobs: dict[str, bytes] = {}
        self._amended: Counter[int] = Counter()
        self._named: defaultdict[int, deque[str]] = defaultdict(lambda: deque(maxlen=_LATELY))
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
        name = self._name(newest)
        blob = self._blobs.get(name)
        if blob is None:
            try:
                blob = await self._models.load(newest.id, newest.model_version)
            except NothingStored:
                if self._board.profiles[profile.id].model_version == newest.model_version:
                    raise
                return await self.of(profile)
            self._drop_blobs(newest.id)
            self._blobs[name] = blob
            self._let_go()
        return name, blob

    def part(self, name: str) -> bytes | None:
        """The part of a model that is held under that name."""
        part = self._blobs.get(name)
        if part is not None:
            # The newest last.
            self._blobs[name] = self._blobs.pop(name)
        return part

    def hold_part(self, name: str, blob: bytes) -> None:
        """Hold a part of a model that is held, under its name, PART, and what tells it from others.

        Of one model the PARTS that were used last are held; all of them go with it.
        """
        whole = name.partition(PART)[0]
        if whole not in self._blobs:
            # It was amended or forgotten meanwhile.
            return
        self._blobs[name] = blob
        self._named[int(whole.split("-")[0])].append(name)
        for one in [one for one in self._blobs if one.startswith(whole + PART)][:-PARTS]:
            del self._blobs[one]
            self._release(one)

    def drop(self, profile_id: int) -> None:
        """Keep nothing of this profile in memory any more."""
        self._drop_blobs(profile_id)
        for name in self._named.get(profile_id, ()):
            self._release(name)

    def amended(self, profile_id: int) -> None:
        """What is stored of the profile's model is another now."""
        self._amended[profile_id] += 1
        self.drop(profile_id)

    def _name(self, profile: ProfileSnapshot) -> str:
        name, times = model_name(profile.id, profile.model_version), self._amended[profile.id]
        name = f"{name}.{times}" if times else name
        if name not in self._named[profile.id]:
            self._named[profile.id].append(name)
        return name

    def _drop_blobs(self, profile_id: int) -> None:
        for name in [name for name in self._blobs if name.startswith(f"{profile_id}-")]:
            del self._blobs[name]

    def _let_go(self) -> None:
        """Hold no model of a profile that is nowhere online: it may have been forgotten."""
        if self._blobs:
            alive = {s.profile_id for s in self._board.sessions_online()}
            self._blobs = {name: blob for name, blob in self._blobs.items() if int(name.split("-")[0]) in alive}
