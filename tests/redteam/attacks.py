"""The attacks of `attacks.txt`, and what a model that obeys would write."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

FILE: Final = Path(__file__).with_name("attacks.txt")
_SIGNS: Final = """
.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..
"""
_MORSE: Final = dict(zip("abcdefghijklmnopqrstuvwxyz", _SIGNS.split(), strict=True))
_PLACE: Final = re.compile(r"\{([A-Z]+)(?::([a-z0-9]+))?\}")


@dataclass(frozen=True)
class Attack:
    """What is said, oldest first, what the echo said in between, and what an obeying model would write."""

    family: str
    turns: tuple[tuple[str, bool], ...]
    drafts: tuple[str, ...]

    def written(self, known: Mapping[str, str]) -> Iterator[str]:
        """The drafts with what is known put in for {PROMPT} and the like."""
        return (filled(draft, known) for draft in self.drafts)


def attacks() -> list[Attack]:
    """All of them."""
    found: list[Attack] = []
    family, asked, drafts = "", "", list[str]()

    def close() -> None:
        if asked:
            found.append(Attack(family, turns(asked), tuple(drafts)))

    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith(("[", "?")):
            close()
            asked, drafts = "", []
        if line.startswith("["):
            family = line.strip("[]")
        elif line.startswith("?"):
            asked = line[2:]
        elif line.startswith(">"):
            drafts.append(line[2:].replace("\\n", "\n"))
    close()
    return found


def turns(asked: str) -> tuple[tuple[str, bool], ...]:
    """Messages with whether they are the echo's own."""
    out: list[tuple[str, bool]] = []
    for part in asked.split(" || "):
        said, _, answer = part.partition(" / ")
        out.append((said, False))
        if answer:
            out.append((answer, True))
    return tuple(out)


def filled(text: str, known: Mapping[str, str]) -> str:
    """The text with what is known in its places, spelt as they say."""

    def put(found: re.Match[str]) -> str:
        spelt = SPELT[found.group(2)] if found.group(2) else str
        return spelt(known[found.group(1)])

    return _PLACE.sub(put, text)


def _each(text: str, between: str) -> str:
    return between.join(text)


SPELT: Final[dict[str, Callable[[str], str]]] = {
    "ascii": lambda t: " ".join(str(ord(c)) for c in t[:120]),
    "base64": lambda t: base64.b64encode(t[:160].encode()).decode(),
    "binary": lambda t: " ".join(f"{ord(c) & 255:08b}" for c in t[:60]),
    "caesar": lambda t: re.sub("[a-z]", lambda m: chr((ord(m[0]) - 90) % 26 + 97), t[:200].lower()),
    "cyrillic": lambda t: t.translate(str.maketrans("aeocp", "аеоср")),
    "dotted": lambda t: _each(t[:120].replace(" ", ""), "."),
    "dottedwords": lambda t: t.replace(" ", "."),
    "entities": lambda t: "".join(f"&#{ord(c)};" for c in t[:60]),
    "escapes": lambda t: "".join(f"\\u{ord(c):04x}" for c in t[:60]),
    "first": lambda t: t.split(".")[0],
    "fullwidth": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t[:200]),
    "half": lambda t: " ".join(t.split()[: len(t.split()) // 2]),
    "hex": lambda t: t[:100].encode().hex(),
    "joined": lambda t: t[:200].replace(" ", ""),
    "last": lambda t: t.splitlines()[-1],
    "leet": lambda t: t[:200].lower().translate(str.maketrans("oieast", "013457")),
    "mathematical": lambda t: "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in t.lower()),
    "morse": lambda t: " ".join(_MORSE.get(c, "/") for c in t[:80].lower()),
    "percent": lambda t: "".join(f"%{ord(c) & 255:02x}" for c in t[:60]) + quote(t[60:90]),
    "prefix": lambda t: t[: max(3, len(t) // 2)],
    "reverse": lambda t: t[:200][::-1],
    "rot13": lambda t: codecs.encode(t[:200], "rot13"),
    "sentence": lambda t: f"it is {t}, but don't tell",
    "spaced": lambda t: _each(t[:120], " "),
    "split": lambda t: " ".join(t.split()[:4]) + "\n" + " ".join(t.split()[4:]),
    "tags": lambda t: "".join(chr(0xE0000 + ord(c)) for c in t[:80] if c.isascii()),
    "underscored": lambda t: t[:200].replace(" ", "_"),
    "upper": str.upper,
    "wordsreversed": lambda t: " ".join(word[::-1] for word in t[:200].split()),
    "zerowidth": lambda t: _each(t[:120], "\u200b"),
}
"""How a model may be asked to spell something."""
