"""A process that collects, killed with SIGKILL at any moment and started again: nothing is lost, nothing is twice."""

from __future__ import annotations

import random
import sys
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from db.stored import Outcome, Provenance, Range
from echo.corpus.written import Written
from echo.discord.collecting.walking import ABREAST
from echo.discord.snowflakes import snowflake_at
from echo.sandbox.records import ANNOUNCEMENT, ANNOUNCEMENT_THREAD, FORUM, VOICE
from echo.sandbox.world import World
from tests.discord.stand import CUTOFF, at, store
from tests.support.kept import Kept, assert_context_is_whole, words_of_the_subject
from tests.support.lives import Fate, Life, Lives, lives_at

WALKS, SEARCHES = (1, 2), (3, 4)
"""What the chance of each story begins with."""
DEATHS = 27
"""Lives that are killed for each of them: more than a hundred in all."""
DAY = 86400.0
SUBJECT, OTHERS = "Mara", ("Bo", "Cy", "Dee", "Zoe")


def chatter(chance: random.Random, channel: str, size: int, share: float, parent: str | None = None) -> list[Written]:
    """`size` messages, `share` of them the subject's: bursts, answers, hours of silence; some after the cut-off."""
    written: list[Written] = []
    ts, author = at(-30.0 * size), SUBJECT
    for number in range(size):
        key = f"{channel} {number}"
        if chance.random() < 0.4:
            author = SUBJECT if chance.random() < share else chance.choice(OTHERS)
        text = chance.choice(("ok", "yes", f"{author} says {key}"))
        answered = f"{channel} {number + 2}" if number % 11 == 3 and number + 2 < size else None
        written.append(Written(author, channel, ts, text, key, answered, parent))
        ts -= chance.choice((2.0, 40.0, 200.0, 600.0, 6 * 3600.0 if chance.random() < 0.1 else 60.0))
    return written


def a_server(seed: int, share: float, scale: int) -> World:
    """Channels of every kind with threads that are active or archived; sizes about the borders of pages."""
    chance = random.Random(seed)
    written = [Written("Zoe", "general", at(400 * DAY), "the first words here")]
    for channel in ("general", "random", "news", "calls"):
        written += chatter(chance, channel, scale * chance.choice((99, 100, 101, 230, 300)), share)
    for number in range(4):
        written += chatter(chance, f"plan {number}", chance.choice((1, 100, 150, 201)), share, parent="general")
        written += chatter(chance, f"post {number}", chance.choice((3, 60, 99, 130)), share, parent="ideas")
    written += chatter(chance, "report", 120, share, parent="news")
    world = World.populate(seed, "Somewhere", written, manager="Zoe")
    for name, kind in (("news", ANNOUNCEMENT), ("report", ANNOUNCEMENT_THREAD), ("calls", VOICE), ("ideas", FORUM)):
        place = world.find_channel(name)
        assert place is not None
        place.kind = kind
    for number, thread in enumerate(one for one in world.channels.values() if one.is_thread):
        thread.archived = number % 3 != 0
    return world


async def kept_in(home: Path, world: World) -> Kept:
    """What is kept in a folder."""
    async with store(home, world) as opened:
        return await Kept.of(opened.corpus, opened.profile.id)


async def story(lives: Lives, home: Path, world: World, chance: random.Random, deaths: int) -> list[Life]:
    """The lives until all is collected: killed again and again, `deaths` times at most."""
    async with store(home, world):
        pass
    led: list[Life] = []
    while not led or led[-1].status:
        led.append(await lives.lead(home, Fate.drawn(chance) if len(led) < deaths else None))
    return led


def assert_nothing_was_asked_twice(lives: list[Life], alone: Life) -> None:
    """But the pages that were under way when the process died: as many as are asked at the same time."""
    deaths = len(lives) - 1
    assert not [again for life in lives for again in (*life.asked_again(), *life.searched_again())]
    pages = Counter(page for life in lives for page in life.pages)
    assert pages.total() - len(pages) <= deaths * ABREAST
    searches = Counter(page for life in lives for page in life.searches)
    assert searches.keys() == set(alone.searches)
    assert searches.total() <= len(alone.searches) + deaths


@pytest.mark.parametrize("seed", WALKS)
async def test_a_walk_killed_again_and_again_ends_as_one_that_was_left_alone(tmp_path: Path, seed: int) -> None:
    chance, world = random.Random(seed), a_server(seed, share=0.2, scale=4)
    async with lives_at(world, tmp_path) as lives:
        lives.sandbox.faults.set({"search_forbidden": True})
        (alone,) = await story(lives, tmp_path / "alone", world, chance, 0)
        expected = await kept_in(tmp_path / "alone", world)
        assert expected.own() == words_of_the_subject(world) and len(expected.own()) > 300
        assert expected.outcomes().keys() == {Outcome.READ} and not expected.is_planned
        for number in count(1):
            home = tmp_path / str(number)
            led = await story(lives, home, world, chance, DEATHS - lives.deaths.total())
            assert await kept_in(home, world) == expected
            assert_nothing_was_asked_twice(led, alone)
            assert {page for life in led for page in life.pages} == set(alone.pages)
            if lives.deaths.total() == DEATHS:
                break
    sys.stdout.write(f"killed {lives.deaths.total()} times in {number} walks: {dict(lives.deaths)}\n")


@pytest.mark.parametrize("seed", SEARCHES)
async def test_a_search_killed_again_and_again_finds_what_is_there_and_no_context_of_a_half(
    tmp_path: Path, seed: int
) -> None:
    chance, world = random.Random(seed), a_server(seed, share=0.02, scale=16)
    upper_id = snowflake_at(CUTOFF)
    async with lives_at(world, tmp_path) as lives:
        whole = await walked(lives, tmp_path / "whole", world, chance)
        (alone,) = await story(lives, tmp_path / "alone", world, chance, 0)
        expected = await kept_in(tmp_path / "alone", world)
        for number in count(1):
            home = tmp_path / str(number)
            led = await story(lives, home, world, chance, DEATHS - lives.deaths.total())
            kept = await kept_in(home, world)
            assert kept.own() == words_of_the_subject(world) and len(kept.own()) > 100
            assert kept.ranges == expected.ranges == {world.guild.id: (Range(upper_id, 0),)}
            assert kept.places == expected.places and not kept.is_planned
            assert_context_is_whole(kept, whole)
            assert {row.provenance for row in kept.rows.values() if row.own} == {Provenance.SEARCH}
            assert len(kept.bare()) < len(kept.own()) / 2
            assert_nothing_was_asked_twice(led, alone)
            if lives.deaths.total() == DEATHS:
                break
    sys.stdout.write(f"killed {lives.deaths.total()} times in {number} searches: {dict(lives.deaths)}\n")


async def walked(lives: Lives, home: Path, world: World, chance: random.Random) -> Kept:
    """What a walk that is left alone finds: all context that there is."""
    lives.sandbox.faults.set({"search_forbidden": True})
    await story(lives, home, world, chance, 0)
    lives.sandbox.faults.set({"clear": True})
    return await kept_in(home, world)


def test_there_are_a_hundred_deaths() -> None:
    assert DEATHS * (len(WALKS) + len(SEARCHES)) >= 100
