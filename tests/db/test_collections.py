"""How far places were read is kept with the rows that were read, and is always what was said last."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from db.connection import Database
from db.corpus import Corpus
from db.keys import Keyring
from db.steps import Steps
from db.stored import Coverage, Outcome, PlaceResult, Plan, Range, StoredMessage
from states.model import ProfileSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.clock import HandClock
from tests.support.snapshots import ASKER, CHANNEL, birth, covered, messages
from tests.support.stored_steps import steps_of


async def test_messages_and_how_far_their_place_was_read_are_kept_together(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    result = PlaceResult(CHANNEL, Outcome.READING, None, 1, 40, 30, {"system": 4, "sticker": 6})
    read = (Range(900, 500), Range(90, 50))
    await corpus.store(profile, messages(30), Coverage(CHANNEL, read, result))
    assert await corpus.ranges(profile.id) == {CHANNEL: read}
    assert await corpus.places(profile.id) == {CHANNEL: result}
    await corpus.store(profile, [], Coverage(CHANNEL, (Range(900, 0),)))
    assert await corpus.ranges(profile.id) == {CHANNEL: (Range(900, 0),)}
    assert await corpus.places(profile.id) == {CHANNEL: result}, "no other one was given"
    assert await corpus.count(profile.id) == 30


async def test_a_page_that_comes_while_is_read_how_far_its_place_is_counts_in_all_of_that_or_in_nothing(
    database: Database, corpus: Corpus, profile: ProfileSnapshot
) -> None:
    loop, page = asyncio.get_running_loop(), itertools.count(1)

    def read_a_page() -> Coroutine[None, None, int]:
        read = next(page)
        result = PlaceResult(CHANNEL, Outcome.READING, None, read, 100 * read)
        return corpus.store(profile, [], Coverage(CHANNEL, (Range(900, 900 - read),), result))

    def between(statement: str) -> None:
        if statement.lstrip().startswith("SELECT"):
            asyncio.run_coroutine_threadsafe(read_a_page(), loop).result()

    await read_a_page()
    async with database.read() as connection:
        await connection.set_trace_callback(between)
    ranges, places = await corpus.standing(profile.id)
    assert next(page) == 4 and ranges == {CHANNEL: (Range(900, 900 - places[CHANNEL].pages),)}


async def test_ranges_that_are_forgotten_leave_messages_and_results(corpus: Corpus, profile: ProfileSnapshot) -> None:
    await corpus.store(profile, messages(3), covered(3))
    await corpus.forget_ranges(profile.id)
    assert await corpus.ranges(profile.id) == {}
    assert (await corpus.count(profile.id), len(await corpus.places(profile.id))) == (3, 1)


async def test_what_came_of_places_that_were_not_read_is_kept(corpus: Corpus, profile: ProfileSnapshot) -> None:
    results = [PlaceResult(number, outcome, "Why it is so.") for number, outcome in enumerate(Outcome, start=1)]
    await corpus.note_places(profile.id, results)
    assert list((await corpus.places(profile.id)).values()) == results
    better = replace(results[0], outcome=Outcome.READ, reason=None, pages=3)
    await corpus.note_places(profile.id, [better])
    assert list((await corpus.places(profile.id)).values()) == [better, *results[1:]]
    assert await corpus.ranges(profile.id) == {}


async def test_a_plan_is_kept_until_the_collecting_ends(corpus: Corpus, profile: ProfileSnapshot) -> None:
    assert await corpus.plan(profile.id) is None
    plan = Plan("search", 2**62, 210)
    await corpus.put_plan(profile.id, plan)
    assert await corpus.plan(profile.id) == plan
    await corpus.put_plan(profile.id, replace(plan, method="walk", made=7))
    assert await corpus.plan(profile.id) == replace(plan, method="walk", made=7)
    await corpus.end_plan(profile.id)
    await corpus.end_plan(profile.id)
    assert await corpus.plan(profile.id) is None


async def test_two_profiles_read_one_place_each_for_itself(
    corpus: Corpus, steps: Steps, profile: ProfileSnapshot
) -> None:
    other = (await steps.record(birth(user_id=ASKER))).snapshot
    assert isinstance(other, ProfileSnapshot)
    await corpus.store(profile, [], covered(1, down_to=5))
    await corpus.store(other, [], covered(1, down_to=0))
    await corpus.put_plan(other.id, Plan("walk", 9, 9))
    assert await corpus.ranges(profile.id) == {CHANNEL: (Range(1_000_000, 5),)}
    await corpus.forget_ranges(profile.id)
    assert await corpus.ranges(other.id) == {CHANNEL: (Range(1_000_000, 0),)}
    assert await corpus.plan(profile.id) is None


# ---------------------------------------------------------------- any sequence of writing

PLACES = (7, 8)
TEXTS = ("", "one", "two")


@dataclass(frozen=True, slots=True)
class Stored:
    rows: tuple[StoredMessage, ...]
    coverage: Coverage | None


@dataclass(frozen=True, slots=True)
class Removed:
    ids: frozenset[int]


def any_message(number: int) -> st.SearchStrategy[StoredMessage]:
    # Where it stands and who wrote it is fixed for each id, as it is on Discord; what comes of it varies.
    place, own = PLACES[number % 2], number % 3 > 0
    return st.builds(
        StoredMessage,
        message_id=st.just(number),
        user_id=st.just(5 if own else 6),
        server_id=st.just(4),
        channel_id=st.just(place),
        ts=st.just(1000.0 + number),
        text=st.sampled_from(TEXTS),
        author=st.just("Ottilie Vane"),
        own=st.just(own),
        bare=st.booleans() if own else st.just(False),
    )


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    bounds = sorted(draw(st.sets(st.integers(0, 60), min_size=2, max_size=6)), reverse=True)
    pairs = zip(bounds[::2], bounds[1::2], strict=False)
    return Coverage(draw(st.sampled_from(PLACES)), tuple(Range(top, before) for top, before in pairs))


ACTS = st.lists(
    st.builds(
        Stored,
        st.lists(st.integers(1, 30).flatmap(any_message), max_size=12).map(tuple),
        st.none() | coverages(),
    )
    | st.builds(Removed, st.frozensets(st.integers(1, 30), max_size=4)),
    max_size=8,
)


def expected_rows(acts: Iterable[Stored | Removed]) -> tuple[dict[int, StoredMessage], list[int]]:
    """What must be kept in the end, and how many of the subject's own words each act must add or remove."""
    kept: dict[int, StoredMessage] = {}
    told = []
    for act in acts:
        if isinstance(act, Removed):
            told.append(len([kept.pop(number) for number in act.ids if number in kept]))
            continue
        new = 0
        for row in act.rows:
            before = kept.setdefault(row.message_id, row)
            new += before is row and row.own and row.text != ""
            if before.bare and not row.bare:
                kept[row.message_id] = replace(before, bare=False)
        told.append(new)
    return kept, told


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_whatever_is_stored_again_rows_stay_single_and_ranges_are_what_was_given_last(
    acts: list[Stored | Removed],
) -> None:
    async def there_and_back(path: Path) -> None:
        async with Database(path) as database:
            corpus = Corpus(database, Keyring(database, MASTER_KEY), HandClock())
            born = (await steps_of(database, MASTER_KEY).record(birth())).snapshot
            assert isinstance(born, ProfileSnapshot)
            told = []
            for act in acts:
                if isinstance(act, Stored):
                    told.append(await corpus.store(born, act.rows, *([act.coverage] if act.coverage else [])))
                else:
                    told.append((await corpus.remove(act.ids)).get(born.id, 0))
            kept, expected = expected_rows(acts)
            assert told == expected
            assert [row async for page in corpus.stream(born.id) for row in page] == sorted(
                kept.values(), key=lambda row: row.message_id
            )
            assert await corpus.count(born.id) == sum(row.own and row.text != "" for row in kept.values())
            last = {
                each.coverage.channel_id: each.coverage for each in acts if isinstance(each, Stored) and each.coverage
            }
            assert await corpus.ranges(born.id) == {place: each.ranges for place, each in last.items()}

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(there_and_back(Path(folder) / "echo.sqlite3"))
