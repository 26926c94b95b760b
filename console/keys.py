"""The console's keys by what they do: one list for the bindings, the guidance line and the help screen.

All are function or control keys, so that none takes a letter away from somebody who is typing.
"""

from __future__ import annotations

from typing import Final

HELP: Final = "f1"
SPEAKER: Final = "f2"
CHANNEL: Final = "f3"
BUTTONS: Final = "f4"
ONLINE: Final = "f5"
OFFLINE: Final = "f6"
RETRY: Final = "f7"
PAUSE: Final = "f7"
RESUME: Final = "f7"
FORGET: Final = "f8"
PANE: Final = "f9"
CANCEL: Final = "f10"
MEASURES: Final = "ctrl+t"
PORTRAIT: Final = "f12"
ROLL_BACK: Final = "ctrl+r"
PALETTE: Final = "ctrl+p"
QUIT: Final = "ctrl+q"


def shown(key: str) -> str:
    """A key as people read it: "F2", "Ctrl+Q"."""
    return "+".join(part.capitalize() for part in key.split("+"))
