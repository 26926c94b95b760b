"""Which parts of a place were read, as ranges of ids. Pure; ranges are always apart from one another, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from db.stored import Range


def joined(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same ids in as few ranges as possible: those that overlap or touch become one."""
    found: list[Range] = []
    for one in sorted(ranges, reverse=True):
        if one.before_id >= one.top_id:
            continue
        if found and one.top_id >= found[-1].before_id:
            found[-1] = Range(found[-1].top_id, min(one.before_id, found[-1].before_id))
        else:
            found.append(one)
    return tuple(found)


def gaps(ranges: Sequence[Range], upper_id: int) -> tuple[Range, ...]:
    """What lies below `upper_id` in none of the ranges (which must be joined), newest first."""
    found = []
    top = upper_id
    for one in ranges:
        if one.before_id >= upper_id:
            continue
        if one.top_id < top:
            found.append(Range(top, one.top_id))
        top = one.before_id
    if top > 0:
        found.append(Range(top, 0))
    return tuple(found)


def holds(ranges: Iterable[Range], message_id: int) -> bool:
    """Whether the id lies in one of the ranges."""
    return any(one.before_id <= message_id < one.top_id for one in ranges)
