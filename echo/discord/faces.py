"""Under what names and pictures the echoes appear: those of the people whose they are, always labelled."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final

import nextcord

from echo.discord.failures import OutOfReach, mapped
from states.board import Board
from states.model import ProfileSnapshot

LABEL: Final = " (echo)"
LONGEST: Final = 80
"""Characters: the most that Discord takes as a webhook's name."""
NAMELESS: Final = "Somebody"
FRESH: Final = 3600.0
"""Seconds that a face which Discord was asked for is used before it is asked again."""
PICTURE: Final = 256
"""Pixels of the width of a picture that is asked for."""
_FORBIDDEN: Final = re.compile("clyde|discord", re.IGNORECASE)
_LOOKALIKE: Final = str.maketrans("cC", "сС")
"""Latin to Cyrillic: Discord refuses the two words in webhooks' names, and a name must stay readable."""


@dataclass(frozen=True, slots=True)
class Face:
    """A person as others see them: `names`, the shown one first and never none, and the address of the picture."""

    names: tuple[str, ...]
    avatar_url: str | None = None


def spoken_name(name: str) -> str:
    """The name under which the echo of somebody called `name` speaks: labelled, and one that Discord takes."""
    shown = _FORBIDDEN.sub(lambda word: word[0].translate(_LOOKALIKE), " ".join(name.split())) or NAMELESS
    return shown[: LONGEST - len(LABEL)].rstrip() + LABEL


class Faces:
    """Finds the faces of subjects: from what the gateway told, else by asking Discord, else from the board."""

    def __init__(self, client: nextcord.Client, board: Board) -> None:
        self._client = client
        self._board = board
        self._asked: dict[tuple[int, int], tuple[float, Face]] = {}

    def known(self, profile: ProfileSnapshot) -> Face:
        """The face as far as it is known without asking."""
        guild = self._client.get_guild(profile.server_id)
        member = guild.get_member(profile.user_id) if guild else None
        if member is not None:
            return _face(member)
        asked = self._asked.get((profile.server_id, profile.user_id))
        return asked[1] if asked else Face((self._board.names.get(profile.user_id, NAMELESS),))

    def forget(self, profile: ProfileSnapshot) -> bool:
        """Hold the face no more; whether it was held."""
        return self._asked.pop((profile.server_id, profile.user_id), None) is not None

    async def find(self, profile: ProfileSnapshot) -> Face:
        """The face, asked for where it is not known. Raises ServiceUnavailable or NoPermission."""
        guild = self._client.get_guild(profile.server_id)
        if guild is None or guild.get_member(profile.user_id) is not None:
            return self.known(profile)
        key, now = (profile.server_id, profile.user_id), asyncio.get_running_loop().time()
        if key not in self._asked or now - self._asked[key][0] > FRESH:
            self._asked[key] = now, await self._ask(guild, profile)
        return self._asked[key][1]

    async def _ask(self, guild: nextcord.Guild, profile: ProfileSnapshot) -> Face:
        with mapped("look up the person"):
            try:
                return _face(await guild.fetch_member(profile.user_id))
            except nextcord.NotFound:
                pass
        try:
            with mapped("look up the person"):
                return _face(await self._client.fetch_user(profile.user_id))
        except OutOfReach:
            return self.known(profile)


def _face(person: nextcord.Member | nextcord.User) -> Face:
    nick = person.nick if isinstance(person, nextcord.Member) else None
    # nextcord's own display_name differs: 2.6 knows nothing of global names.
    names = [name for name in (nick, person.global_name, person.name) if name]
    return Face(tuple(dict.fromkeys(names)) or (NAMELESS,), _picture(person))


def _picture(person: nextcord.Member | nextcord.User) -> str:
    """The address of their picture as they are seen there, still and of a small size."""
    return person.display_avatar.replace(size=PICTURE, static_format="png").url
