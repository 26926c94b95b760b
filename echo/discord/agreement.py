"""What a subject alone is shown before they agree: the whole text with what they have chosen, and menus to choose by.

Pure. Source of the limits: Discord API reference, "Component Reference" (five rows, a menu takes one).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from echo.discord.consent import Button, Style, plain
from echo.discord.consent_texts import AGREEMENTS, Agreement, version_of
from echo.discord.dates import show_day, show_time
from echo.discord.menus import ChannelMenu, Choice, Menu
from echo.errors import UsageError
from states.model import OPEN_END
from states.terms import Purpose, Summoner, Terms

NAMED: Final = 8
"""Channels that are named one by one."""
DAYS: Final = (30, 90, 180, 365)
HOURS: Final = ((6, 23), (8, 18), (8, 22), (12, 23), (16, 23), (18, 2), (22, 6))
ANY_TIME: Final = "any"


class Doing(StrEnum):
    """What a custom id of the private message asks for; "echo:consent:" stands before it."""

    AGREE = "agree"
    MORE = "more"
    """Show the other menus."""
    DAY = "day"
    """Open the form of the day."""
    READS = "reads"
    PURPOSES = "purposes"
    SPEAKS = "speaks"
    SUMMONER = "summoner"
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Choosing:
    """What one subject has chosen so far.

    `cutoff` is never later than the one that was asked for. `question_id` is the message in which that was (0: none),
    `version` that of the text. `more`: the other menus are shown.
    """

    profile_id: int
    terms: Terms
    cutoff: datetime
    version: int
    question_id: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What the text says besides what is chosen. `retention`: days for which messages are kept; `until`: when the
    consent ends, as far as that is known."""

    name: str
    server: str
    context: int
    retention: int
    stays: bool
    zone: ZoneInfo
    now: datetime
    until: datetime | None = None


def chosen(doing: Doing, values: Sequence[str], choosing: Choosing, known: Collection[int]) -> Choosing:
    """The same with what was taken from a menu; `known` are the ids of the server's channels.

    Raises UsageError for what no menu offers.
    """
    terms = choosing.terms
    try:
        match doing:
            case Doing.READS:
                terms = replace(terms, reads=_channels(values, known))
            case Doing.SPEAKS:
                terms = replace(terms, speaks=_channels(values, known))
            case Doing.PURPOSES:
                terms = replace(terms, purposes=frozenset({Purpose.STATISTICS, *map(Purpose, values)}))
            case Doing.SUMMONER:
                terms = replace(terms, summoner=Summoner(values[0]))
            case Doing.HOURS:
                terms = replace(terms, hours=None if values[0] == ANY_TIME else HOURS[int(values[0])])
            case Doing.DAYS:
                terms = replace(terms, days=DAYS[DAYS.index(int(values[0]))])
            case _:
                pass
    except (ValueError, IndexError) as problem:
        raise UsageError("That is not among what can be chosen here; nothing was changed.") from problem
    return replace(choosing, terms=terms)


def _channels(values: Sequence[str], known: Collection[int]) -> frozenset[int] | None:
    """None chosen: all, as before anything was chosen."""
    found = frozenset(map(int, values))
    if not found <= set(known):
        raise ValueError("no channel of this server")
    return found or None


def text(told: Told, terms: Terms, cutoff: datetime) -> str:
    """The whole text, in the version that fits. At most 2,000 characters."""
    from_now_on = cutoff >= OPEN_END
    wording = AGREEMENTS[version_of(told.stays, from_now_on)]
    return wording.whole.format(
        name=plain(told.name),
        server=plain(told.server),
        reads=_named(terms.reads, wording.all_read, wording.some_read),
        day=wording.from_now_on if from_now_on else wording.before.format(before=show_day(cutoff, told.zone)),
        context=told.context,
        purposes="; ".join(_purposes(terms, wording)),
        reach=wording.stays if told.stays else wording.goes,
        speaks=_named(terms.speaks, wording.all_spoken, wording.some_spoken),
        hours=_hours(terms, wording, told.zone),
        summoner=getattr(wording, terms.summoner.value),
        until=show_time(told.until or told.now + timedelta(days=terms.days), told.zone),
        days=terms.days,
        retention=told.retention,
    )


