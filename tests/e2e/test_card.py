"""`/echo card`: the subject reads how they write, strikes and bans, and the next answer heeds it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from echo.discord.access_rows import NOT_YOURS
from echo.discord.card import NONE_HERE, NONE_STRUCK, NOT_AGREED
from echo.discord.card_texts import BANS, PHRASES, SHOW, STRIKE, TOPICS
from echo.sandbox.interaction_payloads import COMPONENT
from states.model import Deadline, SessionState
from states.objections import SENTENCES, Objection
from states.policy import Policy
from tests.persona.talk import ANSWERING, PLACES, THINGS, rows
from tests.support.clock import HandClock
from tests.support.files import everything_in
from tests.support.running import Running, running, until

WREN, OTTO, DAGNY = "Wren", "Otto", "Dagny"
LINK = re.compile(r"https://discord\.com/channels/(\d+)/(\d+)/(\d+)")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, rows(900), clock=HandClock()) as echo:
        yield echo


async def learnt(here: Running, subject: str = WREN) -> None:
    await here.agreed(subject, "lobby", "01.06.2026")
    await here.ready()


async def card(here: Running, author: str = WREN, **options: object) -> dict[str, Any]:
    [found] = (await here.people.command(author, "lobby", "echo card", options))["responses"]
    assert found["ephemeral"], "what somebody is like is shown to who asks alone"
    return dict(found)


async def choose(here: Running, shown: dict[str, Any], kind: str, *values: str, author: str = WREN) -> str:
    menu = next(one for one in shown["components"] if one["custom_id"].startswith(kind))
    [said] = (await here.people.press(author, shown["message_id"], menu["custom_id"], values))["responses"]
    assert said["ephemeral"]
    return str(said["content"])


async def ban(here: Running, phrases: str = "", topics: str = "") -> str:
    shown = await card(here)
    button = next(one for one in shown["components"] if one["kind"] == "button")
    [opened] = (await here.people.press(WREN, shown["message_id"], button["custom_id"]))["responses"]
    form = opened["modal"]["custom_id"]
    assert form.startswith(BANS)
    [said] = (await here.people.modal(WREN, form, {PHRASES: phrases, TOPICS: topics}))["responses"]
    return str(said["content"])


async def test_the_subject_sees_figures_and_the_messages_behind_them(here: Running) -> None:
    await learnt(here)
    shown = await card(here)
    assert "Favourite words: " in shown["content"] and " UTC" in shown["content"]
    assert re.search(r"all in lower case\. \(\d+ %, others \d+ %\)", shown["content"])
    said = await choose(here, shown, SHOW, "dots")
    found = LINK.findall(said)
    assert len(found) == 5
    assert here.echo.sandbox is not None
    world = here.echo.sandbox.world
    wren = next(int(one["id"]) for one in here.people.people() if one["name"] == WREN)
    behind = [world.message(int(place), int(message)) for _, place, message in found]
    assert all(one is not None and one.author_id == wren and "..." in one.content for one in behind)
    assert [int(message) for _, _, message in found] == sorted((int(m) for _, _, m in found), reverse=True)


async def test_struck_lines_stay_struck_and_can_be_restored(here: Running) -> None:
    await learnt(here)
    shown = await card(here)
    assert "“Sometimes trails off with dots”" in await choose(here, shown, STRIKE, "dots", "favourites")
    again = await card(here)
    assert "~~Sometimes trails off with dots.~~" in again["content"]
    assert "trails off" not in (await here.command(DAGNY, "lobby", "echo status"))
    assert await choose(here, again, STRIKE) == NONE_STRUCK
    assert "~~Sometimes trails" not in (await card(here))["content"]


async def test_what_is_struck_or_banned_is_not_said_in_the_next_answers(here: Running, tmp_path: Path) -> None:
    await learnt(here)
    await here.command(WREN, "lobby", "echo online")
    await choose(here, await card(here), STRIKE, "asks")
    said = await ban(here, phrases="The Shed\n\nheh", topics="kettles\nteapots")
    assert "2 words and phrases and 2 topics are banned" in said
    for number in range(8):
        here.clock.move(30)
        await here.tell(OTTO, "lobby", f"wren, where is the {('kettle', 'teapot', 'boat', 'ladder')[number % 4]}?")
    texts = [one["content"].lower() for one in here.said("lobby")]
    assert len(texts) >= 4
    assert not [text for text in texts if re.search(r"kettle|teapot|the shed|\bheh\b|\?", text)]
    assert not any(word in everything_in(tmp_path) for word in (b"kettles", b"The Shed"))
    assert "2 banned phrases and 2 banned topics" in (await card(here))["content"]


async def test_a_draft_that_offends_a_new_wish_is_not_said(here: Running) -> None:
    await learnt(here)
    await here.command(WREN, "lobby", "echo online")
    await here.people.say(OTTO, "lobby", "wren, where is the kettle?")
    await until(here.board, lambda: here.session().state is SessionState.COMPOSING and here.session().due)
    words = {word for text in ANSWERING for word in re.findall(r"[a-z]+", text)} - {"n", "t", "p"}
    await ban(here, phrases="\n".join([*sorted(words), *PLACES, *THINGS][:50]))
    await here.let_it_speak()
    assert here.said("lobby") == []
    assert here.session().reason == SENTENCES[Objection.WISH]


async def test_managers_see_form_alone_and_change_nothing(here: Running) -> None:
    """Wren, who wrote most, owns the server; the echo is Otto's."""
    await learnt(here, OTTO)
    mine = await card(here, OTTO)
    assert "Often begins" in mine["content"]
    shown = await card(here, WREN, profile=OTTO)
    assert "all in lower case" in shown["content"] and shown["components"] == []
    for private in ("Favourite words", "UTC", "Often begins", "banned"):
        assert private not in shown["content"]
    assert "words a message mostly" in await here.command(DAGNY, "lobby", "echo status")
    refused = await here.people.command(DAGNY, "lobby", "echo card", {"profile": OTTO})
    assert "Only Otto" in refused["responses"][0]["content"]
    assert await here.command(DAGNY, "lobby", "echo card") == NONE_HERE
    assert await forged(here, WREN, mine["components"][0]["custom_id"], ["dots"]) == [NOT_YOURS]
    assert "~~" not in (await card(here, OTTO))["content"].replace("~~struck~~", "")


