"""What a setting's value may look like. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_SEPARATORS: Final = re.compile(r"[\s,;]+")
HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}", re.IGNORECASE)
"""The name of a host."""


def listed(value: str) -> list[str]:
    """What is separated by commas, semicolons or white space."""
    return [one for one in _SEPARATORS.split(value) if one]


def is_address(value: str) -> bool:
    """Whether it is the address of a server, without a password."""
    try:
        parts = urlsplit(value)
        # A password in it would be told wherever the address is; the ollama package drops it besides.
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        return False


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name most like `name`, or None if none is like it; `cutoff` is difflib's ratio, 0 to 1."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return found[0] if found else None
