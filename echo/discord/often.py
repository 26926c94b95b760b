"""How often something may happen for somebody: a bound within a span, held in memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final

KNOWN: Final = 5000
"""Keys that are remembered, the newest used."""


class Often:
    """At most `most` times `within` a span, for each key."""

    def __init__(self, most: int, within: timedelta) -> None:
        self._most = most
        self._within = within
        self._times: OrderedDict[Hashable, deque[datetime]] = OrderedDict()

    def allows(self, key: Hashable, now: datetime) -> bool:
        """Whether it may happen once more now; if so, it is counted."""
        times = self._times.setdefault(key, deque())
        self._times.move_to_end(key)
        while len(self._times) > KNOWN:
            self._times.popitem(last=False)
        while times and now - times[0] >= self._within:
            times.popleft()
        if len(times) >= self._most:
            return False
        times.append(now)
        return True

    def is_spent(self, key: Hashable, now: datetime) -> bool:
        """Whether it may not happen once more now; nothing is counted."""
        return sum(now - at < self._within for at in self._times.get(key, ())) >= self._most
