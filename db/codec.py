"""Times, events and effects as text, and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum
from typing import Any, get_type_hints

from db.errors import StorageError
from states import effects
from states.effects import Effect
from states.events import Event
from states.terms import Purpose, Summoner, Terms


def time_to_text(time: datetime) -> str:
    """Aware time as ISO 8601 in UTC with six decimals, always as long, so that it sorts as text."""
    if time.tzinfo is None:
        raise ValueError("A time without a zone cannot be stored.")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_from_text(text: str) -> datetime:
    """The aware UTC time that `time_to_text` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def maybe_time_to_text(time: datetime | None) -> str | None:
    """The same, where there may be none."""
    return None if time is None else time_to_text(time)


def maybe_time_from_text(text: str | None) -> datetime | None:
    """The same, where there may be none."""
    return None if text is None else time_from_text(text)


def due_to_text(due: Mapping[str, datetime]) -> str:
    """Deadlines as a JSON object."""
    return json.dumps({str(name): time_to_text(time) for name, time in due.items()}, sort_keys=True)


def due_from_text(text: str) -> dict[str, datetime]:
    """Deadlines from a JSON object."""
    return {name: time_from_text(time) for name, time in json.loads(text).items()}


def terms_to_text(terms: Terms) -> str:
    """Terms as JSON."""
    return json.dumps(
        {
            "reads": None if terms.reads is None else sorted(terms.reads),
            "speaks": None if terms.speaks is None else sorted(terms.speaks),
            "purposes": sorted(terms.purposes),
            "summoner": terms.summoner,
            "hours": terms.hours,
            "days": terms.days,
        }
    )


def terms_from_text(text: str) -> Terms:
    """Terms from what `terms_to_text` gave."""
    found = json.loads(text)
    return Terms(
        reads=None if found["reads"] is None else frozenset(found["reads"]),
        speaks=None if found["speaks"] is None else frozenset(found["speaks"]),
        purposes=frozenset(map(Purpose, found["purposes"])),
        summoner=Summoner(found["summoner"]),
        hours=None if found["hours"] is None else (found["hours"][0], found["hours"][1]),
        days=found["days"],
    )


def facts_of(event: Event) -> str:
    """An event's fields, but its time, as a JSON object. Events never hold message text.

    Nor does the journal hold the terms that somebody chose: they are sealed where they are stored.
    """
    return _pack(event, but=("at", "terms"))


def effect_to_text(effect: Effect) -> tuple[str, str]:
    """An effect as the name of its class and a JSON object of its fields."""
    return type(effect).__name__, _pack(effect)


def effect_from_text(name: str, text: str) -> Effect:
    """The effect that `effect_to_text` wrote; raises StorageError where this version knows no such effect."""
    kind = _EFFECTS.get(name)
    if kind is None:
        raise StorageError(
            f"The outbox asks for {name!r}, which this version of Echo does not know: start the version that wrote it."
        )
    stored = json.loads(text)
    hints = get_type_hints(kind)
    # What an older version wrote lacks the fields that have come since; they have defaults.
    known = (field for field in fields(kind) if field.name in stored)
    return kind(**{field.name: _revive(stored[field.name], hints[field.name]) for field in known})


_EFFECTS: dict[str, type[Effect]] = {
    name: kind
    for name, kind in vars(effects).items()
    if isinstance(kind, type) and issubclass(kind, Effect) and kind is not Effect
}


def _pack(thing: Event | Effect, but: Collection[str] = ()) -> str:
    found = {field.name: getattr(thing, field.name) for field in fields(thing) if field.name not in but}
    return json.dumps(found, default=_plain, ensure_ascii=False)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return time_to_text(value)
    if isinstance(value, Terms):
        return terms_to_text(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON.")


def _revive(value: Any, hint: Any) -> Any:
    if value is not None and hint in (datetime, datetime | None):
        return time_from_text(value)
    if hint is Terms:
        return terms_from_text(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return value
