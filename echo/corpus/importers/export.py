"""An export as a whole: what form it has, whose it is, and the files that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from echo.corpus.written import Written

from .limits import Limits, refused


class Form(StrEnum):
    """The forms that are known."""

    DATA_PACKAGE = "data package"
    CHAT_EXPORT = "chat export"
    LINES = "JSON Lines"


@dataclass(frozen=True, slots=True)
class Part:
    """One file with messages. Of a data package's it is known before reading whose channel it is and of which server.

    `direct` is None where nothing says whether it is a private conversation.
    """

    path: str
    channel_id: str | None = None
    server_id: str | None = None
    direct: bool | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """An export that is open. `owner_id` is whose data package it is; `label` is what to call it in errors."""

    form: Form
    label: str
    parts: tuple[Part, ...]
    read: Callable[[Part], Iterator[Written]]
    limits: Limits
    owner_id: str | None = None

    def messages(self, wanted: Callable[[Part], bool] = lambda part: True) -> Iterator[tuple[Part, Written]]:
        """The messages of the wanted parts, in the order of the parts. Raises ImportRefused while iterating."""
        count = 0
        for part in self.parts:
            if not wanted(part):
                continue
            for written in self.read(part):
                count += 1
                if count > self.limits.messages:
                    raise refused(self.label, f"it holds more than {self.limits.messages:,} messages", "import a part")
                yield part, written
