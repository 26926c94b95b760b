"""The sessions: whose echo is in which channel, what it does, and when it does something next."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console.theme import MUTED
from console.wording import SESSION_WORDS, due_words, machine_words
from states.board import Board
from states.model import ProfileState, SessionSnapshot, SessionState

STATE_COLOURS: Final = {
    SessionState.OFFLINE: MUTED,
    SessionState.LISTENING: "$text-success",
    SessionState.COMPOSING: "$text-accent",
    SessionState.COOLING: "$text-primary",
}


class Sessions(VerticalScroll, can_focus=False):
    """Online ones first; repainted only when something changes."""

    def __init__(self) -> None:
        super().__init__(Static(id="session-lines"), id="sessions")
        self.border_title = "Sessions"
        self._shown: Content | None = None

    def show(self, board: Board, now: datetime) -> None:
        """Show the sessions as they stand."""
        content = Content("\n").join(_lines(board, now)) if board.sessions else Content()
        if self._shown is None or not self._shown.is_same(content):
            self._shown = content
            self.query_one("#session-lines", Static).update(content)
            self.display = bool(content.plain)


def _lines(board: Board, now: datetime) -> list[Content]:
    known = [
        session
        for session in board.sessions.values()
        if (profile := board.profiles.get(session.profile_id)) and profile.state is not ProfileState.FORGOTTEN
    ]
    known.sort(key=lambda one: (not one.state.is_online, one.id))
    return [_line(board, session, now) for session in known]


def _line(board: Board, session: SessionSnapshot, now: datetime) -> Content:
    who = machine_words(board, session.key)
    doing = "typing" if session.typing else SESSION_WORDS[session.state]
    due = due_words(session.due, now)
    parts: list[tuple[str, str] | str] = [
        (who, "bold" if session.state.is_online else MUTED),
        "\n",
        (doing, STATE_COLOURS[session.state]),
    ]
    if due:
        parts.append(f", {due}")
    if session.reason:
        parts.append((f"\n{session.reason}", MUTED))
    return Content.assemble(*parts)
