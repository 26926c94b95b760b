"""What is deleted, closed or withheld while Echo collects: it is told, and nothing is taken for read that was not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from db.stored import Outcome
from echo.errors import NoPermission
from echo.sandbox import payloads
from echo.sandbox.permissions import Permission
from echo.sandbox.world import World
from tests.discord.collecting import collector, crowd, forbid, nothing, world_of
from tests.discord.stand import stand, store, talk
from tests.support.kept import words_of_the_subject
from tests.support.troubles import Midway, a_server, all_of, place, undisturbed


@pytest.mark.parametrize(
    ("name", "is_gone"),
    [("general", ("general", "plans")), ("plans", ("plans",)), ("ideas", ("first", "second"))],
)
async def test_what_is_deleted_midway_is_told_and_the_rest_is_read(
    tmp_path: Path, name: str, is_gone: tuple[str, ...]
) -> None:
    world = a_server()
    lost = [place(world, one).id for one in is_gone]
    left = words_of_the_subject(world, *lost)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        trouble = Midway(lambda: world.delete_channel(place(world, name).id), 1)
        found = await collector(stage, kept).collect(kept.profile, trouble)
        assert trouble.came and set((await all_of(kept)).own()) >= set(left)
        places = (await all_of(kept)).places
        gone = [one for one in lost if places[one].outcome is not Outcome.READ]
        assert gone and found.failed == len(gone)
        assert {(places[one].outcome, places[one].reason) for one in gone} == {(Outcome.GONE, "It was deleted.")}


@pytest.mark.parametrize("permission", [Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY])
async def test_what_is_closed_midway_is_told_and_read_once_it_is_open_again(
    tmp_path: Path, permission: Permission
) -> None:
    expected = await undisturbed(a_server)
    world = a_server()
    closed = place(world, "general")
    async with stand(world) as stage, store(tmp_path / "troubled", world) as kept:
        trouble = Midway(lambda: forbid(world, "general", permission), 1)
        found = await collector(stage, kept).collect(kept.profile, trouble)
        result = (await all_of(kept)).places[closed.id]
        assert trouble.came and found.failed >= 1 and result.outcome is Outcome.CLOSED and result.reason
        world.delete_overwrite(closed.id, world.bot.id)
        assert (await collector(stage, kept).collect(kept.profile, nothing)).failed == 0
        assert (await all_of(kept)).rows == expected.rows


@pytest.mark.parametrize("permission", [Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY])
async def test_a_role_that_loses_its_rights_midway_is_told_and_nothing_is_lost(
    tmp_path: Path, permission: Permission
) -> None:
    expected = await undisturbed(a_server)
    world = a_server()
    held = {role.id: role.permissions for role in world.roles.values()}
    async with stand(world) as stage, store(tmp_path / "troubled", world) as kept:
        trouble = Midway(lambda: change_roles(world, {one: bits & ~permission for one, bits in held.items()}), 1)
        found = await collector(stage, kept).collect(kept.profile, trouble)
        closed = [one for one in (await all_of(kept)).places.values() if one.outcome is Outcome.CLOSED]
        assert trouble.came and found.failed == len(closed) > 0 and all(one.reason for one in closed)
        change_roles(world, held)
        assert (await collector(stage, kept).collect(kept.profile, nothing)).failed == 0
        assert (await all_of(kept)).rows == expected.rows


def change_roles(world: World, permissions: Mapping[int, int]) -> None:
    """Let roles have these permissions; the gateway tells of it."""
    for role_id, held in permissions.items():
        role = world.roles[role_id]
        role.permissions = held
        world.emit("GUILD_ROLE_UPDATE", {"guild_id": str(world.guild.id), "role": payloads.role(role)})


@pytest.mark.parametrize("requests", [1, 2, 4, 6, 8])
async def test_an_intent_that_is_switched_off_midway_is_named_and_nothing_is_concluded(
    tmp_path: Path, requests: int
) -> None:
    expected = await undisturbed(a_server)
    world = a_server()
    async with stand(world) as stage, store(tmp_path / "troubled", world) as kept:
        trouble = Midway(lambda: stage.sandbox.faults.set({"message_content": False}), requests)
        with pytest.raises(NoPermission, match="Message Content intent"):
            await collector(stage, kept).collect(kept.profile, trouble)
        assert trouble.came and (await all_of(kept)).is_planned
        stage.sandbox.faults.set({"message_content": True})
        await collector(stage, kept).collect(kept.profile, nothing)
        assert await all_of(kept) == expected


async def test_an_intent_that_is_switched_off_before_small_places_is_named(tmp_path: Path) -> None:
    small = [talk(f"small {number}", ["Mara"], start=20_000 + number) for number in range(20)]
    world = world_of(talk("general", crowd(80), start=10_000), *small)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        trouble = Midway(lambda: stage.sandbox.faults.set({"message_content": False}), 4)
        with pytest.raises(NoPermission, match="Message Content intent"):
            await collector(stage, kept).collect(kept.profile, trouble)
        stage.sandbox.faults.set({"message_content": True})
        await collector(stage, kept).collect(kept.profile, nothing)
        assert (await all_of(kept)).own() == words_of_the_subject(world)
