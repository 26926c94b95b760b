"""Registering application commands over REST, as a bot's library does it."""

from __future__ import annotations

from typing import Any

import pytest

from echo.sandbox.command_forms import is_slash_name
from echo.sandbox.server import Sandbox
from tests.support.bot import connected
from tests.support.loopback import Caller
from tests.support.talkative import dress

USER = {"type": 6, "name": "user", "description": "Of whom", "required": True}
CREATE = {"type": 1, "name": "create", "description": "Make one", "options": [USER]}
ECHO = {"name": "echo", "description": "About echoes", "options": [CREATE]}
MENU = {"name": "Make an echo", "type": 2, "description": ""}


@pytest.fixture
def base(sandbox: Sandbox) -> str:
    return f"/applications/{sandbox.world.application_id}"


@pytest.fixture
def in_guild(sandbox: Sandbox, base: str) -> str:
    return f"{base}/guilds/{sandbox.world.guild.id}"


async def names(call: Caller, base: str) -> list[str]:
    return [one["name"] for one in await call("GET", f"{base}/commands")]


async def test_a_new_command_is_created_and_a_namesake_replaces_it(call: Caller, base: str) -> None:
    made = await call("POST", f"{base}/commands", ECHO, status=201)
    changed = await call("POST", f"{base}/commands", {**ECHO, "description": "All about echoes"})
    assert changed["id"] == made["id"]
    assert changed["version"] != made["version"]
    assert await call("GET", f"{base}/commands") == [changed]


async def test_a_context_menu_command_may_share_a_slash_commands_name(call: Caller, base: str) -> None:
    await call("POST", f"{base}/commands", ECHO, status=201)
    await call("POST", f"{base}/commands", {"name": "echo", "type": 2}, status=201)
    assert await names(call, base) == ["echo", "echo"]


async def test_overwriting_replaces_all_and_keeps_known_ids(call: Caller, base: str) -> None:
    made = await call("POST", f"{base}/commands", ECHO, status=201)
    await call("POST", f"{base}/commands", {"name": "old", "description": "Goes"}, status=201)
    now = await call("PUT", f"{base}/commands", [MENU, ECHO])
    assert [one["name"] for one in now] == ["Make an echo", "echo"] == await names(call, base)
    assert now[1]["id"] == made["id"]
    assert await call("PUT", f"{base}/commands", []) == []


async def test_a_guilds_commands_are_its_own(call: Caller, base: str, in_guild: str, sandbox: Sandbox) -> None:
    made = await call("POST", f"{in_guild}/commands", ECHO, status=201)
    assert made["guild_id"] == str(sandbox.world.guild.id)
    assert await call("GET", f"{base}/commands") == []
    assert await call("GET", f"{in_guild}/commands/{made['id']}") == made
    await call("GET", f"{base}/commands/{made['id']}", status=404)


async def test_a_global_command_has_no_guild_id_at_all(call: Caller, base: str) -> None:
    assert "guild_id" not in await call("POST", f"{base}/commands", ECHO, status=201)


async def test_a_guilds_command_hides_the_global_one_of_its_name(
    call: Caller, base: str, in_guild: str, sandbox: Sandbox
) -> None:
    await call("POST", f"{base}/commands", ECHO, status=201)
    await call("POST", f"{in_guild}/commands", {"name": "echo", "description": "Ours"}, status=201)
    assert [one["description"] for one in sandbox.people.commands()] == ["Ours"]


async def test_a_command_is_edited_in_part_and_deleted(call: Caller, base: str) -> None:
    made = await call("POST", f"{base}/commands", ECHO, status=201)
    path = f"{base}/commands/{made['id']}"
    changed = await call("PATCH", path, {"default_member_permissions": "32"})
    assert (changed["name"], changed["options"]) == ("echo", made["options"])
    assert changed["default_member_permissions"] == "32"
    await call("DELETE", path, status=204)
    await call("DELETE", path, status=404)
    await call("PATCH", path, {"name": "x"}, status=404)


async def test_a_command_cannot_be_renamed_to_anothers_name(call: Caller, base: str) -> None:
    await call("POST", f"{base}/commands", ECHO, status=201)
    other = await call("POST", f"{base}/commands", {**ECHO, "name": "other"}, status=201)
    refused = await call("PATCH", f"{base}/commands/{other['id']}", {"name": "echo"}, status=400)
    assert refused["code"] == 50035


def subcommand(*options: dict[str, Any]) -> dict[str, Any]:
    return {**ECHO, "options": list(options)}


