"""Several echoes in one channel and a human who speaks to them, lived through by moving the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from states.board import JournalLine
from states.model import MachineKey, MachineKind, SessionState
from tests.support.running import Running, until


class Circle:
    """The echoes of friends, their profiles and sessions 1, 2, ..., and a human."""

    def __init__(self, echo: Running, friends: Sequence[str], human: str, channel: str) -> None:
        self.echo, self.friends, self.human, self.channel = echo, friends, human, channel
        self.numbers = range(1, len(friends) + 1)
        self.asked = 0
        self._counts: Counter[tuple[MachineKey, str, str]] = Counter()
        self._last: JournalLine | None = None

    async def come_online(self) -> None:
        for profile_id, friend in enumerate(self.friends, 1):
            await self.echo.agreed(friend, self.channel, "01.06.2026")
            await self.echo.ready(profile_id)
            await self.echo.command(friend, self.channel, "echo online", profile=friend)

    async def ask(self, text: str) -> list[int]:
        """Say something to all, and let them talk until they are done; how many turns each took."""
        return await self.tell(", ".join(f"{friend} (echo)" for friend in self.friends) + f": {text}")

    async def tell(self, text: str) -> list[int]:
        """Say something, and let them talk until they are done; how many turns each took."""
        before = [self.turns(number) for number in self.numbers]
        self.asked += 1
        await self.echo.people.say(self.human, self.channel, text)
        while not await self.move_on():
            continue
        return [self.turns(number) - known for number, known in zip(self.numbers, before, strict=True)]

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
        return all(s.state is SessionState.LISTENING for s in sessions) and all(map(self.has_heard_all, self.numbers))

    def has_heard_all(self, number: int) -> bool:
        said = (one for one in self.echo.people.messages(self.channel, limit=None) if one["webhook"])
        theirs = [one for one in said if one["author"] != f"{self.friends[number - 1]} (echo)"]
        return self.count(number, "MessageHeard") == self.asked + len(theirs)

    def turns(self, number: int) -> int:
        """Answers, of however many messages each."""
        return self.count(number, "PartSaid", dest="cooling")

    def count(self, number: int, event: str, dest: str | None = None) -> int:
        self._tally()
        key = MachineKey(MachineKind.SESSION, number)
        return sum(n for (of, name, to), n in self._counts.items() if (of, name) == (key, event) and dest in (None, to))

    def _tally(self) -> None:
        """Count what is new in the journal: the board keeps only its newest lines."""
        new: list[JournalLine] = []
        for line in reversed(self.echo.board.journal):
            if line is self._last:
                break
            new.append(line)
        self._last = new[0] if new else self._last
        self._counts.update((line.key, line.event, line.dest) for line in new)
