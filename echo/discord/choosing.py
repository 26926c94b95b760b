"""Which profile somebody means, by id, mention or name, or by saying nothing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from echo.discord.consent import plain
from echo.discord.faces import LABEL
from echo.errors import UsageError
from states.model import ProfileSnapshot

OFFERED: Final = 25
"""Choices: the most that Discord shows while somebody types."""
LONGEST: Final = 100
"""Characters: the most of a choice's name."""

NameOf = Callable[[ProfileSnapshot], str]


def chosen(text: str, profiles: Sequence[ProfileSnapshot], name_of: NameOf) -> ProfileSnapshot:
    """The profile that `text` names. Raises UsageError, which lists the choices, for none and for several."""
    found = _matching(text, profiles, name_of)
    if len(found) == 1:
        return found[0]
    said = plain(text)
    if found:
        raise UsageError(f"“{said}” fits several echoes: say which by its number: {listed(found, name_of)}.")
    if not profiles:
        raise UsageError("There is no echo in this server yet: /echo create asks for one.")
    raise UsageError(f"There is no echo of “{said}” in this server; there are: {listed(profiles, name_of)}.")


def implied(
    fitting: Sequence[ProfileSnapshot], asker_id: int, name_of: NameOf, none: str, option: str = "profile"
) -> ProfileSnapshot:
    """The profile that is meant where none is named: the asker's own, else the only fitting one.

    Raises UsageError: `none` where nothing fits, a list of the choices where several do.
    """
    own = [profile for profile in fitting if profile.user_id == asker_id]
    if own or len(fitting) == 1:
        return (own or list(fitting))[0]
    if not fitting:
        raise UsageError(none)
    raise UsageError(f"Say which echo is meant with the option {option}: {listed(fitting, name_of)}.")


def offered(typed: str, profiles: Iterable[ProfileSnapshot], name_of: NameOf) -> dict[str, str]:
    """What to offer while somebody types: shown name -> the profile's id."""
    wanted = _key(typed)
    found: dict[str, str] = {}
    for profile in sorted(profiles, key=lambda one: (name_of(one).casefold(), one.id)):
        name = name_of(profile)
        if wanted in name.casefold() or wanted == str(profile.id):
            label = name if name not in found else f"{name[: LONGEST - 24]} (number {profile.id})"
            found[label[:LONGEST]] = str(profile.id)
    return dict(list(found.items())[:OFFERED])


def listed(profiles: Iterable[ProfileSnapshot], name_of: NameOf) -> str:
    """Profiles as a short list of names and numbers."""
    ordered = sorted(profiles, key=lambda one: (name_of(one).casefold(), one.id))
    shown = [f"{plain(name_of(profile))} (number {profile.id})" for profile in ordered[:OFFERED]]
    return ", ".join(shown) + (" and more" if len(ordered) > OFFERED else "")


def _matching(text: str, profiles: Sequence[ProfileSnapshot], name_of: NameOf) -> list[ProfileSnapshot]:
    key = _key(text)
    number = key.removeprefix("number ").removeprefix("#")
    by_id = [p for p in profiles if number in (str(p.id), str(p.user_id))]
    if by_id:
        return by_id
    exact = [p for p in profiles if name_of(p).casefold() == key]
    if exact:
        return exact
    return [p for p in profiles if key and name_of(p).casefold().startswith(key)]


def _key(text: str) -> str:
    text = text.strip()
    if text.startswith("<@") and text.endswith(">"):
        return text[2:-1].removeprefix("!")
    return text.removeprefix("@").casefold().removesuffix(LABEL).strip()
