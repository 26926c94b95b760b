"""Dates are dd.mm.yyyy, real, not in the future, and mean the start of that day where Echo lives."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord.dates import parse_before, show_day, show_span, show_time
from echo.errors import BadDate

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Kiritimati", "America/Havana"]).map(
    ZoneInfo
)
EXAMPLE = re.compile(r"(?:for example|today,) ([0-9.]{10})\.$")


def refusal(text: str, zone: ZoneInfo = UTC_ZONE) -> str:
    with pytest.raises(BadDate) as caught:
        parse_before(text, zone, NOW)
    return str(caught.value)


def test_a_date_means_the_start_of_that_day_in_the_time_zone() -> None:
    assert parse_before("01.06.2026", BERLIN, NOW) == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert parse_before("01.01.2026", BERLIN, NOW) == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert parse_before(" 01.06.2026 ", UTC_ZONE, NOW) == datetime(2026, 6, 1, tzinfo=UTC)


def test_a_day_whose_midnight_comes_twice_begins_at_the_first() -> None:
    havana = ZoneInfo("America/Havana")
    begun = parse_before("02.11.2025", havana, NOW)
    assert begun == datetime(2025, 11, 2, 4, tzinfo=UTC)
    assert (begun - timedelta(seconds=1)).astimezone(havana).date() == date(2025, 11, 1)


def test_a_day_without_midnight_begins_when_the_clocks_jump() -> None:
    havana = ZoneInfo("America/Havana")
    begun = parse_before("08.03.2026", havana, NOW)
    assert begun.astimezone(havana).strftime("%d %H:%M") == "08 01:00"
    assert (begun - timedelta(seconds=1)).astimezone(havana).strftime("%d %H:%M") == "07 23:59"


def test_today_is_the_latest_day_and_follows_the_time_zone() -> None:
    assert parse_before("15.06.2026", UTC_ZONE, NOW) == datetime(2026, 6, 15, tzinfo=UTC)
    assert "is in the future" in refusal("16.06.2026")
    # On Kiritimati it is tomorrow already.
    kiritimati = ZoneInfo("Pacific/Kiritimati")
    assert parse_before("16.06.2026", kiritimati, NOW) == datetime(2026, 6, 15, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("1.6.2026", "01.06.2026"),
        ("01.06.26", "15.06.2026"),
        ("2026-06-01", "01.06.2026"),
        ("01/06/2026", "01.06.2026"),
        ("1 June 2026", "15.06.2026"),
        ("", "15.06.2026"),
        ("01.06.2026 12:00", "15.06.2026"),
        ("٠١.٠٦.٢٠٢٦", "15.06.2026"),
        ("31.12.2026x", "15.06.2026"),
    ],
)
def test_another_form_is_refused_with_what_was_probably_meant(text: str, example: str) -> None:
    said = refusal(text)
    assert "is not a date of the form dd.mm.yyyy" in said
    assert said.endswith(f"for example {example}.")


def test_a_day_that_no_calendar_has_is_named() -> None:
    assert refusal("31.02.2026").startswith("There is no 31.02.2026: February 2026 has the days 01 to 28;")
    assert "January 2024 has the days 01 to 31" in refusal("00.01.2024")
    assert parse_before("29.02.2024", UTC_ZONE, NOW).day == 29
    assert "February 2023 has the days 01 to 28" in refusal("29.02.2023")


def test_month_and_day_the_wrong_way_round_are_turned() -> None:
    said = refusal("05.31.2026")
    assert "the day comes first" in said and said.endswith("31.05.2026.")


def test_a_year_before_discord_is_refused() -> None:
    assert "no Discord before 2015" in refusal("01.01.2014")
    assert "no such year" in refusal("01.01.0000")


def test_what_was_written_is_shown_short_and_without_markup() -> None:
    said = refusal("**@everyone** `" + "x" * 500)
    assert "@" not in said and "*" not in said and "`" not in said
    assert len(said) < 250


@given(st.dates(date(2015, 1, 1), date(2026, 6, 15)), ZONES)
@settings(max_examples=60, deadline=None)
def test_every_real_day_until_today_is_taken_and_begins_at_its_start(day: date, zone: ZoneInfo) -> None:
    begun = parse_before(show_day(day), zone, NOW)
    assert begun.utcoffset() == timedelta()
    assert begun.astimezone(zone).date() == day
    assert (begun - timedelta(seconds=1)).astimezone(zone).date() == day - timedelta(days=1)


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{1,5}", fullmatch=True), ZONES)
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_is_taken_or_refused_with_an_example_that_is_taken(text: str, zone: ZoneInfo) -> None:
    try:
        begun = parse_before(text, zone, NOW)
    except BadDate as refused:
        example = EXAMPLE.search(str(refused))
        assert example is not None, str(refused)
        parse_before(example[1], zone, NOW)
    else:
        assert begun <= NOW
        assert show_day(begun, zone) == text.strip()


def test_times_and_spans_are_shown_for_people() -> None:
    assert show_time(NOW, BERLIN) == "15.06.2026 14:00 CEST"
    spans = {0: "0 seconds", 1: "1 second", 59: "59 seconds", 60: "1 minute", 7200: "2 hours", 86400 * 7: "7 days"}
    assert {seconds: show_span(timedelta(seconds=seconds)) for seconds in spans} == spans
    assert show_span(timedelta(seconds=-5)) == "0 seconds"
