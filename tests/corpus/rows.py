"""Rows of a corpus for tests: told in a line each, and wild ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from db.stored import PlaceResult, StoredMessage

SUBJECT, SERVER = 22, 11
NAME = "Wren"
START = 1_700_000_000.0
"""When the first message of a story is said."""


def said(
    message_id: int,
    after: float,
    who: str = NAME,
    text: str | None = None,
    *,
    channel: int = 44,
    reply_to: int | None = None,
    cut: bool = False,
    bare: bool = False,
) -> StoredMessage:
    """One message, `after` seconds from START; Wren is the subject. Without a text it says its own id."""
    return StoredMessage(
        message_id=message_id,
        user_id=SUBJECT if who == NAME else sum(map(ord, who)),
        server_id=SERVER,
        channel_id=channel,
        ts=START + after,
        text=f"message {message_id}" if text is None else text,
        author=who,
        own=who == NAME,
        reply_to=reply_to,
        cut=cut,
        bare=bare,
    )


def chatter(talks: int, *, every: float = 7200.0, channel: int = 44, first_id: int = 1) -> list[StoredMessage]:
    """Conversations of two questions and two answers, `every` seconds; all in different words."""
    rows = []
    for talk in range(talks):
        for at in range(4):
            number = first_id + 4 * talk + at
            who = NAME if at % 2 else "Ann"
            rows.append(said(number, every * talk + 30 * at, who, f"{who} says thing {word(number)}", channel=channel))
    return rows


def word(number: int) -> str:
    """A word for each number, of letters alone and none of them drawn out."""
    return "".join("bcdfghjklm"[int(digit)] + "o" for digit in str(number))


def wild_rows(size: int = 40) -> st.SearchStrategy[list[StoredMessage]]:
    """Rows as no source ought to give them: equal times, ids out of order, replies to newer ones and to nothing.

    Each has its own words, by which it is known again, or none where something unseen stands.
    """
    ids = st.lists(st.integers(1, 500), min_size=1, max_size=size, unique=True)
    return ids.flatmap(_rows).flatmap(st.permutations).map(list)


def _rows(ids: list[int]) -> st.SearchStrategy[list[StoredMessage]]:
    return st.tuples(*[_row(number, ids) for number in ids]).map(list)


def _row(number: int, ids: Sequence[int]) -> st.SearchStrategy[StoredMessage]:
    made = st.builds(
        said,
        st.just(number),
        st.one_of(st.integers(0, 60), st.integers(0, 3000), st.integers(0, 90_000)).map(float),
        st.sampled_from([NAME, NAME, "Ann", "Bob"]),
        channel=st.sampled_from([44, 44, 45]),
        reply_to=st.one_of(st.none(), st.none(), st.sampled_from([*ids, 501])),
        cut=st.sampled_from([False] * 5 + [True]),
        bare=st.sampled_from([False] * 5 + [True]),
    )
    return st.tuples(made, st.booleans()).map(lambda pair: _tidy(*pair))


def _tidy(row: StoredMessage, wordless: bool) -> StoredMessage:
    """What the corpus promises: only what is cut has no text, only the subject's rows are bare."""
    return replace(row, text="" if row.cut and wordless else row.text, bare=row.bare and row.own)


class Stored:
    """A corpus that is read page by page, as the stored one is."""

    def __init__(self, rows: Iterable[StoredMessage], page: int = 7, results: Sequence[PlaceResult] = ()) -> None:
        self._rows = sorted(rows, key=lambda row: (row.ts, row.message_id))
        self._page, self._results = page, results

    def pages(self) -> Iterator[list[StoredMessage]]:
        """All pages, oldest first."""
        for start in range(0, len(self._rows), self._page):
            yield self._rows[start : start + self._page]

    async def stream(self, profile_id: int) -> AsyncIterator[list[StoredMessage]]:
        """The pages of the only profile there is."""
        for page in self.pages():
            yield page

    async def places(self, profile_id: int) -> dict[int, PlaceResult]:
        """What came of the places."""
        return {result.channel_id: result for result in self._results}
