"""Sliding windows: never more than the limit in any span, and an exact word about when the next one may come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from states.limits import Over, Scope, Sliding, over_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3)), max_size=60), st.integers(1, 5))
def test_no_span_of_time_ever_holds_more_than_the_limit(acts: list[tuple[int, int]], most: int) -> None:
    sliding, let, now = Sliding({Scope.USER: most}, MINUTE), dict[int, list[datetime]](), NOW
    for pause, user in acts:
        now += timedelta(seconds=pause)
        over = sliding.take(now, {Scope.USER: user})
        if over is None:
            let.setdefault(user, []).append(now)
        else:
            assert timedelta(0) < over.wait <= MINUTE
            assert sliding.over(now + over.wait - timedelta(microseconds=1), {Scope.USER: user}) is not None
            assert sliding.over(now + over.wait, {Scope.USER: user}) is None, "again in N s is exact"
    for times in let.values():
        assert all(sum(one <= other < one + MINUTE for other in times) <= most for one in times)


def test_what_is_refused_to_one_counts_for_nobody() -> None:
    sliding = Sliding({Scope.USER: 2, Scope.SERVER: 5}, MINUTE)
    flood = [sliding.take(at(n / 10), {Scope.USER: 1, Scope.SERVER: 9}) for n in range(100)]
    assert flood.count(None) == 2 and {one.scope for one in flood if one} == {Scope.USER}
    assert [sliding.take(at(11), {Scope.USER: user, Scope.SERVER: 9}) for user in (2, 3, 4)] == [None] * 3
    assert sliding.take(at(12), {Scope.USER: 5, Scope.SERVER: 9}) == Over(Scope.SERVER, 5, timedelta(seconds=48))
    assert sliding.take(at(12), {Scope.USER: 5, Scope.SERVER: 8}) is None


def test_what_was_done_already_may_pass_the_limit_and_is_waited_for() -> None:
    sliding = Sliding({Scope.CHANNEL: 100}, MINUTE)
    sliding.spend(NOW, {Scope.CHANNEL: 1}, 70)
    assert sliding.over(at(1), {Scope.CHANNEL: 1}) is None
    sliding.spend(at(10), {Scope.CHANNEL: 1}, 70)
    assert sliding.over(at(20), {Scope.CHANNEL: 1}) == Over(Scope.CHANNEL, 100, timedelta(seconds=40))
    sliding.spend(at(20), {Scope.CHANNEL: 1}, 200)
    assert sliding.over(at(61), {Scope.CHANNEL: 1}) == Over(Scope.CHANNEL, 100, timedelta(seconds=19))


def test_windows_of_long_ago_are_let_go_of() -> None:
    sliding = Sliding({Scope.USER: 1}, MINUTE)
    for user in range(25_000):
        sliding.take(at(user / 10), {Scope.USER: user})
    assert len(sliding._done) <= 10_600


def test_rows_count_as_far_as_they_are_of_the_last_day() -> None:
    times = [at(0), at(50), at(30)]
    assert over_of(at(55), times, 3, MINUTE, Scope.USER) == Over(Scope.USER, 3, timedelta(seconds=5))
    assert over_of(at(55), times, 2, MINUTE, Scope.USER) == Over(Scope.USER, 2, timedelta(seconds=35))
    assert over_of(at(60), times, 3, MINUTE, Scope.USER) is None
