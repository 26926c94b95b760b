"""From the rows of a corpus to what an engine learns from."""

from __future__ import annotations

from collections.abc import Iterable

from db.corpus import StoredMessage
from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.persona.turns import Burst


def learnable(rows: Iterable[StoredMessage], subject: str) -> list[Burst]:
    """The subject's turns, oldest first, each with the conversation before it. `subject` is their shown name."""
    return bursts_of((_written(row, subject) for row in rows), subject)


def _written(row: StoredMessage, subject: str) -> Written:
    # Who is the subject is a matter of ids; somebody else of the same name must not become them.
    namesake = f"{row.author}_" if row.author == subject else row.author
    return Written(subject if row.own else namesake, str(row.channel_id), row.ts, row.text, key=str(row.message_id))
