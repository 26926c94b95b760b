"""A failure is told once, then counted, then told in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from states.board import Board, Fault
from states.throttle import Failures, Throttle

NOW = datetime(2026, 6, 1, 14, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_the_first_is_told_at_once_and_the_others_once_an_hour_then_ever_more_seldom() -> None:
    throttle, told = Throttle[str](), list[tuple[int, Failures]]()
    for minute in range(0, 24 * 60, 5):
        failures = throttle.failed("a", at(minute))
        if failures is not None:
            told.append((minute, failures))
            throttle.told("a", at(minute))
    assert [minute for minute, _ in told] == [0, 60, 180, 420, 900]
    assert [failures.count for _, failures in told] == [0, 12, 24, 48, 96]
    assert told[1][1].sentence == "It failed 12 more times since 2026-06-01 14:05 UTC."
    assert told[0][1].sentence == ""


def test_what_was_counted_is_told_though_nothing_fails_any_more() -> None:
    throttle = Throttle[str]()
    assert throttle.failed("a", NOW) == Failures(0, NOW)
    throttle.told("a", NOW)
    assert throttle.failed("a", at(5)) is None and throttle.overdue(at(59)) == {}
    assert throttle.overdue(at(60)) == {"a": Failures(1, at(5))}
    throttle.told("a", at(60))
    assert throttle.overdue(at(61)) == {}
    assert throttle.overdue(at(200)) == {} and throttle.failed("a", at(201)) == Failures(0, at(201)), "long ago"


def test_what_could_not_be_told_is_not_counted_as_told_and_success_begins_anew() -> None:
    throttle = Throttle[str]()
    assert [throttle.failed("a", at(n)) for n in (0, 1)] == [Failures(0, at(0)), Failures(0, at(1))]
    throttle.told("a", at(1))
    throttle.succeeded("a")
    assert throttle.failed("a", at(2)) == Failures(0, at(2))
    assert throttle.failed("b", at(2)) is not None, "each by itself"


def test_a_fault_that_repeats_is_one_line_and_then_a_sum() -> None:
    board = Board()
    for minute in range(0, 61, 4):
        board.report(Fault(at(minute), "discord on_message", "It broke."))
    board.report(Fault(at(61), "elsewhere", "It broke."))
    first, later, other = board.faults
    assert (first.sentence, other.where) == ("It broke.", "elsewhere")
    assert later.sentence == "It broke. It failed 15 more times since 2026-06-01 14:04 UTC." and later.at == at(60)
    board.report(Fault(at(62), "discord on_message", "It broke."))
    board.report_overdue(at(100))
    assert len(board.faults) == 3
    board.report_overdue(at(180))
    assert board.faults[-1].sentence == "It broke. It failed 1 more time since 2026-06-01 15:02 UTC."
