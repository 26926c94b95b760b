"""A server whose echoes are silenced, until somebody who manages it, or the operator, resumes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

CONDITION: Final = "halt "
"""What the board's condition is called; the server's id follows."""
HALTED: Final = "Everything in this server was silenced by its managers, or by whoever runs this bot."
"""Why a session went offline."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Since when (aware UTC), and who asked for it (0: the operator)."""

    at: datetime
    by: int
