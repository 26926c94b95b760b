"""Whether to search or to walk, by how many requests each is likely to take. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PAGE = 100
"""Messages: the most that Discord gives of a channel in one answer."""
HITS = 25
"""Messages: the most that Discord gives of a search in one answer."""
LEAST_ALLOWED = 100
"""Requests that searching and reading context may always take, however small the server."""
MESSAGES_A_PAGE = 200
"""Messages found by searching for which at least one page of context is read."""
WORTH = 0.5
"""Searching must take at most this share of the requests of walking, which leaves no message without its context."""
USUAL_SHARE = 0.05
"""How much of a server one person has written where Discord does not say how much there is: an assumption."""

Method = Literal["search", "walk"]


@dataclass(frozen=True, slots=True)
class Size:
    """What is to be read: `own` messages of the author of `server` in all, in `places` channels and threads.

    `own` None: searching is not offered. `server` None: nobody knows. Of both ways `made` requests are part: those that
    it took to know all this.
    """

    own: int | None
    server: int | None
    places: int
    made: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """How to go about it. `requests` are those of the chosen method, at most; `walk` those of walking.

    `seconds` are how long they take, None where nothing limits them. `is_known` is False where nobody knows how much
    there is to walk through: then `requests` are the fewest possible.
    """

    method: Method
    requests: int
    walk: int
    seconds: float | None
    is_known: bool = True

    @property
    def sentence(self) -> str:
        """For people: "about 210 requests, 1 min, by search"."""
        return described(self.method, self.requests, self.seconds, "about" if self.is_known else "at least")


def estimate(size: Size, *, effort: float, window: int, most: int, per_second: float | None) -> Estimate:
    """Choose: `effort` is the share of a walk's requests that search and context may take (0..1).

    `window` messages are wanted before each message; at most `most` messages of the author are read. Searching takes
    own/25 requests, one that finds the end, and some for context; it is chosen where that saves enough.
    """
    walk = _walking(size, most)
    searching = None if size.own is None else _searching(size, min(size.own, most), walk, effort, window > 0)
    requests = (walk if searching is None else searching) + size.made
    return Estimate(
        method="walk" if searching is None else "search",
        requests=requests,
        walk=walk + size.made,
        seconds=requests / per_second if per_second else None,
        is_known=size.own is not None or size.server is not None,
    )


def _walking(size: Size, most: int) -> int:
    """A page for every hundred messages, and one more for every place.

    With more of the author's messages than are wanted, only the newest part of the server is walked through.
    """
    own = size.own or 0
    server = size.server if size.server is not None else int(own / USUAL_SHARE)
    share = min(1.0, most / own) if own else 1.0
    return int(-(-max(server, own) * share // PAGE)) + size.places


def _searching(size: Size, own: int, walk: int, effort: float, with_context: bool) -> int | None:
    """Requests to search for `own` messages and to read context, as much as is allowed; None: it is better to walk."""
    search = -(-own // HITS) + 1
    # No message needs more than a page of context.
    least, whole = (search + -(-own // MESSAGES_A_PAGE), search + own) if with_context else (search, search)
    if whole < walk <= LEAST_ALLOWED:
        return whole
    if walk <= LEAST_ALLOWED or least > WORTH * walk:
        return None
    allowed = max(min(LEAST_ALLOWED, WORTH * walk), effort * (walk + size.made) - size.made, least)
    requests = min(whole, int(allowed))
    return requests if requests < walk else None


def sentence(method: Method, requests: int, per_second: float | None) -> str:
    """The same sentence, for a plan that was stored."""
    return described(method, requests, requests / per_second if per_second else None)


def described(method: Method, requests: int, seconds: float | None, about: str = "about") -> str:
    """For people: how many requests, how long (where something limits them) and how."""
    many = f"{about} {_rounded(requests):,} request{'' if requests == 1 else 's'}"
    how = "by search" if method == "search" else "by reading every channel"
    return ", ".join([many, how] if seconds is None else [many, lasting(seconds), how])


def lasting(seconds: float) -> str:
    """A duration for people: seconds below a minute, minutes below two hours, hours above; never none."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 119.5 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600):,} h"


def _rounded(number: int) -> int:
    """To two digits from a hundred on, as an estimate deserves."""
    digits = len(str(number))
    return number if digits <= 2 else round(number, 2 - digits)
