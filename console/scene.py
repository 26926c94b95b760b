"""Who can be spoken as, and where, from what the sandbox says of itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.ports import Json


@dataclass(frozen=True, slots=True)
class Person:
    """A human of the sandbox; `id` as the sandbox gives it."""

    id: str
    name: str
    is_manager: bool = False

    @property
    def shown(self) -> str:
        """The name, with what they may do."""
        return f"{self.name} (manager)" if self.is_manager else self.name


@dataclass(frozen=True, slots=True)
class Place:
    """A channel or thread of the sandbox."""

    id: str
    name: str
    parent: str | None = None

    @property
    def shown(self) -> str:
        """The name; a thread is set in under its channel."""
        return f"#{self.name}" if self.parent is None else f" └ {self.name}"


def humans(people: Iterable[Json]) -> tuple[Person, ...]:
    """The people of `Town.people()` without the bots, whom nobody can speak as."""
    return tuple(Person(str(p["id"]), str(p["name"]), bool(p.get("manager"))) for p in people if not p.get("bot"))


def places(channels: Iterable[Json]) -> tuple[Place, ...]:
    """The channels of `Town.channels()`."""
    return tuple(Place(str(c["id"]), str(c["name"]), str(c["parent"]) if c.get("parent") else None) for c in channels)


def first_speaker(people: Sequence[Person]) -> Person | None:
    """Who is spoken as at first: a manager, who may ask for echoes of others."""
    return next((one for one in people if one.is_manager), people[0] if people else None)
