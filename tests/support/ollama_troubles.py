"""What goes wrong with the loopback Ollama."""

from __future__ import annotations

from enum import Enum, auto


class Trouble(Enum):
    """One kind at a time; of requests of any kind where nothing else is said."""

    BUSY = auto()
    """503 to chats, loads and embeddings."""
    MEMORY = auto()
    """500: the model does not fit."""
    CONTEXT = auto()
    """400 to chats: the prompt is longer than the context."""
    LOSES = auto()
    """The connection breaks before anything was answered."""
    HANGS = auto()
    """A chat, a load or a list of statuses never begins."""
    STALLS = auto()
    """It begins and then says nothing more."""
    DRIBBLES = auto()
    """A chat says a little more every 20 ms and never ends."""
    ENDLESS = auto()
    """A chat says more and more as fast as it can."""
    MISSHAPEN = auto()
    """A chat's last part is not shaped as Ollama's."""
    BREAKS = auto()
    """The connection breaks after the text, or in the middle of a list of statuses or of an upload."""
    UNFINISHED = auto()
    """A stream ends properly without its last part."""
    FAILS_LATE = auto()
    """A stream ends with an error, under status 200."""
    CUT = auto()
    """A chat ends because its tokens are used up."""
    FOREIGN_PAGE = auto()
    """Not Ollama: a web page answers."""
    FOREIGN_LIST = auto()
    """Not Ollama: JSON of another shape answers."""
    REDIRECTS = auto()
    """Everything is redirected."""
    SLOW_START = auto()
    """The next load takes until `loads_may_go` is set."""
    DISK_FULL = auto()
    """What is uploaded, pulled or created does not fit on the disk."""
    TOO_OLD = auto()
    """It is an Ollama of early 2024."""
    TOO_NEW = auto()
    """It is an Ollama that takes no adapters any more."""


TOO_OLD_VERSION = "0.1.30"
TOO_NEW_VERSION = "1.0.0"


class Refused(Exception):
    """A request that is answered with an error: its status, and Ollama's own words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text
