"""Discord's JSON becomes what Echo thinks in; what is not as described raises one of the named errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord import translate
from echo.discord.translate import MALFORMED, Person, Seen

ECHO_ID = 700000000000000000


def message(**changes: Any) -> dict[str, Any]:
    """A message as MESSAGE_CREATE has it."""
    told: dict[str, Any] = {
        "id": "1500000000000000000",
        "channel_id": "31",
        "guild_id": "9",
        "type": 0,
        "content": "hello",
        "author": {"id": "500000000000000001", "username": "mara_l", "global_name": "Mara"},
        "member": {"nick": "Mar"},
    }
    return {**told, **changes}


def seen(**changes: Any) -> Seen | None:
    return translate.seen(message(**changes), ECHO_ID)


def heard_as(speaker: int | None = None, answered: int | None = None, **changes: Any) -> Seen:
    found = translate.seen(message(**changes), ECHO_ID, speaker, answered)
    assert found is not None
    return found


WEBHOOK = {"id": "600", "username": "Mara (echo)", "bot": True}


def test_a_persons_message_is_heard_under_the_name_that_the_server_shows() -> None:
    heard = heard_as().heard
    assert (heard.author, heard.author_id, heard.human, heard.text) == ("Mar", 500000000000000001, True, "hello")
    assert heard_as(member={}).heard.author == "Mara"
    plain = {"id": "500000000000000001", "username": "mara_l"}
    assert heard_as(member=None, author=plain).heard.author == "mara_l"


def test_the_time_of_a_message_is_read_off_its_id() -> None:
    assert heard_as(id=str((1_700_000_000_123 - 1420070400000) << 22)).heard.ts == 1_700_000_000.123


@pytest.mark.parametrize(
    "changes",
    [
        {"type": 7},
        {"type": 20},
        {"content": ""},
        {"content": " \n"},
        {"content": None},
        {"author": {"id": str(ECHO_ID), "username": "Echo", "bot": True}},
    ],
)
def test_the_system_commands_echo_itself_and_pictures_without_words_say_nothing(changes: dict[str, Any]) -> None:
    assert seen(**changes) is None


def test_bots_and_webhooks_are_not_human() -> None:
    assert not heard_as(author={"id": "88", "username": "other", "bot": True}).heard.human
    foreign = heard_as(author=WEBHOOK, webhook_id="600", application_id="1")
    assert not foreign.heard.human and not foreign.own and foreign.heard.author_id == 600


def test_echos_own_webhook_is_known_by_its_application() -> None:
    own = heard_as(author=WEBHOOK, webhook_id="600", application_id=str(ECHO_ID), member=None)
    assert own.own and own.heard.author_id == 0 and own.heard.author == "Mara (echo)" and own.heard.speaker is None
    known = heard_as(3, author=WEBHOOK, webhook_id="600", application_id=str(ECHO_ID), member=None)
    assert known.heard.speaker == 3
    gone = heard_as(0, author=WEBHOOK, webhook_id="600", application_id=str(ECHO_ID), member=None)
    assert gone.own and gone.heard.speaker is None


def test_what_an_echo_says_as_the_bot_is_heard_without_its_header() -> None:
    bot = {"id": str(ECHO_ID), "username": "Echo", "bot": True}
    own = heard_as(4, author=bot, content="**Mara (echo):**\nwell then", member=None)
    assert own.own and own.heard.text == "well then" and own.heard.speaker == 4 and own.heard.author_id == 0


def test_an_answer_says_what_it_answers_and_whether_an_echo_said_that() -> None:
    reply: dict[str, Any] = {"type": 19, "message_reference": {"message_id": "55"}}
    to_echo = {"author": WEBHOOK, "webhook_id": "600", "application_id": str(ECHO_ID)}
    answer = heard_as(**reply, referenced_message=to_echo)
    assert answer.heard.reply_to == 55 and answer.to_name == "Mara (echo)" and answer.to is None
    assert heard_as(None, 7, **reply, referenced_message=to_echo).to == 7
    to_person = heard_as(**reply, referenced_message={"author": {"id": "5", "username": "bo"}})
    assert to_person.heard.reply_to == 55 and to_person.to_name == ""
    assert heard_as(**reply, referenced_message=None).to_name == ""


KEYS = ["id", "author", "content", "type", "channel_id", "member", "username", "options", "name", "value", "resolved"]
KEYS += ["components", "custom_id", "referenced_message", "message_reference", "webhook_id", "users", "component"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@given(changes=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4))
@settings(max_examples=120, deadline=None)
def test_a_message_of_any_shape_is_heard_left_out_or_malformed(changes: dict[str, Any]) -> None:
    try:
        found = seen(**changes)
    except MALFORMED:
        return
    assert found is None or found.heard.text.strip()


@given(data=st.dictionaries(st.sampled_from([*KEYS, "target_id"]), JSON, max_size=6))
@settings(max_examples=120, deadline=None)
def test_an_interaction_of_any_shape_is_read_or_malformed(data: dict[str, Any]) -> None:
    for read in (translate.call, translate.field_values):
        try:
            read(data)
        except MALFORMED:
            continue


def test_a_command_is_read_with_its_words_options_and_people() -> None:
    data = {
        "name": "echo",
        "options": [
            {
                "type": 1,
                "name": "create",
                "options": [
                    {"type": 6, "name": "user", "value": "500"},
                    {"type": 3, "name": "before", "value": "01.06.2026", "focused": True},
                ],
            }
        ],
        "resolved": {
            "users": {"500": {"id": "500", "username": "bo", "global_name": "Bo"}},
            "members": {"500": {"nick": "Bob"}},
        },
    }
    call = translate.call(data)
    assert call.name == "echo create" and call.text("before") == "01.06.2026" and call.focused == "before"
    assert call.person("user") == Person(500, "Bob", is_bot=False, is_member=True)
    assert call.person("before") is None and call.text("profile") == ""


def test_a_menu_is_read_with_whose_it_was_and_strangers_are_no_members() -> None:
    data = {"name": "Make an echo", "target_id": "5", "resolved": {"users": {"5": {"username": "x", "bot": True}}}}
    assert translate.call(data).target == Person(5, "x", is_bot=True, is_member=False)
    assert translate.call({**data, "resolved": {}}).target == Person(5, "5", is_bot=False, is_member=False)


def test_a_forms_fields_are_found_in_rows_and_in_labels() -> None:
    field = {"type": 4, "custom_id": "echo:before", "value": "01.06.2026"}
    assert translate.field_values({"components": [{"type": 1, "components": [field]}]}) == {"echo:before": "01.06.2026"}
    assert translate.field_values({"components": [{"type": 18, "component": field}]}) == {"echo:before": "01.06.2026"}
    assert translate.field_values({}) == {}
