"""Pages of history are written cheaply, and always as the messages are now."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.written import Written
from echo.sandbox import payloads
from echo.sandbox.answers import written
from echo.sandbox.pages import Pages
from echo.sandbox.records import Channel
from echo.sandbox.server import Sandbox
from echo.sandbox.snowflakes import LARGEST, time_text_of, timestamp_of
from echo.sandbox.world import World
from tests.support.loopback import NOW, START, Caller, channel, small_world, user


def slowly(world: World, place: Channel) -> bytes:
    """The newest hundred messages as the payload code writes each of them by itself."""
    return written([payloads.message(world, one) for one in world.messages[place.id].before(None, 100)])


def quickly(pages: Pages, world: World, place: Channel) -> bytes:
    history = world.messages[place.id]
    return pages.text(history, history.span(100))


def same_after(world: World, pages: Pages, place: Channel) -> bytes:
    """The page, which must be as the payload code has it."""
    page = quickly(pages, world, place)
    assert page == slowly(world, place)
    return page


def answers() -> World:
    lines = [
        Written("Ada", "general", START, "first", key="1"),
        Written("Bo", "general", START + 0.25, "an answer", key="2", reply_to="1"),
        Written(
            "Ada", "general", START + 3599.999, 'an "answer" to\nan \\answer\t\u2028 \ud800 🎉', key="3", reply_to="2"
        ),
        Written('Q"uote\\', "general", START + 90_000, "", key="4", reply_to="3"),
        Written("null", "general", START + 90_001, '"referenced_message":null', key="5", reply_to="4"),
    ]
    return World.populate(1, "Answers", lines)


def test_imported_lines_and_answers_are_written_as_the_payload_code_writes_them() -> None:
    for world in (answers(), small_world()):
        pages = Pages(world)
        for place in world.channels.values():
            same_after(world, pages, place)


def test_whatever_happens_to_a_message_is_in_the_next_page() -> None:
    world = answers()
    pages, [place] = Pages(world), world.guild_channels()
    first, second, *_ = world.messages[place.id].ids()
    ada, bo = user(world, "Ada").id, user(world, "Bo").id
    seen = {same_after(world, pages, place)}
    hook = world.create_webhook(place.id, "Voice", world.bot.id, now=NOW)
    spoken = world.post_message(place.id, hook, "spoken", now=NOW)
    world.post_message(place.id, ada, "hello <@5>", now=NOW, reply_to=first)
    changes: list[Callable[[], object]] = [
        lambda: world.edit_message(place.id, first, now=NOW, content="other words"),
        lambda: world.add_reaction(place.id, first, bo, "👍"),
        lambda: world.remove_reaction(place.id, first, bo, "👍"),
        lambda: world.add_reaction(place.id, first, ada, "🎉"),
        lambda: world.clear_reactions(place.id, first),
        lambda: world.pin(place.id, second, pinned=True),
        lambda: world.rename(ada, "Ada the First"),
        lambda: world.rename(bo, "Bo the Second"),
        lambda: world.delete_webhook(hook.id),
        lambda: world.delete_message(place.id, first),
        lambda: world.delete_messages(place.id, [second, spoken.id]),
    ]
    for number, change in enumerate(changes):
        change()
        page = same_after(world, pages, place)
        assert page not in seen or number in (2, 4), f"the change {number} is not seen"
        seen.add(page)


async def test_over_rest_an_edited_reacted_pinned_and_renamed_message_shows_its_new_form(
    sandbox: Sandbox, call: Caller
) -> None:
    world, people = sandbox.world, sandbox.people
    base = f"/channels/{channel(world, 'general').id}/messages"
    await call("GET", base, limit=100)
    mara = user(world, "Mara").id
    line = str(world.messages[channel(world, "general").id].ids(mara)[-1])

    async def now() -> dict[str, object]:
        found: dict[str, object] = next(one for one in await call("GET", base, limit=100) if one["id"] == line)
        return found

    await people.edit("Mara", line, "newer")
    assert (await now())["content"] == "newer"
    await people.react("Tobias", line, "👍")
    assert (await now())["reactions"]
    await people.react("Tobias", line, "👍", remove=True)
    assert "reactions" not in await now()
    await people.pin("Mara", line)
    assert (await now())["pinned"] is True
    await people.rename("Mara", "M")
    assert [one["author"]["global_name"] for one in await call("GET", base, limit=100) if one["id"] == line] == ["M"]
    sandbox.faults.set({"message_content": False})
    assert (await now())["content"] == ""
    await people.delete("M", line)
    assert line not in [one["id"] for one in await call("GET", base, limit=100)]


@settings(max_examples=200)
@given(st.integers(min_value=0, max_value=LARGEST))
def test_times_are_spelt_as_datetime_spells_them(number: int) -> None:
    assert time_text_of(number) == payloads.time_text(timestamp_of(number))


def test_a_page_of_imported_lines_takes_a_fraction_of_writing_each_by_itself() -> None:
    lines = [Written(f"P{i % 5}", "general", START + i, f"some words of line {i}") for i in range(2000)]
    world = World.populate(1, "Long", lines)
    pages, [place] = Pages(world), world.guild_channels()
    same_after(world, pages, place)
    assert _best(lambda: quickly(pages, world, place)) < 0.6 * _best(lambda: slowly(world, place))


def _best(work: Callable[[], object]) -> float:
    found = []
    for _ in range(20):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)
