"""The real person comes first: whoever is echoed and writes somewhere, or begins to, silences their echo there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from echo.discord.client import EchoClient
from echo.ports import Post
from states.board import Board
from states.events import SubjectSeen


class Presence:
    """Watches who writes and types where echoes are online."""

    def __init__(self, client: EchoClient, board: Board, post: Post, clock: Callable[[], datetime]) -> None:
        self._board = board
        self._post = post
        self._clock = clock
        # As witnesses they come before the hearing: an echo knows that its person is there before it may answer them.
        client.witness("MESSAGE_CREATE", self._written)
        client.witness("TYPING_START", self._typed)

    def _written(self, raw: Mapping[str, Any]) -> None:
        if raw.get("webhook_id") is None and raw.get("guild_id") is not None:
            self._see(int(raw["channel_id"]), int(raw["author"]["id"]))

    def _typed(self, data: Mapping[str, Any]) -> None:
        if data.get("guild_id") is not None:
            self._see(int(data["channel_id"]), int(data["user_id"]))

    def _see(self, channel_id: int, user_id: int) -> None:
        for session in self._board.sessions.values():
            profile = self._board.profiles.get(session.profile_id)
            here = session.state.is_online and session.channel_id == channel_id
            if here and profile is not None and profile.user_id == user_id:
                self._post(session.key, SubjectSeen(self._clock()))
