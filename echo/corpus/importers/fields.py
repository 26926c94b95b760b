"""The fields that all exports have in common, checked one by one."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from .limits import refused

_LAST = 253_402_300_800.0
"""Seconds since the epoch: the end of the year 9999, after which Python has no dates."""
_LONGEST_NAME = 200
"""Characters: no chat has longer names of people or channels."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_REMEDY = "mend the file or export it again"


def record(value: object, where: str) -> Mapping[str, object]:
    """`value` as a JSON object."""
    if not isinstance(value, dict):
        raise refused(where, f"an object in braces belongs here, not {_kind(value)}", _REMEDY)
    return value


def string(row: Mapping[str, object], field: str, where: str) -> str:
    """A text that has to be there, though it may be empty; halves of characters are replaced."""
    value = row.get(field)
    if not isinstance(value, str):
        raise refused(where, f"{field!r} has to be text, not {_kind(value)}", _REMEDY)
    return _whole(value)


def name(row: Mapping[str, object], field: str, where: str) -> str:
    """The name of a person or a channel: some text in one line, not too long, without control signs."""
    value = string(row, field, where)
    # Long ones are not remembered: a hostile file would fill the memory with them.
    shown = _shown(value) if len(value) <= _LONGEST_NAME else _shown.__wrapped__(value)
    if not shown or len(shown) > _LONGEST_NAME:
        raise refused(where, f"{field!r} has to be of 1 to {_LONGEST_NAME} characters", _REMEDY)
    return shown


@functools.lru_cache(maxsize=4096)
def _shown(value: str) -> str:
    """In one line and without control signs; the same few names come again and again."""
    return " ".join(_CONTROL.sub(" ", value).split())


def identity(row: Mapping[str, object], field: str, where: str) -> str | None:
    """An id, as text; None if it isn't there or null."""
    value = row.get(field)
    if value is None or (type(value) is str and len(value) <= _LONGEST_NAME and value.isascii()):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str) or len(str(value)) > _LONGEST_NAME:
        raise refused(where, f"{field!r} has to be a whole number or a short text, not {_kind(value)}", _REMEDY)
    return _whole(str(value))


def moment(row: Mapping[str, object], field: str, where: str) -> float:
    """A time in seconds since the epoch, from such a number or an ISO 8601 text (UTC where it names no zone)."""
    value = row.get(field)
    if isinstance(value, str):
        seconds = _from_iso(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) < _LAST * 1e6 else math.nan
    else:
        raise refused(where, f"{field!r} has to be a time, not {_kind(value)}", _REMEDY)
    if not 0 <= seconds < _LAST:
        what = f"{field!r} has to be seconds since 1970 (not milliseconds) or a time like 2024-05-31T18:00:00Z"
        raise refused(where, what, _REMEDY)
    return seconds


def _whole(text: str) -> str:
    """`text` with halves of surrogate pairs, which JSON can hold but UTF-8 can't, replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _from_iso(text: str) -> float:
    """Seconds since the epoch, not a number if `text` is no time."""
    try:
        read = datetime.fromisoformat(text.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def _kind(value: object) -> str:
    """What `value` is, in words; never the value itself, which may be what somebody wrote."""
    kinds = {type(None): "nothing", bool: "true or false", str: "text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")
