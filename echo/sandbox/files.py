"""Files that come with messages and commands. The sandbox keeps them in memory and serves them at its own address."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import Final

LARGEST_FILE: Final = 10 * 1024 * 1024
"""Bytes: what a person without a subscription may upload to an ordinary server."""
WAVEFORM: Final = "AAECAwQFBgcICQoLDA0ODw=="
"""What a voice message's loudness looks like, where nobody says it: base64 of one byte for each step."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody sends it. `seconds` is how long a recording is; width and height are in pixels."""

    filename: str
    content: bytes
    content_type: str | None = None
    description: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None

    @property
    def kind(self) -> str | None:
        """Its content type, guessed by the name's ending where nobody says it."""
        return self.content_type or mimetypes.guess_type(self.filename)[0]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the sandbox keeps. `ephemeral` ones came with a command and belong to no message."""

    id: int
    channel_id: int
    upload: Upload
    ephemeral: bool = False

    @property
    def path(self) -> str:
        """Where it is served, without the sandbox's address."""
        folder = "ephemeral-attachments" if self.ephemeral else "attachments"
        return f"/{folder}/{self.channel_id}/{self.id}/{self.upload.filename}"


def safe_name(filename: str) -> str:
    """A file's name as Discord keeps it: without a path, and with nothing that an address would take for more."""
    name = filename.replace("\\", "/").rpartition("/")[2].strip()
    return "".join(one if one.isalnum() or one in "._-" else "_" for one in name)[:200] or "unknown"
