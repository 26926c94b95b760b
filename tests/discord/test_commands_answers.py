"""Whatever people and channels are called and however many there are, answers fit what Discord takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import Outcome, PlaceResult
from echo.discord import answers, choosing
from echo.errors import UsageError
from states.board import Board, Progress
from states.model import ProfileSnapshot, ProfileState

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
NAMES = st.lists(st.text(max_size=60), min_size=1, max_size=80)


def board_of(names: list[str], state: ProfileState = ProfileState.READY) -> Board:
    """A server full of people with these names, each with an echo."""
    board = Board()
    for number, name in enumerate(names, 1):
        board.name({1000 + number: name})
        board.show(
            ProfileSnapshot(
                id=number,
                version=1,
                state=state,
                server_id=9,
                user_id=1000 + number,
                asker_id=1,
                channel_id=31,
                cutoff=NOON,
                created_at=NOON,
                due={"retry": NOON + timedelta(minutes=5)},
            )
        )
    return board


@given(NAMES)
@settings(max_examples=40, deadline=None)
def test_status_and_list_fit_a_message_and_count_what_does_not(names: list[str]) -> None:
    board = board_of(names)
    for text in (answers.status(board, 9, NOON, ZONE), answers.listing(board, 9, ZONE)):
        assert 0 < len(text) <= answers.LONGEST
        assert "@" not in text
    listing = answers.listing(board, 9, ZONE)
    shown = listing.count("is ready")
    assert shown == len(names) or listing.endswith(f"... and {len(names) - shown} more.")


@given(NAMES, st.text(max_size=8))
@settings(max_examples=40, deadline=None)
def test_what_is_offered_fits_and_leads_back_to_one_profile(names: list[str], typed: str) -> None:
    board = board_of(names)
    profiles = answers.living(board, 9)

    def name_of(profile: ProfileSnapshot) -> str:
        return answers.name_of(board, profile)

    found = choosing.offered(typed, profiles, name_of)
    assert len(found) <= choosing.OFFERED
    assert all(1 <= len(name) <= choosing.LONGEST for name in found)
    assert len(set(found.values())) == len(found)
    assert [choosing.chosen(value, profiles, name_of).id for value in found.values()] == [
        int(v) for v in found.values()
    ]


@given(NAMES, st.text(max_size=20))
@settings(max_examples=40, deadline=None)
def test_whatever_is_named_is_one_profile_or_a_sentence_that_fits(names: list[str], typed: str) -> None:
    board = board_of(names)
    try:
        choosing.chosen(typed, answers.living(board, 9), lambda profile: answers.name_of(board, profile))
    except UsageError as refused:
        assert len(str(refused)) <= answers.LONGEST
        assert "@" not in str(refused)


def test_progress_is_shown_in_its_own_unit() -> None:
    assert answers.progress_text(Progress("collecting", 1204, None, "messages")) == "1,204 messages"
    assert answers.progress_text(Progress("collecting", 1204, 6000, "messages")) == "1,204 of 6,000 messages"
    assert answers.progress_text(Progress("training", 45, 100, "%")) == "45 %"


def test_the_next_try_is_told() -> None:
    said = answers.status(board_of(["Bo"], ProfileState.COLLECTING), 9, NOON, ZONE)
    assert said == "**Bo** (number 1, before 15.06.2026) is reading what they wrote. The next try is in 5 minutes."


def test_channels_that_were_not_read_are_told_with_the_reason_most_common_first() -> None:
    board = Board()
    board.name({channel: f"c{channel}" for channel in range(1, 8)})
    history, nsfw = "Echo may not read its history.", "It is age-restricted."
    places = {
        **{n: PlaceResult(n, Outcome.SKIPPED, history) for n in range(1, 6)},
        6: PlaceResult(6, Outcome.SKIPPED, nsfw),
        7: PlaceResult(7, Outcome.READ),
    }
    assert answers.unread(board, places) == f" Not read: #c1, #c2, #c3 and 2 more: {history} #c6: {nsfw}"
    assert answers.unread(board, {}) == answers.unread(board, {7: places[7]}) == ""


def test_how_far_it_is_tells_the_plan_and_shows_a_bar() -> None:
    how = "by search, about 210 requests, 1 min"
    assert answers.far(Progress("collecting", 105, 210, "requests", how)) == f" ({how}): ▰▰▰▰▰▰▱▱▱▱▱▱ 50 %"
    assert answers.far(Progress("collecting", 12, None, "messages")) == ": 12 messages"
