"""Phrases that lie beside the code, so that who knows a language can add to them without knowing Python.

A line `NAME = ...` before the first section names a part, which stands for {NAME} in the lines after it; `[...]` begins
a section; a line that begins with `;` is a remark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_FOLDER = files(__package__).joinpath("phrases")


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """The parts by name, and each section's lines, with the known parts put in."""

    parts: Mapping[str, str]
    sections: Mapping[str, tuple[str, ...]]

    @property
    def lines(self) -> tuple[str, ...]:
        """Those of all sections."""
        return tuple(line for lines in self.sections.values() for line in lines)


def read(name: str) -> Phrasebook:
    """The phrases of that name. Raises OSError where the installation lacks them."""
    parts: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    here: list[str] | None = None
    for line in _FOLDER.joinpath(f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(";"):
            continue
        if line.startswith("[") and line.endswith("]") and " = " not in line:
            here = sections.setdefault(line[1:-1], [])
        elif here is None:
            part, _, text = line.partition(" = ")
            parts[part] = _filled(text, parts)
        else:
            here.append(_filled(line, parts))
    return Phrasebook(parts, {title: tuple(lines) for title, lines in sections.items()})


def _filled(text: str, parts: Mapping[str, str]) -> str:
    for part, stands_for in parts.items():
        text = text.replace(f"{{{part}}}", stands_for)
    return text
