"""What an echo may recall where: in a channel it speaks by a model that knows nothing which stood where not everybody
who reads that channel can read too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Protocol

from db.sources import Sources
from echo.errors import NothingToRecall
from echo.held_models import PART, HeldModels
from echo.ports import Engine
from states.model import ProfileSnapshot
from states.terms_in_force import TermsInForce

NOTHING: Final = (
    "Of what this echo has learnt nothing stood where everybody who reads this channel can read it, so that it has "
    "nothing to say here: let it speak where fewer people read, or let it learn from channels that more people read."
)


class Audience(Protocol):
    """Who reads where (`echo.discord.listeners.Listeners`)."""

    def recallable(self, server_id: int, here_id: int, source_ids: Iterable[int]) -> frozenset[int]:
        """Those of the channels and threads that everybody who may read `here_id` may surely read as well."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """The model that may speak in a channel: its name and content, and whether it is all that the profile has.

    Fine-tuned weights, out of which nothing can be taken, may speak only where `is_whole` and `weighs`.
    """

    name: str
    blob: bytes
    is_whole: bool
    weighs: bool


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What a model has learnt from: message ids by channel, those of which nobody knows where they stood, and the
    channels of which its version ever learnt anything (None: nobody knows)."""

    by_channel: Mapping[int, Sequence[int]]
    unknown: frozenset[int]
    ever: frozenset[int]


@dataclass(slots=True)
class Recall:
    """The adapters for it. `look_up` has places of a server looked up that are not known, such as archived threads."""

    held: HeldModels
    sources: Sources
    engine: Engine
    audience: Audience
    terms: TermsInForce
    look_up: Callable[[int, Iterable[int]], None] = lambda server_id, channel_ids: None
    _known: dict[str, _Learnt] = field(default_factory=dict)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, profile: ProfileSnapshot, channel_id: int) -> Recalled:
        """What may speak for a profile in a channel or thread, by who reads where at this moment.

        Raises NothingToRecall where nothing it knows may be recalled there, EngineFailed where the model is damaged,
        and StorageError.
        """
        whole, blob = await self.held.of(profile)
        learnt = await self._learnt(profile, whole, blob)
        allowed = self._allowed(profile, channel_id, learnt.by_channel)
        if not learnt.unknown and len(allowed) == len(learnt.by_channel):
            weighs = bool(learnt.ever) and learnt.ever == self._allowed(profile, channel_id, learnt.ever)
            return Recalled(whole, blob, True, weighs)
        if not allowed:
            raise NothingToRecall(NOTHING)
        name = _named(whole, allowed)
        return Recalled(name, await self._part(name, blob, learnt, allowed), False, False)

    async def may_show(self, profile: ProfileSnapshot, version: int, channel_id: int) -> bool:
        """Whether what a version said elsewhere, as in its test, may be shown in a channel: whether all that it has
        learnt from may be recalled there. Raises StorageError."""
        sources = await self.sources.channels_of(profile.id, version)
        return bool(sources) and self._allowed(profile, channel_id, sources) == sources

    def may_recall_all(self, profile: ProfileSnapshot, channel_id: int, sources: Iterable[int]) -> bool:
        """Whether what stood in all of these channels and threads may be recalled in a channel."""
        wanted = frozenset(sources)
        return self.readable(profile, channel_id, wanted) == wanted

    def readable(self, profile: ProfileSnapshot, channel_id: int, sources: Iterable[int]) -> frozenset[int]:
        """Those of the channels and threads that everybody who may read `channel_id` may surely read as well."""
        return self.audience.recallable(profile.server_id, channel_id, sources)

    def _allowed(self, profile: ProfileSnapshot, channel_id: int, sources: Iterable[int]) -> frozenset[int]:
        found = self.readable(profile, channel_id, sources)
        return frozenset(one for one in found if self.terms.may_read(profile, one))

    async def _part(self, name: str, blob: bytes, learnt: _Learnt, allowed: frozenset[int]) -> bytes:
        async with self._making:
            part = self.held.part(name)
            if part is None:
                kept = (ids for channel_id, ids in learnt.by_channel.items() if channel_id not in allowed)
                withdrawn = learnt.unknown.union(*kept)
                part = await self.engine.amend(blob, name, (), withdrawn)
                self.held.hold_part(name, part)
            return part

    async def _learnt(self, profile: ProfileSnapshot, whole: str, blob: bytes) -> _Learnt:
        known = self._known.get(whole)
        if known is None:
            ids, channels = await self.engine.learnt(blob), await self.sources.of(profile.id)
            ever = await self.sources.channels_of(profile.id, _version_of(whole))
            known = await asyncio.to_thread(_sorted_out, ids, channels, ever)
            self._known = {name: one for name, one in self._known.items() if name in self.held.names}
            self._known[whole] = known
            self.look_up(profile.server_id, (*known.by_channel, *ever))
        return known


def _sorted_out(ids: frozenset[int], channels: Mapping[int, Sequence[int]], ever: frozenset[int]) -> _Learnt:
    by_channel = {place: [one for one in found if one in ids] for place, found in channels.items()}
    by_channel = {place: found for place, found in by_channel.items() if found}
    return _Learnt(by_channel, ids.difference(*by_channel.values()), ever)


def _version_of(name: str) -> int:
    """The version in a model's name, `<profile>-<version>` and what tells amended ones apart."""
    return int(name.partition("-")[2].partition(".")[0])


def _named(whole: str, allowed: frozenset[int]) -> str:
    """What the part of a model is called that knows what stood in these channels."""
    told = ",".join(map(str, sorted(allowed))).encode()
    return f"{whole}{PART}{blake2b(told, digest_size=8).hexdigest()}"