WRONG_FORMS: list[tuple[dict[str, Any], str]] = [
    ({"description": "No name"}, "name"),
    ({**ECHO, "name": "Echo"}, "name"),
    ({**ECHO, "name": "two words"}, "name"),
    ({**ECHO, "name": "x" * 33}, "name"),
    ({**ECHO, "description": ""}, "description"),
    ({**ECHO, "description": "x" * 101}, "description"),
    ({**MENU, "description": "Menus have none"}, "description"),
    ({**MENU, "options": [USER]}, "options"),
    ({**ECHO, "type": 9}, "type"),
    ({**ECHO, "guild_id": None}, "guild_id"),
    ({**ECHO, "default_member_permissions": "all"}, "default_member_permissions"),
    (subcommand({**USER, "type": 12}), "options"),
    (subcommand({**USER, "name": ""}), "options"),
    (subcommand({**USER, "choices": [{"name": "a", "value": "b"}]}), "options"),
    (subcommand({**USER, "type": 4, "choices": [{"name": "a", "value": "b"}]}), "options"),
    (subcommand({**USER, "type": 3, "autocomplete": True, "choices": [{"name": "a", "value": "b"}]}), "options"),
    (subcommand(USER, USER), "options"),
    (subcommand(CREATE, USER), "options"),
    (subcommand({**USER, "required": False}, {**USER, "name": "other"}), "options"),
    (subcommand({**CREATE, "options": [CREATE]}), "options"),
    (subcommand(*({**USER, "name": f"u{i}"} for i in range(26))), "options"),
]


@pytest.mark.parametrize(("form", "field"), WRONG_FORMS)
async def test_a_form_that_discord_would_refuse_is_refused_by_its_field(
    call: Caller, base: str, form: dict[str, Any], field: str
) -> None:
    refused = await call("POST", f"{base}/commands", form, status=400)
    assert refused["code"] == 50035
    assert list(refused["errors"]) == [field]
    overwritten = await call("PUT", f"{base}/commands", [ECHO, form], status=400)
    assert list(overwritten["errors"]["1"]) == [field]
    assert await names(call, base) == []


async def test_groups_of_subcommands_are_one_level_deep(call: Caller, base: str) -> None:
    group = {"type": 2, "name": "admin", "description": "For managers", "options": [CREATE]}
    made = await call("POST", f"{base}/commands", subcommand(group), status=201)
    assert made["options"][0]["options"][0]["name"] == "create"
    await call("POST", f"{base}/commands", subcommand({**group, "options": [group]}), status=400)


async def test_more_than_a_hundred_slash_commands_are_refused(call: Caller, base: str) -> None:
    many = [{"name": f"c{i}", "description": "One of many"} for i in range(101)]
    assert (await call("PUT", f"{base}/commands", many, status=400))["code"] == 30032
    await call("PUT", f"{base}/commands", many[:100])
    assert (await call("POST", f"{base}/commands", many[100], status=400))["code"] == 30032


async def test_the_same_name_twice_in_one_overwrite_is_refused(call: Caller, base: str) -> None:
    assert (await call("PUT", f"{base}/commands", [ECHO, ECHO], status=400))["code"] == 50035


async def test_other_applications_and_servers_are_out_of_reach(call: Caller, base: str) -> None:
    assert (await call("GET", "/applications/123456789012345678/commands", status=403))["code"] == 20012
    assert (await call("GET", f"{base}/guilds/123456789012345678/commands", status=403))["code"] == 50001


async def test_what_is_no_json_is_refused(call: Caller, base: str) -> None:
    for body in ("echo", 7, [7]):
        assert (await call("PUT", f"{base}/commands", body, status=400))["code"] == 50035


@pytest.mark.parametrize(
    ("name", "fits"),
    [("echo", True), ("écho", True), ("エコー", True), ("a-b_c", True), ("Echo", False), ("a b", False), ("", False)],
)
def test_slash_names_are_lower_case_words_of_any_script(name: str, fits: bool) -> None:
    assert is_slash_name(name) is fits


async def test_a_library_that_comes_back_finds_its_commands_unchanged() -> None:
    async with connected(dress) as stage:
        before = stage.sandbox.interactions.commands.listed(None)
        await stage.client.sync_application_commands(guild_id=None)
        assert stage.sandbox.interactions.commands.listed(None) == before
        assert "echo create" in [one["name"] for one in stage.people.commands()]
