"""Dates as people write them to Echo: dd.mm.yyyy, strictly. Pure."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from echo.errors import BadDate

FIRST_YEAR = 2015
"""Discord opened in May 2015, and its ids can't name a time before that year."""

_STRICT = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[./\- ]([0-9]{1,2})[./\- ]([0-9]{4})\.?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[./\- ]([0-9]{1,2})[./\- ]([0-9]{1,2})")


def parse_before(text: str, zone: ZoneInfo, now: datetime, latest: datetime | None = None) -> datetime:
    """The start of the day `text` (dd.mm.yyyy) in `zone`, as aware UTC. `now` is aware.

    Today is the latest day that is taken; where only an earlier one would be, `latest` is its start, for the example
    in a refusal. Raises BadDate, whose sentence shows a date that would be taken.
    """
    today = now.astimezone(zone).date()
    example = today if latest is None else min(today, latest.astimezone(zone).date())
    text = text.strip()
    form = _STRICT.fullmatch(text)
    if form is None:
        raise BadDate(
            f"“{_shown(text)}” is not a date of the form dd.mm.yyyy (two digits of the day, two of the month, four of "
            f"the year, with full stops): write for example {show_day(min(_meant(text, today), example))}."
        )
    day, month, year = (int(part) for part in form.groups())
    wanted = _calendar_date(text, day, month, year, example)
    if wanted > today:
        raise BadDate(f"{text} is in the future: the latest date that can be given is today, {show_day(today)}.")
    if wanted.year < FIRST_YEAR:
        raise BadDate(f"There was no Discord before {FIRST_YEAR}: give a later date, for example {show_day(example)}.")
    return start_of(wanted, zone)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day in a time zone, as aware UTC."""
    # Where the clocks skip midnight, or strike it twice, fold 0 gives the moment of the change, or the earlier one.
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def show_day(moment: date, zone: ZoneInfo | None = None) -> str:
    """A day, or the day of an aware time in `zone`, as dd.mm.yyyy."""
    if isinstance(moment, datetime) and zone is not None:
        moment = moment.astimezone(zone)
    return f"{moment.day:02}.{moment.month:02}.{moment.year:04}"


def show_time(moment: datetime, zone: ZoneInfo) -> str:
    """An aware time in `zone`, to the minute: dd.mm.yyyy hh:mm and the zone's abbreviation."""
    local = moment.astimezone(zone)
    return f"{show_day(local)} {local:%H:%M} {local.tzname()}"


def show_span(span: timedelta) -> str:
    """About how long, in the largest unit that fits."""
    seconds = max(0, round(span.total_seconds()))
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def _calendar_date(text: str, day: int, month: int, year: int, today: date) -> date:
    if not 1 <= month <= 12:
        swapped = _date(month, day, year)
        example = show_day(swapped if swapped and swapped <= today else today)
        raise BadDate(
            f"{text} has no such month: the day comes first, then the month (01 to 12); write for example {example}."
        )
    if year < 1:
        raise BadDate(f"{text} has no such year: write for example {show_day(today)}.")
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        raise BadDate(
            f"There is no {text}: {calendar.month_name[month]} {year} has the days 01 to {last}; "
            f"write for example {show_day(today)}."
        )
    return date(year, month, day)


def _meant(text: str, today: date) -> date:
    """What somebody who wrote `text` in another form probably meant; today where nothing usable is recognised."""
    found: date | None = None
    if form := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in form.groups())
        found = _date(day, month, year)
    elif form := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(part) for part in form.groups())
        found = _date(day, month, year)
    return found if found is not None and found.year >= FIRST_YEAR and found <= today else today


def _date(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _shown(text: str) -> str:
    """What was written, short and without what could upset a message's looks."""
    plain = "".join(sign for sign in text if sign.isprintable() and sign not in "`*_~|<>@#\\")
    return plain if len(plain) <= 30 else f"{plain[:29]}…"