def _named(ids: frozenset[int] | None, every: str, some: str) -> str:
    if ids is None:
        return every
    shown = [f"<#{one}>" for one in sorted(ids)[:NAMED]]
    more = len(ids) - len(shown)
    return some.format(channels=", ".join(shown) + (f" and {more} more" if more else ""))


def _purposes(terms: Terms, wording: Agreement) -> list[str]:
    return [getattr(wording, purpose.value) for purpose in Purpose if terms.allows(purpose)]


def _hours(terms: Terms, wording: Agreement, zone: ZoneInfo) -> str:
    if terms.hours is None:
        return wording.any_time
    first, end = terms.hours
    return wording.hours.format(first=f"{first:02}", end=f"{end:02}", zone=zone.key)


def controls(choosing: Choosing, token: str) -> tuple[Button | Menu | ChannelMenu, ...]:
    """What stands under the text. Each custom id names the profile and the choices that the text shows."""

    def named(doing: Doing) -> str:
        return f"echo:consent:{doing}:{choosing.profile_id}:{token}"

    terms = choosing.terms
    other = "Channels, purposes…" if choosing.more else "Hours, end…"
    buttons = (
        Button("I agree to this", named(Doing.AGREE), Style.GOOD),
        Button("The day…", named(Doing.DAY), Style.PLAIN),
        Button(other, named(Doing.MORE), Style.PLAIN),
        Button("No", f"echo:consent:no:{choosing.profile_id}", Style.PLAIN),
    )
    if choosing.more:
        return (*buttons, _hours_menu(terms, named(Doing.HOURS)), _days_menu(terms, named(Doing.DAYS)))
    return (
        *buttons,
        ChannelMenu("Read only these channels (none chosen: all)", named(Doing.READS)),
        _purpose_menu(terms, named(Doing.PURPOSES)),
        ChannelMenu("Speak only in these channels (none chosen: any)", named(Doing.SPEAKS)),
        _summoner_menu(terms, named(Doing.SUMMONER)),
    )


def _purpose_menu(terms: Terms, custom_id: str) -> Menu:
    offered = {
        Purpose.EXAMPLES: ("Examples in prompts", "Messages of yours in the prompts of a language model"),
        Purpose.FINE_TUNING: ("Training", "A language model is trained on your messages; only if you choose it"),
    }
    choices = [Choice(label, one.value, note, chosen=terms.allows(one)) for one, (label, note) in offered.items()]
    return Menu("What for, besides counting and looking up", custom_id, choices, fewest=0, most=len(choices))


def _summoner_menu(terms: Terms, custom_id: str) -> Menu:
    offered = {
        Summoner.SUBJECT: "Only I bring it online",
        Summoner.MANAGERS: "I and those who manage this server bring it online",
        Summoner.TRUSTED: "Those with a role that they trust, too",
        Summoner.EVERYONE: "Everybody brings it online",
    }
    choices = [Choice(label, one.value, chosen=terms.summoner is one) for one, label in offered.items()]
    return Menu("Who may bring it online", custom_id, choices)


def _hours_menu(terms: Terms, custom_id: str) -> Menu:
    choices = [Choice("It speaks at any time", ANY_TIME, chosen=terms.hours is None)]
    for number, (first, end) in enumerate(HOURS):
        label = f"It speaks from {first:02}:00 to {end:02}:00"
        choices.append(Choice(label, str(number), chosen=terms.hours == (first, end)))
    return Menu("When it may speak", custom_id, choices)


def _days_menu(terms: Terms, custom_id: str) -> Menu:
    choices = [Choice(f"This holds for {days} days", str(days), chosen=terms.days == days) for days in DAYS]
    return Menu("Until when", custom_id, choices)


def read_id(custom_id: str) -> tuple[Doing, int, str] | None:
    """What a custom id of the private message asks for, of which profile, about which choices; None for others."""
    match custom_id.split(":"):
        case ["echo", "consent", doing, profile, token] if doing in list(Doing) and _is_number(profile):
            return Doing(doing), int(profile), token
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
