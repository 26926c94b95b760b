"""Learning somebody from an export, and talking to their echo on a terminal."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from echo.corpus.conversations import bursts_of
from echo.corpus.importers import read_all
from echo.corpus.written import Written
from echo.discord.dates import parse_before
from echo.errors import TooFewMessages, UsageError
from echo.persona.turns import CONTEXT_LENGTH, Burst, Utterance
from echo.rehearsed import Rehearsed
from schedules.clock import SystemClock

FEWEST = 50
"""Messages: fewer say too little about how somebody writes. The setting `min_messages` has the same default."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What would steer the terminal; people may have written it, and an echo may have learnt it."""
YOU = "you"
"""The name of whoever sits at the terminal."""


def run(source: Path, author: str | None, before: str | None, zone: str, seed: int, echo: Rehearsed) -> int:
    """Learns and chats. Raises EchoError, with the remedy, where something about the file, name or date is wrong."""
    clock = SystemClock()
    bursts = learnable(source, author, cutoff(before, zone, clock()))
    assert author is not None
    echo.fit(bursts, author, seed)
    sys.stderr.write(f"Learnt from {sum(len(b.texts) for b in bursts)} messages. An empty line ends the talk.\n")
    return chat_from(echo, author, sys.stdin, sys.stdout, clock)


def cutoff(before: str | None, zone: str, now: datetime) -> float:
    """The start of the day in seconds since the epoch; now where none is given. Raises BadDate or UsageError."""
    if before is None:
        return now.timestamp()
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise UsageError(f"There is no time zone \u201c{zone}\u201d: give one such as Europe/Berlin.") from problem
    return parse_before(before, place, now).timestamp()


def learnable(source: Path, author: str | None, before: float) -> list[Burst]:
    """The author's turns before a time in an export. Raises UsageError for an unknown author, TooFewMessages."""
    rows = read_all(source)
    if author is None or not any(row.author == author for row in rows):
        raise UsageError(_who(rows, author))
    bursts = bursts_of(rows, author, before=before)
    count = sum(len(b.texts) for b in bursts)
    if count < FEWEST:
        raise TooFewMessages(
            f"There are {count} messages of {author} before that day and {FEWEST} are needed, {FEWEST - count} more: "
            "choose a later day or a larger export."
        )
    return bursts


def _who(rows: Sequence[Written], author: str | None) -> str:
    most = ", ".join(name for name, _ in Counter(row.author for row in rows).most_common(5))
    wrong = f"Nobody in the export is called {author}" if author else "Somebody has to be echoed"
    return f"{wrong}: give --author, for example one of {most}."


def chat_from(echo: Rehearsed, author: str, stdin: TextIO, stdout: TextIO, clock: Callable[[], datetime]) -> int:
    """Answers each line until the input ends or a line is empty."""
    said: list[Utterance] = []
    _prompt(stdout)
    for line in stdin:
        text = line.strip()
        if not text:
            break
        now = clock().timestamp()
        said.append(Utterance(YOU, now, text, False))
        answer = echo.reply(said[-CONTEXT_LENGTH:])
        for part in answer:
            stdout.write(f"{author} (echo): {_CONTROL.sub('', part)}\n")
            said.append(Utterance(author, now, part, True))
        if not answer:
            stdout.write(f"({author} has nothing to say to this)\n")
        _prompt(stdout)
    stdout.write("\n")
    return 0


def _prompt(stdout: TextIO) -> None:
    stdout.write(f"{YOU}: ")
    stdout.flush()