async def forged(here: Running, author: str, custom_id: str, values: list[str]) -> list[str]:
    """What is answered to a choice from a menu that this person was never shown."""
    assert here.echo.sandbox is not None
    world, interactions = here.echo.sandbox.world, here.echo.sandbox.interactions
    who = next(int(one["id"]) for one in here.people.people() if one["name"] == author)
    lobby = next(int(one["id"]) for one in here.people.channels() if one["name"] == "lobby")
    source = world.post_message(lobby, world.bot.id, "look", now=here.clock().timestamp())
    data = {"component_type": 3, "custom_id": custom_id, "values": values}
    pressed = interactions.begin(COMPONENT, who, lobby, data, source=source)
    await interactions.settled(pressed)
    said = [world.message(pressed.channel_id, one) for one in pressed.said]
    return [one.content for one in said if one is not None]


async def test_before_the_yes_there_is_no_card(here: Running) -> None:
    assert await here.command(WREN, "lobby", "echo card") == NONE_HERE
    await here.people.command(WREN, "lobby", "echo create", {"user": WREN, "before": "01.06.2026"})
    assert await here.command(WREN, "lobby", "echo card") == NOT_AGREED


@pytest.mark.parametrize(
    ("phrases", "topics", "said"),
    [
        ("\n".join(f"word {i}" for i in range(51)), "", "At most 50 words and phrases can be banned"),
        ("x" * 81, "", "has 1 to 80 characters"),
        ("", "of", "has 3 to 40 characters"),
        ("", "\n".join(f"topic{i}" for i in range(26)), "At most 25 topics can be banned"),
    ],
)
async def test_too_much_is_refused_in_one_sentence_and_changes_nothing(
    here: Running, phrases: str, topics: str, said: str
) -> None:
    await learnt(here)
    answer = await ban(here, phrases, topics)
    assert said in answer and "nothing was changed" in answer
    assert "banned" not in (await card(here))["content"]


async def test_the_card_is_read_anew_when_the_model_is_amended(here: Running) -> None:
    """What a deleted message taught is off the card within seconds, though the model keeps its number."""
    await learnt(here)
    before, version = await card(here), here.board.profiles[1].model_version
    assert here.echo.sandbox is not None
    world = here.echo.sandbox.world
    lobby = next(int(one["id"]) for one in here.people.channels() if one["name"] == "lobby")
    named = re.search(r"Favourite words: (\w+)", before["content"])
    assert named
    for message in here.people.messages("lobby", limit=None):
        if named[1] in message["content"].lower():
            world.delete_message(lobby, int(message["id"]))

    def amended() -> int:
        return sum(line.event == "ModelAmended" for line in here.board.journal)

    # So many deletions need not all be known when the first amendment begins; then another one follows.
    while named[1] in (await card(here))["content"]:
        count = amended() + 1
        await until(here.board, lambda: Deadline.AMEND in here.board.profiles[1].due)
        here.clock.move(Policy().amend_soon.total_seconds())
        await until(here.board, partial(lambda least: amended() >= least, count))
    assert here.board.profiles[1].model_version == version
