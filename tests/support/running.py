"""A whole Echo over the sandbox, with a clock moved by hand, for tests that live through what people live through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echo.app import Echo, Serving, open_echo
from echo.config import load
from echo.corpus.written import Written
from echo.engines.embedded import EmbeddedEngine
from echo.sandbox.people import People
from states.board import Board
from states.model import ProfileSnapshot, ProfileState, SessionSnapshot, SessionState
from tests.support.clock import HandClock

PATIENCE = 60.0
"""Seconds after which a fact that does not come true fails the test."""


async def until(board: Board, fact: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Wait until `fact()` is true of the board, for so many seconds at most; its value."""
    changed = asyncio.Event()
    unwatch = board.watch(changed.set)
    try:
        async with asyncio.timeout(patience):
            while not (found := fact()):
                changed.clear()
                await changed.wait()
            return found
    finally:
        unwatch()


@dataclass
class Running:
    """A running Echo and the people around it."""

    echo: Echo
    people: People
    clock: HandClock

    @property
    def board(self) -> Board:
        """What stands where."""
        return self.echo.board

    async def command(self, author: str, channel: str, command: str, **options: object) -> str:
        """Run a command; all that was answered, as text."""
        answered = await self.people.command(author, channel, command, options)
        return "\n".join(response["content"] for response in answered["responses"])

    async def press(self, author: str, message: dict[str, Any], label: str) -> str:
        """Press the button of this label; what was answered."""
        button = next(one for one in message["components"] if one["label"] == label)
        answered = await self.people.press(author, message["message_id"], button["custom_id"])
        return "\n".join(response["content"] for response in answered["responses"])

    async def asked(self, subject: str, channel: str, before: str, asker: str | None = None) -> dict[str, Any]:
        """Ask for an echo, as whoever manages the server unless said otherwise; the question."""
        options = {"user": subject, "before": before}
        asked = await self.people.command(asker or self.manager, channel, "echo create", options)
        question: dict[str, Any] = asked["responses"][0]
        return question

    async def agree(self, subject: str, question: dict[str, Any], *, trains: bool = False) -> str:
        """Have the subject agree to what they alone are shown; what was answered. `trains`: also to training."""
        shown = (await self.people.press(subject, question["message_id"], "I agree"))["responses"][0]
        if trains:
            menu = next(one["custom_id"] for one in shown["components"] if ":purposes:" in one["custom_id"])
            chosen = await self.people.press(subject, shown["message_id"], menu, ["examples", "fine_tuning"])
            shown = chosen["responses"][0]
        return await self.press(subject, shown, "I agree to this")

    async def agreed(
        self, subject: str, channel: str, before: str, asker: str | None = None, *, trains: bool = False
    ) -> ProfileSnapshot:
        """Ask for an echo and have its subject and a manager agree; the profile as it is then."""
        question = await self.asked(subject, channel, before, asker)
        await self.agree(subject, question, trains=trains)
        await self.allow(channel, question)
        return next(p for p in self.board.profiles.values() if p.state is not ProfileState.AWAITING_CONSENT)

    async def allow(self, channel: str, question: dict[str, Any]) -> None:
        """Have somebody who manages the server put in the other key, where it is still out."""
        profile = next(p for p in self.board.profiles.values() if str(p.consent_message_id) == question["message_id"])
        if not profile.approved:
            await until(self.board, lambda: self._is_offered(channel, question))
            await self.people.press(self.manager, question["message_id"], "Allow it in this server")

    @property
    def manager(self) -> str:
        """Somebody who manages the server."""
        return next(str(one["name"]) for one in self.people.people() if one["manager"])

    def _is_offered(self, channel: str, question: dict[str, Any]) -> bool:
        """Whether the message that asked lets a manager allow it."""
        standing = next(one for one in self.people.messages(channel) if str(one["id"]) == question["message_id"])
        return any(one["label"] == "Allow it in this server" for one in standing["components"])

    async def ready(self, profile_id: int = 1, patience: float = PATIENCE) -> ProfileSnapshot:
        """Wait until a profile can speak, for so many seconds at most."""
        await until(self.board, lambda: self.board.profiles[profile_id].state is ProfileState.READY, patience)
        return self.board.profiles[profile_id]

    def session(self, session_id: int = 1) -> SessionSnapshot:
        """A session as it stands."""
        return self.board.sessions[session_id]

    async def tell(self, author: str, channel: str, text: str, session_id: int = 1) -> None:
        """Say something where an echo is online, and wait until it has answered or let it be."""
        before = self.session(session_id).version
        await self.people.say(author, channel, text)
        await until(self.board, lambda: self.session(session_id).version != before)
        await self.let_it_speak(session_id)

    async def let_it_speak(self, session_id: int = 1) -> None:
        """Move the clock from deadline to deadline until the session has nothing on its mind."""

        def rests() -> bool:
            here = self.session(session_id)
            return here.state in (SessionState.LISTENING, SessionState.OFFLINE) or bool(here.due)

        while True:
            await until(self.board, rests)
            here = self.session(session_id)
            if not here.due:
                return
            due = min(here.due.values())
            self.clock.move(max(0.0, (due - self.clock()).total_seconds()))
            await self._moved_on(session_id, here.version)

    async def _moved_on(self, session_id: int, version: int) -> None:
        await until(self.board, lambda: self.session(session_id).version != version)

    def said(self, channel: str) -> list[dict[str, Any]]:
        """What webhooks said in a channel, oldest first."""
        return [message for message in self.people.messages(channel) if message["webhook"]]


@asynccontextmanager
async def running(
    home: Path,
    written: Iterable[Written] | Path | None = None,
    *,
    clock: HandClock | None = None,
    **settings: object,
) -> AsyncIterator[Running]:
    """A whole Echo in `home`, its sandbox filled with `written` (an export's path; None: the invented people).
    `speaks`, which is no setting, is its engine where it is not the one that the settings name.

    Models are tested before they speak only where `scorecard_moments` is given: that takes its time.

    Leaves with an assertion that nothing broke unseen.
    """
    source = written if isinstance(written, Path) else written and export(home / "export.jsonl", list(written))
    speaks = settings.pop("speaks", None)
    assert speaks is None or isinstance(speaks, EmbeddedEngine)
    environ = {"ECHO_DATA_DIR": str(home), "ECHO_GUILD_READY_TIMEOUT": "0.05", "ECHO_SCORECARD_MOMENTS": "0"}
    environ |= {f"ECHO_{key.upper()}": str(value) for key, value in settings.items()}
    loaded = load(environ=environ, cwd=home)
    clock = clock or HandClock()
    async with open_echo(
        loaded, Serving(sandbox=True, source=source or None, rate_limits=False), clock, speaks
    ) as echo:
        assert echo.sandbox is not None
        yield Running(echo, echo.sandbox.people, clock)
        assert echo.board.faults == ()


def export(path: Path, written: Sequence[Written]) -> Path:
    """Write messages as neutral JSON lines."""
    rows = ({"author": w.author, "channel": w.channel, "ts": w.ts, "text": w.text} for w in written)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
