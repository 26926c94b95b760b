"""What comes of a person's act, with a real bot over the real loopback; all traffic fits Discord's description."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import nextcord
import pytest
from nextcord import Interaction

from echo.sandbox.interactions import LIFETIME, NOT_RESPONDED
from echo.sandbox.options import NotPossible
from tests.support.bot import PATIENCE, Stage, connected
from tests.support.talkative import Ask, dress


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with connected(dress) as stage:
        yield stage


async def answer(stage: Stage, command: str, author: str = "Ada", **options: object) -> dict[str, Any]:
    """The only response to a command in #general."""
    found = await stage.people.command(author, "general", command, options)
    [response] = found["responses"]
    assert isinstance(response, dict)
    return response


async def test_a_subcommand_gets_its_options_resolved(stage: Stage) -> None:
    bo = stage.world.find_user("Bo")
    random = stage.world.find_channel("random")
    assert bo is not None and random is not None
    said = await answer(stage, "/echo create", user="@bo", before="01.06.2026", place="#random", size="big")
    assert said["content"] == f"{bo.id} before 01.06.2026 in {random.id} 2"
    assert not said["ephemeral"]
    assert stage.people.messages("general")[-1]["content"] == said["content"]


async def test_a_user_command_is_called_on_somebody(stage: Stage) -> None:
    bo = stage.world.find_user("Bo")
    assert bo is not None
    said = await answer(stage, "Make an echo", user="Bo")
    assert (said["content"], said["ephemeral"]) == (f"of {bo.id}", True)


async def test_an_ephemeral_answer_is_seen_by_nobody_else(stage: Stage) -> None:
    said = await answer(stage, "Make an echo", user="Bo")

    def ids(viewer: str | None) -> list[str]:
        return [one["id"] for one in stage.people.messages("general", viewer=viewer)]

    assert said["message_id"] in ids("Ada")
    assert said["message_id"] not in ids("Bo") + ids(None)
    assert said["message_id"] not in [data["id"] for event, data in stage.wire.dispatches if event == "MESSAGE_CREATE"]


async def test_a_deferred_answer_is_waited_for_with_its_follow_ups(stage: Stage) -> None:
    found = await stage.people.command("Ada", "general", "slow deferred")
    first, *_ = found["responses"]
    assert first["content"] == "Done\nthought about it\nDepth: great"
    assert first["ephemeral"]
    await until(stage, lambda seen: [one["content"] for one in seen][-1] == "and more", viewer="Ada")


async def test_an_edited_answer_is_given_as_it_ended(stage: Stage) -> None:
    assert (await answer(stage, "slow edited"))["content"] in ("first", "second")
    await until(stage, lambda seen: seen[-1]["content"] == "second")


async def test_an_answer_that_was_taken_back_is_gone(stage: Stage) -> None:
    await stage.people.command("Ada", "general", "slow gone")
    await until(stage, lambda seen: seen[-1]["content"] == "hello ada")


async def until(stage: Stage, fact: Any, viewer: str | None = None) -> None:
    """Waits for the messages of #general to be so, looking at every change."""
    changed = asyncio.Event()
    end = stage.people.subscribe(lambda _: changed.set())
    async with asyncio.timeout(PATIENCE):
        while not fact(stage.people.messages("general", viewer=viewer)):
            await changed.wait()
            changed.clear()
    end()


async def test_a_press_updates_the_message_it_was_made_on(stage: Stage) -> None:
    asked = await answer(stage, "ask")
    assert [(one["custom_id"], one["label"]) for one in asked["components"]] == [
        ("ask:yes", "I agree"),
        ("ask:no", "Never"),
        ("ask:quiet", "Quietly"),
        ("ask:whisper", "Whisper"),
        ("ask:burn", "Burn it"),
    ]
    bo = stage.world.find_user("Bo")
    assert bo is not None
    [pressed] = (await stage.people.press("Bo", asked["message_id"], "ask:yes"))["responses"]
    assert pressed == {**pressed, "message_id": asked["message_id"], "content": f"agreed by {bo.id}", "components": []}


async def test_a_deferred_update_gives_the_message_after_its_edit(stage: Stage) -> None:
    asked = await answer(stage, "ask")
    [pressed] = (await stage.people.press("Bo", asked["message_id"], "quietly"))["responses"]
    assert (pressed["message_id"], pressed["content"]) == (asked["message_id"], "quietly done")


async def test_a_button_may_answer_with_a_message_of_its_own(stage: Stage) -> None:
    asked = await answer(stage, "ask")
    [pressed] = (await stage.people.press("Bo", asked["message_id"], "ask:whisper"))["responses"]
    assert (pressed["content"], pressed["ephemeral"]) == ("psst", True)
    assert pressed["message_id"] != asked["message_id"]


