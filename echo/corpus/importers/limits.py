"""How much of a stranger's file is read before it is refused, and the sentence in which it is."""

from __future__ import annotations

from dataclasses import dataclass

from echo.errors import ImportRefused

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that are held while reading, whatever a file's headers say. Sizes are in bytes, after unpacking.

    The defaults let the largest real exports through: a million messages are some 300 MB of JSON, and chat logs pack
    to about a tenth of their size.
    """

    line: int = MEGABYTE
    """One line, or one message of a JSON array."""
    document: int = 8 * MEGABYTE
    """One small JSON file that is read whole, such as `account/user.json`."""
    total: int = 4_000 * MEGABYTE
    """Everything that is read of one export."""
    messages: int = 5_000_000
    """How many messages."""
    members: int = 100_000
    """How many files a folder or an archive holds, and how many channels an export."""
    directory: int = 32 * MEGABYTE
    """The list of an archive's members, which has to be held in memory; 100,000 of them take some 10 MB."""
    ratio: int = 100
    """How many times larger than its packed size something may become."""
    ratio_floor: int = 10 * MEGABYTE
    """Up to this size the ratio is not looked at: short files of much repetition pack very well."""


DEFAULT = Limits()


def refused(where: str, what: str, remedy: str) -> ImportRefused:
    """The error that says in one sentence where (a file and its line or member), what is wrong and what to do.

    What can't be shown is left out: names of files come from strangers, and control signs would steer a terminal.
    """
    sentence = f"{where}: {what}; {remedy}."
    return ImportRefused("".join(sign if sign.isprintable() else "?" for sign in sentence))
