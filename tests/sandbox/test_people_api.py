"""Acting as the sandbox's people from outside, over HTTP."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo.errors import UsageError
from echo.sandbox.options import NotPossible
from echo.sandbox.records import Overwrite
from echo.sandbox.server import Sandbox
from echo.sandbox.views import with_mentions, with_names
from tests.support.bot import NOON, Stage, connected, small_world
from tests.support.loopback import Caller, calling, channel, opened, user
from tests.support.talkative import dress

HIDDEN = 1 << 10


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with opened(small_world()) as running:
        yield running


async def error(call: Caller, path: str, body: object) -> str:
    """The sentence with which a request is refused."""
    refused = await call("POST", f"/sandbox/{path}", body, status=400)
    assert list(refused) == ["error"]
    return str(refused["error"])


def line(**fields: object) -> dict[str, object]:
    return {"author": "Ada", "channel": "general", "content": "hello there", **fields}


async def test_a_message_is_written_and_read_by_names_or_ids(call: Caller, sandbox: Sandbox) -> None:
    bo, general = user(sandbox.world, "Bo"), channel(sandbox.world, "general")
    first = await call("POST", "/sandbox/messages", line(author="@bo", channel="#general"))
    second = await call("POST", "/sandbox/messages", line(author=str(bo.id), channel=general.id))
    found = await call("GET", "/sandbox/messages", channel="general", after=first["id"])
    assert [one["id"] for one in found] == [second["id"]]
    assert {key: found[0][key] for key in ("author", "webhook", "content")} == {
        "author": "Bo",
        "webhook": None,
        "content": "hello there",
    }
    assert found[0]["ts"] > NOON - 10_000


async def test_messages_come_oldest_first_and_can_be_limited(call: Caller) -> None:
    for text in ("one", "two", "three"):
        await call("POST", "/sandbox/messages", line(content=text))
    found = await call("GET", "/sandbox/messages", channel="general")
    assert [one["content"] for one in found] == ["morning all", "hello ada", "one", "two", "three"]
    last = await call("GET", "/sandbox/messages", channel="general", limit=2)
    assert [one["content"] for one in last] == ["two", "three"]
    next_two = await call("GET", "/sandbox/messages", channel="general", limit=2, after=found[0]["id"])
    assert [one["content"] for one in next_two] == ["hello ada", "one"]


async def test_a_reply_knows_what_it_answers(call: Caller) -> None:
    first = await call("POST", "/sandbox/messages", line())
    reply = await call("POST", "/sandbox/messages", line(author="Bo", content="hi", reply_to=first["id"]))
    assert reply["reply_to"] == first["id"]
    elsewhere = line(channel="random", reply_to=first["id"])
    assert f"no message {first['id']} in #random" in await error(call, "messages", elsewhere)


async def test_people_and_channels_are_listed_with_ids_and_names(call: Caller) -> None:
    people = await call("GET", "/sandbox/people")
    assert [one["name"] for one in people] == ["Ada", "Bo", "Cy Day"]
    assert [one["manager"] for one in people] == [True, False, False]
    channels = await call("GET", "/sandbox/channels")
    assert [one["name"] for one in channels] == ["general", "random", "plans"]
    assert channels[2]["parent"] == channels[1]["id"]


async def test_a_members_name_after_an_at_becomes_a_mention(call: Caller, sandbox: Sandbox) -> None:
    cy, bot = user(sandbox.world, "Cy Day"), sandbox.world.bot
    said = await call("POST", "/sandbox/messages", line(content="@cy day, ask @Echo or @nobody; me@bo.org"))
    assert said["content"] == f"<@{cy.id}>, ask <@{bot.id}> or @nobody; me@bo.org"
    assert said["shown"] == "@Cy Day, ask @Echo or @nobody; me@bo.org"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="@<>! aBbocyd#1", max_size=40))
def test_mentions_read_as_the_names_that_were_typed(text: str) -> None:
    world = small_world()
    assert with_names(world, with_mentions(world, text)).casefold() == text.casefold()


async def test_writing_in_an_archived_thread_wakes_it(call: Caller, sandbox: Sandbox) -> None:
    plans = channel(sandbox.world, "plans")
    sandbox.world.modify_channel(plans.id, now=NOON, archived=True)
    await call("POST", "/sandbox/messages", line(author="Bo", channel="plans"))
    assert not plans.archived
    assert user(sandbox.world, "Bo").id in plans.thread_members
    sandbox.world.modify_channel(plans.id, now=NOON, locked=True)
    assert await error(call, "messages", line(channel="plans")) == "The thread #plans is locked."


async def test_nobody_acts_where_they_see_nothing(call: Caller, sandbox: Sandbox) -> None:
    random, bo = channel(sandbox.world, "random"), user(sandbox.world, "Bo")
    sandbox.world.set_overwrite(random.id, Overwrite(bo.id, 1, deny=HIDDEN))
    assert await error(call, "messages", line(author="Bo", channel="random")) == "Bo can't see #random."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"author": "Zed"}, "Nobody here is called “Zed”; try one of: Ada, Bo, Cy Day."),
        ({"author": "Echo"}, "Echo is a bot and acts for itself."),
        ({"channel": "attic"}, "No channel here is called “attic”; try one of: #general, #random."),
        ({"content": "  "}, "A message needs some text in its content."),
        ({"content": 7}, "A message needs some text in its content."),
        ({"content": "x" * 2001}, "A message has at most 2000 characters, and this one has 2001."),
        ({"reply_to": "that"}, "A message is named by its id, a number, not by “that”."),
        ({"channel": None}, "The field channel is missing."),
        (
            {"colour": "red"},
            "There is no field colour; "
            "there are: author, channel, content, reply_to, attachments, stickers, poll, voice.",
        ),
    ],
)
async def test_a_wrong_message_is_refused_in_one_sentence(
    call: Caller, change: dict[str, object], sentence: str
) -> None:
    assert await error(call, "messages", line(**change)) == sentence


async def test_what_is_no_json_object_is_refused_in_one_sentence(call: Caller) -> None:
    assert await error(call, "press", [1]) == "The request's body must be a JSON object."
    assert await error(call, "modal", {"author": "Ada"}) == "The field custom_id is missing."


async def test_half_a_character_is_refused_before_it_can_break_the_bots_connection(call: Caller) -> None:
    for body in (line(content="a \ud83d b"), line(colour={"\udc00": 1})):
        assert await error(call, "messages", body) == (
            "The request's body holds half of a character (\\ud800 to \\udfff): send whole ones."
        )


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["Ada", "general", "Echo"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["author", "channel", "content", "reply_to", "command", "options", "message_id", "custom_id", "values", "option"]
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.dictionaries(FIELDS, WILD, max_size=7) | WILD, min_size=1, max_size=5))
def test_whatever_is_sent_is_done_or_refused_in_one_sentence(bodies: list[Any]) -> None:
    async def send_all() -> None:
        async with opened(small_world()) as sandbox, aiohttp.ClientSession(sandbox.address) as session:
            for path, body in itertools.product(("messages", "commands", "press", "modal", "autocomplete"), bodies):
                async with session.post(f"/sandbox/{path}", json=body) as answer:
                    found = await answer.json()
                    assert answer.status == 200 or (answer.status == 400 and list(found) == ["error"]), (path, found)

    asyncio.run(send_all())


def test_a_refusal_is_a_usage_error_and_a_value_error() -> None:
    assert issubclass(NotPossible, UsageError)
    assert issubclass(NotPossible, ValueError)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({}, "Which channel? Give its name or id: ?channel=..."),
        ({"channel": "general", "after": "x"}, "A message is named by its id, a number, not by “x”."),
        ({"channel": "general", "limit": "0"}, "The query parameter limit must be a whole number from 1 to 100000."),
        (
            {"channel": "general", "before": "1"},
            "There is no query parameter before; there are: channel, after, viewer, limit.",
        ),
    ],
)
async def test_a_wrong_question_for_messages_is_refused(call: Caller, query: dict[str, str], sentence: str) -> None:
    refused = await call("GET", "/sandbox/messages", status=400, **query)
    assert refused == {"error": sentence}


async def test_a_command_before_the_bot_has_any_says_so(call: Caller) -> None:
    called = {"author": "Ada", "channel": "general", "command": "echo create"}
    assert await error(call, "commands", called) == (
        "The bot has registered no commands yet; wait until it is connected."
    )


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with connected(dress) as stage:
        yield stage


@pytest.fixture
async def talk(stage: Stage) -> AsyncIterator[Caller]:
    async with calling(stage.sandbox) as caller:
        yield caller


def create(**options: object) -> dict[str, Any]:
    return {"author": "Ada", "channel": "general", "command": "echo create", "options": options}


async def test_commands_presses_and_forms_answer_over_http(talk: Caller) -> None:
    [made] = (await talk("POST", "/sandbox/commands", create(user="@Bo", before="01.06.2026")))["responses"]
    assert "before 01.06.2026" in made["content"]
    asked = {"author": "Ada", "channel": "general", "command": "/ask"}
    [asked_for] = (await talk("POST", "/sandbox/commands", asked))["responses"]
    assert {"custom_id": "ask:yes", "label": "I agree"}.items() <= asked_for["components"][0].items()
    press = {"author": "Bo", "message_id": asked_for["message_id"], "custom_id": "ask:yes"}
    [pressed] = (await talk("POST", "/sandbox/press", press))["responses"]
    assert pressed["message_id"] == asked_for["message_id"]
    await talk("POST", "/sandbox/commands", {**asked, "command": "form"})
    form = {"author": "Ada", "custom_id": "form", "values": {"form:name": "Mara"}}
    [submitted] = (await talk("POST", "/sandbox/modal", form))["responses"]
    assert submitted == {**submitted, "content": "Mara//", "ephemeral": True}
    seen = await talk("GET", "/sandbox/messages", channel="general", viewer="Ada")
    assert submitted["message_id"] == seen[-1]["id"]


async def test_options_are_completed_over_http(talk: Caller) -> None:
    typed = {"author": "Ada", "channel": "general", "command": "echo online", "option": "profile", "text": "b"}
    assert await talk("POST", "/sandbox/autocomplete", typed) == [{"name": "bo", "value": "bo"}]
    listed = await talk("GET", "/sandbox/commands")
    assert {"slash", "user"} == {one["kind"] for one in listed}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"before": "01.06.2026"}, "/echo create needs the option user: Of whom."),
        ({"user": "Bo"}, "/echo create needs the option before: Until when."),
        ({"user": "Zed", "before": "x"}, "Nobody here is called “Zed”; try one of: Ada, Bo, Cy Day."),
        ({"user": ["Bo"], "before": "x"}, "Nobody here is called “['Bo']”; try one of: Ada, Bo, Cy Day."),
        ({"user": "Bo", "before": 6}, "The option before takes text, not “6”."),
        ({"user": "Bo", "before": "01.06.2026, noon"}, "The option before takes 0 to 10 characters."),
        (
            {"user": "Bo", "before": "x", "place": "attic"},
            "No channel here is called “attic”; try one of: #general, #random.",
        ),
        ({"user": "Bo", "before": "x", "size": "huge"}, "The option size takes one of: small, big."),
        ({"whom": "Bo"}, "/echo create has no option called “whom”; it has: user, before, place, size."),
    ],
)
async def test_wrong_options_are_refused_in_one_sentence(
    talk: Caller, options: dict[str, object], sentence: str
) -> None:
    assert await error(talk, "commands", create(**options)) == sentence


async def test_unknown_commands_are_refused_with_those_that_there_are(talk: Caller) -> None:
    for wrong in ("echo", "echo destroy", "echo create now", "", "Make an egg"):
        refused = await error(talk, "commands", {**create(), "command": wrong or " "})
        assert "the commands are: " in refused and "/echo create" in refused


async def test_messages_that_cannot_be_pressed_are_explained(talk: Caller, stage: Stage) -> None:
    press = {"author": "Ada", "message_id": "123", "custom_id": "ask:yes"}
    assert await error(talk, "press", press) == "There is no message 123."
    first = stage.people.messages("general")[0]["id"]
    assert await error(talk, "press", {**press, "message_id": first}) == f"The message {first} has nothing to press."


async def test_subscribers_see_messages_edits_deletions_and_typing(stage: Stage) -> None:
    seen: list[dict[str, Any]] = []
    end = stage.people.subscribe(seen.append)
    world, general, ada = stage.world, channel(stage.world, "general"), user(stage.world, "Ada")
    said = await stage.people.say("Ada", "general", "hello @Bo")
    world.edit_message(general.id, int(said["id"]), now=stage.clock(), content="hello")
    world.start_typing(general.id, world.bot.id, now=stage.clock())
    world.delete_message(general.id, int(said["id"]))
    await stage.people.command("Ada", "general", "Make an echo", {"user": "Bo"})
    end()
    await stage.people.say("Ada", "general", "unseen")
    assert [one["type"] for one in seen] == ["message", "edited", "typing", "deleted", "message"]
    assert seen[0]["message"]["shown"] == "hello @Bo"
    assert (seen[2]["author"], seen[3]["id"]) == ("Echo", said["id"])
    assert seen[4]["only_user"] == str(ada.id)