async def test_a_persistent_view_works_on_a_message_posted_without_an_interaction(stage: Stage) -> None:
    general = stage.world.find_channel("general")
    assert general is not None
    channel = stage.client.get_channel(general.id)
    assert isinstance(channel, nextcord.TextChannel)
    posted = await channel.send("Well?", view=Ask())
    [pressed] = (await stage.people.press("Ada", str(posted.id), "ask:yes"))["responses"]
    assert pressed["content"].startswith("agreed by")


@pytest.mark.parametrize(
    ("author", "custom_id", "why"),
    [
        ("Ada", "ask:no", "“Never” is disabled."),
        ("Ada", "ask:maybe", "has no component “ask:maybe”; it has: ask:yes, ask:no, ask:quiet, ask:whisper."),
        ("Echo", "ask:yes", "Echo is a bot and acts for itself."),
    ],
)
async def test_a_press_that_cannot_be_is_explained(stage: Stage, author: str, custom_id: str, why: str) -> None:
    asked = await answer(stage, "ask")
    with pytest.raises(NotPossible, match=why.replace("(", r"\(")):
        await stage.people.press(author, asked["message_id"], custom_id)


async def test_somebody_elses_ephemeral_message_cannot_be_pressed(stage: Stage) -> None:
    said = await answer(stage, "Make an echo", user="Bo")
    with pytest.raises(NotPossible, match="Bo can't see the message"):
        await stage.people.press("Bo", said["message_id"], "x")


async def test_selects_send_what_was_chosen(stage: Stage) -> None:
    asked = await answer(stage, "choose")

    async def choose(custom_id: str, *values: str) -> str:
        [said] = (await stage.people.press("Ada", asked["message_id"], custom_id, values))["responses"]
        return str(said["content"])

    bo, cy, random = (stage.world.find_user("Bo"), stage.world.find_user("Cy Day"), stage.world.find_channel("random"))
    assert bo is not None and cy is not None and random is not None
    assert await choose("choose:colour", "Blue") == "chose ['b']"
    assert await choose("choose:who", "@Bo", "cy day") == f"chose [{bo.id}, {cy.id}]"
    assert await choose("choose:where", "#random") == f"chose [{random.id}]"
    with pytest.raises(NotPossible, match="these can: Red, Blue"):
        await choose("choose:colour", "Green")
    with pytest.raises(NotPossible, match="one chooses 1, not 2"):
        await choose("choose:colour", "Red", "Blue")


async def test_a_form_is_opened_filled_in_and_submitted(stage: Stage) -> None:
    opened = await answer(stage, "form")
    assert opened["modal"]["title"] == "About you"
    assert [(one["label"], one["required"]) for one in opened["modal"]["fields"]] == [("Name", True), ("More", False)]
    [said] = (await stage.people.modal("Ada", "form", {"name": "Mara", "form:more": "yes"}))["responses"]
    assert (said["content"], said["ephemeral"]) == ("Mara/yes/", True)
    with pytest.raises(NotPossible, match="No form called form is open for Ada"):
        await stage.people.modal("Ada", "form", {"Name": "Mara"})


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "The field Name must be filled in."),
        ({"Name": "M"}, "The field Name takes 2 to 10 characters."),
        ({"Name": "Mara", "Age": "7"}, "The form has no field “Age”"),
        ({"Name": 7}, "The field Name takes text."),
    ],
)
async def test_a_form_filled_in_wrongly_stays_open(stage: Stage, values: dict[str, object], why: str) -> None:
    await answer(stage, "form")
    with pytest.raises(NotPossible, match=why):
        await stage.people.modal("Ada", "form", values)
    [said] = (await stage.people.modal("Ada", "form", {"Name": "Mara"}))["responses"]
    assert said["content"] == "Mara//"


async def test_a_form_is_only_open_for_who_was_shown_it(stage: Stage) -> None:
    await answer(stage, "form")
    with pytest.raises(NotPossible, match="open for Bo"):
        await stage.people.modal("Bo", "form", {"Name": "Mara"})


async def test_autocomplete_asks_the_bot_and_else_knows_by_itself(stage: Stage) -> None:
    async def names(command: str, option: str, text: str) -> list[str]:
        found = await stage.people.autocomplete("Ada", "general", command, option, text)
        return [one["name"] for one in found]

    assert await names("echo online", "profile", "ad") == ["ada", "adam"]
    assert await names("echo create", "user", "@b") == ["@Bo"]
    assert await names("echo create", "place", "#ra") == ["#random", "#general"]
    assert await names("echo create", "size", "") == ["small", "big"]
    assert await names("echo create", "before", "01") == []


async def test_commands_for_managers_are_refused_to_others(stage: Stage) -> None:
    assert (await answer(stage, "manage"))["content"] == "managed"
    with pytest.raises(NotPossible, match="Bo may not use /manage: it takes the permission Manage Server"):
        await stage.people.command("Bo", "general", "manage")


