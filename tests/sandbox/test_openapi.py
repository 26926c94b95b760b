"""The harness itself: it must let through what Discord would send and stop what it would not."""

from __future__ import annotations

import pytest

from echo.corpus.written import Written
from echo.sandbox import payloads
from echo.sandbox.world import World
from tests.support import openapi
from tests.support.openapi import OpenAPI

CALLBACK = "/api/v10/interactions/1/token/callback"


@pytest.fixture
def api() -> OpenAPI:
    return openapi.load()


def test_a_literal_segment_beats_a_parameter(api: OpenAPI) -> None:
    assert api.template("/api/v10/webhooks/1/t/messages/@original").endswith("/messages/@original")
    assert api.template("/webhooks/1/t/messages/2?thread_id=3").endswith("/messages/{message_id}")


def test_paths_and_methods_that_discord_does_not_have_are_undescribed(api: OpenAPI) -> None:
    with pytest.raises(openapi.Undescribed, match="no path like /channels/1/echoes"):
        api.template("/channels/1/echoes")
    with pytest.raises(openapi.Undescribed, match="no PUT"):
        api.request_faults("PUT", "/channels/1/messages", {}, {})


@pytest.mark.parametrize("number", [5, "5"])
def test_a_snowflake_in_a_request_may_be_a_number_or_a_string(api: OpenAPI, number: object) -> None:
    body = {"content": "hi", "message_reference": {"message_id": number}}
    assert api.request_faults("POST", "/channels/1/messages", {}, body) == []


def test_a_snowflake_in_an_answer_must_be_a_string(api: OpenAPI) -> None:
    channel = {"id": "1", "type": 1, "flags": 0, "last_message_id": 4, "recipients": []}
    assert api.object_faults("PrivateChannelResponse", channel)
    assert api.object_faults("PrivateChannelResponse", {**channel, "last_message_id": "4"}) == []


def test_unknown_and_ill_formed_query_parameters_are_faults(api: OpenAPI) -> None:
    path = "/channels/1/messages"
    assert api.request_faults("GET", path, {"limit": "100", "before": "12"}, None) == []
    assert "limit" in api.request_faults("GET", path, {"limit": "101"}, None)[0]
    assert "oldest" in api.request_faults("GET", path, {"oldest": "1"}, None)[0]


def test_a_missing_body_and_a_body_of_the_wrong_shape_are_faults(api: OpenAPI) -> None:
    assert api.request_faults("POST", CALLBACK, {}, None) == ["the body is missing"]
    assert api.request_faults("POST", CALLBACK, {}, {"type": 4, "data": {"content": "x" * 2001}})
    assert api.request_faults("POST", CALLBACK, {}, {"type": 4, "data": {"content": "x"}}) == []


def test_an_undescribed_status_or_body_is_a_fault(api: OpenAPI) -> None:
    assert api.response_faults("POST", CALLBACK, 201, {}) == ["the status 201 is not described"]
    assert api.response_faults("POST", CALLBACK, 204, {"x": 1})
    assert api.response_faults("POST", CALLBACK, 204, None) == []
    assert api.response_faults("POST", CALLBACK, 404, {"message": "Unknown interaction", "code": 10062}) == []
    assert api.response_faults("POST", CALLBACK, 404, {"message": "Unknown interaction"})


def test_times_must_say_their_zone(api: OpenAPI) -> None:
    world = World.populate(
        1, "Somewhere", [Written("Ada", "general", 1.7e9, "hello"), Written("Bo", "general", 1.8e9, "hi")]
    )
    channel = world.guild_channels()[0]
    [newest] = world.messages[channel.id].before(None, 1)
    message = payloads.message(world, newest)
    assert api.object_faults("MessageResponse", message) == []
    assert api.object_faults("MessageResponse", {**message, "timestamp": "2026-01-01T00:00:00"})
