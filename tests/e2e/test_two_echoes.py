"""Two echoes in one channel answer each other for some turns, and then wait for a human."""

from __future__ import annotations

from pathlib import Path

from states.model import MachineKey, MachineKind, SessionState
from tests.support.ollama import Chat, ollama_at_loopback
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

CHANNEL, FRIENDS, HUMAN = "garden", ("Mara", "Petr"), "Ines"
MOST = 4
"""Turns of bots in a row."""


class Pair:
    """The echoes of two friends, their sessions 1 and 2, and a human who speaks to both."""

    def __init__(self, echo: Running) -> None:
        self.echo = echo
        self.asked = 0

    async def come_online(self) -> None:
        for profile_id, friend in enumerate(FRIENDS, 1):
            await self.echo.agreed(friend, CHANNEL, "01.06.2026")
            await self.echo.ready(profile_id)
            await self.echo.command(friend, CHANNEL, "echo online", profile=friend)

    async def ask(self, text: str) -> list[int]:
        """Say something to both, and let them talk until they are done; how many turns each took."""
        before = [self.turns(1), self.turns(2)]
        self.asked += 1
        await self.echo.people.say(HUMAN, CHANNEL, f"Mara (echo), Petr (echo): {text}")
        while not await self.move_on():
            continue
        return [self.turns(1) - before[0], self.turns(2) - before[1]]

    async def move_on(self) -> bool:
        """Move the clock to the next deadline; whether there is none, and each has heard everything."""
        board, clock = self.echo.board, self.echo.clock
        await until(board, lambda: self.is_done() or self.waits_for_the_clock())
        if self.is_done():
            return True
        due = min(at for session in board.sessions.values() for at in session.due.values())
        clock.move(max(0.0, (due - clock()).total_seconds()))
        await until(board, lambda: all(at > clock() for s in board.sessions.values() for at in s.due.values()))
        return False

    def waits_for_the_clock(self) -> bool:
        sessions = self.echo.board.sessions.values()
        return any(s.due for s in sessions) and all(s.due or s.state is SessionState.LISTENING for s in sessions)

    def is_done(self) -> bool:
        sessions = self.echo.board.sessions.values()
        return all(s.state is SessionState.LISTENING for s in sessions) and all(map(self.has_heard_all, (1, 2)))

    def has_heard_all(self, session_id: int) -> bool:
        theirs = [m for m in self.echo.said(CHANNEL) if m["author"] != f"{FRIENDS[session_id - 1]} (echo)"]
        return self.count(session_id, "MessageHeard") == self.asked + len(theirs)

    def turns(self, session_id: int) -> int:
        """Answers, of however many messages each."""
        return self.count(session_id, "PartSaid", dest="cooling")

    def count(self, session_id: int, event: str, dest: str | None = None) -> int:
        key = MachineKey(MachineKind.SESSION, session_id)
        lines = [line for line in self.echo.board.journal if line.key == key and line.event == event]
        return sum(1 for line in lines if dest in (None, line.dest))


def calling_both(chat: Chat) -> str:
    """What calls whichever echo hears it."""
    thing = ("boat", "goose", "bread", "rain", "path", "pond", "seed", "gate")[chat["options"]["seed"] % 8]
    return f"Mara, what about the {thing} then, Petr"


async def test_two_echoes_come_to_an_end_by_themselves_and_answer_the_next_human(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback(writes=calling_both) as ollama,
        running(tmp_path, gardeners(), max_bot_turns=MOST, engine="ollama", ollama_host=ollama.address) as echo,
    ):
        pair = Pair(echo)
        await pair.come_online()
        for text in ("what about the goose?", "and the boat?", "how was the bread?"):
            first, second = await pair.ask(text)
            assert first <= MOST and second <= MOST
            assert first + second > 2, "they talk to each other too"
