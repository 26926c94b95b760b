"""`echo-bot score`: how like somebody of an export an echo of them is. Nothing is stored, and no network is used."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import difflib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from echo.corpus.cleaning import Kind, clean_text
from echo.corpus.conversations import bursts_of
from echo.corpus.importers import read_all
from echo.corpus.pseudonyms import People
from echo.corpus.written import Written
from echo.engines.embedded import EmbeddedEngine
from echo.errors import TooFewMessages, UsageError
from echo.persona.judging.text import EXPLAINED, table
from echo.persona.turns import Burst
from echo.ports import Examined
from echo.rehearse_chat import cutoff
from echo.scoring import barred
from echo.settings import Loaded, Settings
from schedules.clock import Clock, SystemClock
from states.scores import share

SEED: Final = 1
NAMED: Final = 5
"""Names that are offered where one is not found."""


def run(options: argparse.Namespace, loaded: Loaded, say: Callable[[str], None], clock: Clock | None = None) -> int:
    """Test and print; the exit code. Raises EchoError: ImportRefused, BadDate, UsageError, TooFewMessages."""
    settings = loaded.settings
    if not settings.scorecard_moments:
        raise UsageError("The setting scorecard_moments is 0, which means no test: set it to 150 for example.")
    before = cutoff(options.before, settings.timezone, (clock or SystemClock())())
    bursts = _turns(read_all(options.file), options.author, before, settings, is_cut=options.before is not None)
    examined = asyncio.run(_examined(options.author, bursts, settings))
    reason = barred(examined, settings.scorecard_gate)
    say(_json(examined, reason) if options.json else _told(examined, reason, sum(len(b.texts) for b in bursts)))
    return 0


def _turns(rows: Sequence[Written], author: str, before: float, settings: Settings, *, is_cut: bool) -> list[Burst]:
    """The author's newest turns before a time, cleaned as they would be for an echo. `is_cut`: a day was asked for."""
    if not any(row.author == author for row in rows):
        raise UsageError(f"Nobody in the file is called “{author}”: give --author, for example {_near(rows, author)}.")
    people = People(0, author, "score")
    cleaned = [again for row in rows if row.ts < before and (again := _cleaned(row, people)) is not None]
    bursts = bursts_of(cleaned, author)
    count = sum(len(burst.texts) for burst in bursts)
    if count < settings.min_messages:
        raise TooFewMessages(
            f"{'There is 1 message' if count == 1 else f'There are {count} messages'} of {author}"
            f"{' before that day' if is_cut else ''} and {settings.min_messages} are needed, "
            f"{settings.min_messages - count} more: choose {'a later day or ' if is_cut else ''}a larger export."
        )
    newest: list[Burst] = []
    left = settings.max_messages_per_analysis
    for burst in reversed(bursts):
        left -= len(burst.texts)
        if left < 0 and newest:
            break
        newest.append(burst)
    return newest[::-1]


def _cleaned(row: Written, people: People) -> Written | None:
    found = clean_text(row.text, people, dict(row.mentions))
    return row._replace(text=found.text) if found.kind is Kind.WORDS else None


def _near(rows: Sequence[Written], author: str) -> str:
    counts = Counter(row.author for row in rows)
    by_fold = {name.lower(): name for name in counts}
    near = [by_fold[low] for low in difflib.get_close_matches(author.lower(), list(by_fold), n=3, cutoff=0.6)]
    return " or ".join(dict.fromkeys(near)) or " or ".join(name for name, _ in counts.most_common(NAMED))


async def _examined(author: str, bursts: Sequence[Burst], settings: Settings) -> Examined:
    return await EmbeddedEngine().examine(
        author,
        bursts,
        [],
        SEED,
        settings.scorecard_moments,
        lambda share: None,
        float(settings.model_training_timeout),
    )


def _told(examined: Examined, reason: str | None, messages: int) -> str:
    parts = [examined.sentence]
    if examined.axes:
        asked = (
            f"Tested in {examined.moments} held-out moments, after learning the earlier part of {messages:,} messages"
        )
        parts += ["", table(examined.axes), "", EXPLAINED, f"{asked}, in {examined.seconds:.1f} seconds."]
    if reason is not None:
        parts.append(f"Such an echo would not become ready. {reason}")
    return "\n".join(parts)


def _json(examined: Examined, reason: str | None) -> str:
    axes = [dataclasses.asdict(axis) | {"label": axis.label, "share": round(share(axis), 4)} for axis in examined.axes]
    told = {
        "axes": axes,
        "weakest": examined.weakest,
        "sentence": examined.sentence,
        "moments": examined.moments,
        "seconds": examined.seconds,
        "passed": reason is None,
        "reason": reason,
    }
    return json.dumps(told, indent=2)
