"""Discord's ids: 63 bits that carry the millisecond in which they were made. Pure.

Source of the layout: Discord API reference, "Snowflakes": `(ms - 1420070400000) << 22`, low 22 bits a counter.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import lru_cache

DISCORD_EPOCH_MS = 1_420_070_400_000
"""Milliseconds since the epoch at the first moment of 2015, the origin of Discord's ids."""
COUNTER_BITS = 22
LARGEST = (1 << 63) - 1


def snowflake_at(ts: float, counter: int = 0) -> int:
    """The id numbered `counter` of the millisecond of `ts` (seconds since the epoch, UTC).

    Raises ValueError for a time that no id can carry (before 2015, or after some day in 2084).
    """
    made = (round(ts * 1000) - DISCORD_EPOCH_MS << COUNTER_BITS) + counter
    if not 0 <= made <= LARGEST:
        raise ValueError("no Discord id can carry a time outside 2015 to 2084")
    return made


def timestamp_of(snowflake: int) -> float:
    """When the id was made, in seconds since the epoch, UTC."""
    return ((snowflake >> COUNTER_BITS) + DISCORD_EPOCH_MS) / 1000


@lru_cache(maxsize=4096)
def _date_of(day: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()


def time_text_of(snowflake: int) -> str:
    """When the id was made, as Discord writes times: ISO 8601 with microseconds and +00:00.

    Spelt by hand, because a page of history has a hundred of them and `datetime` takes three times as long.
    """
    seconds, ms = divmod((snowflake >> COUNTER_BITS) + DISCORD_EPOCH_MS, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{_date_of(day)}T{hour:02}:{minute:02}:{second:02}.{ms:03}000+00:00"


def parse_snowflake(text: str | None) -> int | None:
    """The id that `text` spells (15 to 19 decimal digits), else None."""
    if text is None or not text.isascii() or not text.isdecimal() or not 15 <= len(text) <= 19:
        return None
    number = int(text)
    return number if number <= LARGEST else None


def digest(seed: int, *words: str) -> int:
    """A number of 64 bits that depends on nothing but its arguments: the same in every process and version."""
    line = "\x1f".join((str(seed), *words))
    return int.from_bytes(hashlib.blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


class Sequence:
    """Hands out ids that strictly increase, also while the clock stands still or goes back."""

    __slots__ = ("_last",)

    def __init__(self, last: int = 0) -> None:
        self._last = last

    def observe(self, snowflake: int) -> None:
        """Every id handed out from now on is larger than this one."""
        self._last = max(self._last, snowflake)

    def next(self, now: float) -> int:
        """A new id for `now` (seconds since the epoch, UTC)."""
        self._last = max(self._last + 1, snowflake_at(now))
        return self._last
