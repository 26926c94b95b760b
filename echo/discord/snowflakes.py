"""Discord's ids and the time that is in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""The origin of Discord's ids: 1420070400000 ms (Discord API reference, "Snowflakes")."""
COUNTER_BITS = 22


def snowflake_at(moment: datetime) -> int:
    """The smallest id of the millisecond of `moment` (aware): all that was sent before it has a smaller id."""
    return (moment - DISCORD_EPOCH) // timedelta(milliseconds=1) << COUNTER_BITS


def time_of(snowflake: int) -> datetime:
    """When an id was made, aware UTC."""
    return DISCORD_EPOCH + timedelta(milliseconds=snowflake >> COUNTER_BITS)
