"""The algebra of what was read: against sets of ids."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import Range
from echo.discord.collecting.ranges import gaps, holds, joined

TOP = 40
ranges = st.lists(
    st.tuples(st.integers(0, TOP), st.integers(0, TOP)).map(lambda ends: Range(max(ends), min(ends))), max_size=8
)


def ids(of: tuple[Range, ...] | list[Range]) -> set[int]:
    return {one for each in of for one in range(each.before_id, each.top_id)}


@settings(max_examples=300, deadline=None)
@given(ranges)
def test_joined_ranges_hold_the_same_and_are_apart_newest_first(some: list[Range]) -> None:
    found = joined(some)
    assert ids(found) == ids(some)
    for above, below in itertools.pairwise(found):
        assert above.before_id > below.top_id
    assert all(one.top_id > one.before_id for one in found)
    assert {one for one in range(TOP) if holds(found, one)} == ids(some)


@settings(max_examples=300, deadline=None)
@given(ranges, st.integers(0, TOP))
def test_gaps_are_what_is_missing_below_the_bound_newest_first(some: list[Range], upper: int) -> None:
    found = gaps(joined(some), upper)
    assert ids(found) == set(range(upper)) - ids(some)
    assert found == joined(found)
    assert joined([*some, *found]) == joined([*some, Range(upper, 0)])
