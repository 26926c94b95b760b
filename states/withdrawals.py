"""What was heard and counts as never heard."""

from __future__ import annotations

from dataclasses import dataclass

from states.events import Event


@dataclass(frozen=True, slots=True)
class WordsWithdrawn(Event):
    """Somebody chose to be invisible to echoes: these messages in the channel were never said."""

    message_ids: tuple[int, ...]