async def test_a_bot_that_is_late_has_not_responded() -> None:
    async with connected(dress, interaction_deadline=0.05) as stage:
        response = await answer(stage, "slow mute")
        assert response == {**response, "content": NOT_RESPONDED, "message_id": None, "ephemeral": True}
        late = await callback(stage, {"type": 4, "data": {"content": "sorry"}})
        assert late == (404, 10062)


async def callback(stage: Stage, body: dict[str, Any]) -> tuple[int, int]:
    """Answers the newest interaction by hand: the status and Discord's code, 0 if fine."""
    newest = [data for event, data in stage.wire.dispatches if event == "INTERACTION_CREATE"][-1]
    return await send(stage, "POST", f"/interactions/{newest['id']}/{newest['token']}/callback", body)


async def send(stage: Stage, method: str, path: str, body: object = None) -> tuple[int, int]:
    url = f"{stage.sandbox.address}/api/v10{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as response:
        code = (await response.json()).get("code", 0) if response.status != 204 else 0
        return response.status, code


async def asked_by_hand(stage: Stage) -> asyncio.Task[dict[str, Any]]:
    """Calls the command that the bot leaves unanswered; the task ends once it is answered."""
    seen = len(stage.wire.dispatches)
    waiting = asyncio.create_task(stage.people.command("Ada", "general", "slow mute"))
    arrived = asyncio.Event()

    async def on_interaction(interaction: Interaction[Any]) -> None:
        arrived.set()

    stage.client.event(on_interaction)
    async with asyncio.timeout(PATIENCE):
        await arrived.wait()
    assert len(stage.wire.dispatches) > seen
    return waiting


async def test_an_interaction_is_answered_once_and_by_a_fitting_type(stage: Stage) -> None:
    waiting = await asked_by_hand(stage)
    assert await callback(stage, {"type": 4, "data": {"content": ""}}) == (400, 50006)
    assert await callback(stage, {"type": 4, "data": {"content": "x" * 2001}}) == (400, 50035)
    assert await callback(stage, {"type": 7, "data": {"content": "x"}}) == (400, 50035)
    assert await callback(stage, {"type": 8, "data": {"choices": []}}) == (400, 50035)
    assert await callback(stage, {"type": 4, "data": {"content": "here"}}) == (204, 0)
    assert await callback(stage, {"type": 4, "data": {"content": "again"}}) == (400, 40060)
    assert [one["content"] for one in (await waiting)["responses"]] == ["here"]


async def test_wrong_ids_and_tokens_are_unknown(stage: Stage) -> None:
    waiting = await asked_by_hand(stage)
    newest = [data for event, data in stage.wire.dispatches if event == "INTERACTION_CREATE"][-1]
    answered = {"type": 4, "data": {"content": "x"}}
    assert await send(stage, "POST", f"/interactions/{newest['id']}/wrong/callback", answered) == (404, 10062)
    assert await send(stage, "POST", "/interactions/1/wrong/callback", answered) == (404, 10062)
    follow_up = f"/webhooks/{newest['application_id']}/{newest['token']}"
    assert await send(stage, "POST", follow_up, {"content": "too early"}) == (404, 10015)
    assert await callback(stage, answered) == (204, 0)
    await waiting
    assert await send(stage, "GET", f"{follow_up}/messages/@original") == (200, 0)
    assert await send(stage, "GET", f"{follow_up}/messages/123") == (404, 10008)
    first = stage.people.messages("general")[0]["id"]
    assert await send(stage, "DELETE", f"{follow_up}/messages/{first}") == (404, 10008)


async def test_a_token_is_good_for_a_quarter_of_an_hour(stage: Stage) -> None:
    await answer(stage, "manage")
    newest = [data for event, data in stage.wire.dispatches if event == "INTERACTION_CREATE"][-1]
    follow_up = f"/webhooks/{newest['application_id']}/{newest['token']}"
    stage.clock.move(LIFETIME - 10)
    assert await send(stage, "POST", follow_up, {"content": "still here"}) == (200, 0)
    stage.clock.move(20)
    assert await send(stage, "POST", follow_up, {"content": "too late"}) == (401, 50027)


async def test_answers_to_interactions_say_whose_they_are(stage: Stage) -> None:
    said = await answer(stage, "manage")
    message = [data for event, data in stage.wire.dispatches if event == "MESSAGE_CREATE"][-1]
    assert message["id"] == said["message_id"]
    assert message["interaction_metadata"]["user"]["username"] == stage.world.find_user("Ada").name  # type: ignore[union-attr]
    assert message["application_id"] == message["webhook_id"] == str(stage.world.application_id)
    assert stage.people.messages("general")[-1]["webhook"] is None
