"""What a subject wishes is kept, sealed, and gone with the echo."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.connection import Database
from db.erasure import Erasure
from db.errors import KeyDestroyed, Tampered
from db.keys import Keyring
from db.steps import Steps
from db.stored import NO_WISHES, Wishes
from db.wishes import WishBook
from states.model import ProfileSnapshot
from tests.support.clock import HandClock
from tests.support.files import everything_in
from tests.support.snapshots import birth

WISHED = Wishes(frozenset({"laughs", "emoji"}), ("Greenhouses", "ex-boyfriend \ud800"), ("oh my days",))


async def test_nothing_is_wished_at_first_and_no_key_is_made_for_asking(
    wishes: WishBook, database: Database, profile: ProfileSnapshot
) -> None:
    assert await wishes.of(profile.id) == NO_WISHES
    async with database.read() as connection:
        assert list(await connection.execute_fetchall("SELECT * FROM profile_keys")) == []


async def test_wishes_are_kept_across_a_restart_and_the_newest_hold(
    wishes: WishBook, database: Database, keyring: Keyring, profile: ProfileSnapshot
) -> None:
    assert await wishes.of(profile.id) == NO_WISHES
    await wishes.put(profile.id, Wishes(topics=("boats",)))
    await wishes.put(profile.id, WISHED)
    assert await wishes.of(profile.id) == WISHED
    assert await WishBook(database, keyring, HandClock()).of(profile.id) == WISHED


async def test_what_is_wished_cannot_be_read_from_the_files(
    wishes: WishBook, profile: ProfileSnapshot, path: Path
) -> None:
    await wishes.put(profile.id, WISHED)
    assert not any(word in everything_in(path.parent) for word in (b"Greenhouses", b"laughs", b"my days"))


async def test_forgetting_erases_wishes_and_takes_no_new_ones(
    wishes: WishBook, erasure: Erasure, database: Database, profile: ProfileSnapshot
) -> None:
    await wishes.put(profile.id, WISHED)
    assert await erasure.erase(profile.id) == 1
    wishes.let_go(profile.id)
    assert await wishes.of(profile.id) == NO_WISHES
    with pytest.raises(KeyDestroyed):
        await wishes.put(profile.id, WISHED)
    async with database.read() as connection:
        assert list(await connection.execute_fetchall("SELECT * FROM wishes")) == []


async def test_wishes_moved_to_another_echo_do_not_open(
    wishes: WishBook, steps: Steps, database: Database, keyring: Keyring, profile: ProfileSnapshot
) -> None:
    await wishes.put(profile.id, WISHED)
    other = (await steps.record(birth(user_id=profile.user_id + 1))).snapshot
    await wishes.put(other.id, Wishes())
    async with database.write() as connection:
        await connection.execute("UPDATE wishes SET content = (SELECT content FROM wishes WHERE profile_id = 1)")
    with pytest.raises(Tampered):
        await WishBook(database, keyring, HandClock()).of(other.id)
