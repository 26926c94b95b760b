"""Sealing and opening; the master key's check; destroyed keys."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.cipher import KEY_BYTES, Cipher
from db.connection import Database
from db.errors import KeyDestroyed, StorageError, Tampered, WrongMasterKey
from db.keys import Keyring
from states.model import ProfileSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.files import content

PLACES = st.tuples(st.sampled_from(["message", "model"]), st.integers(0, 2**63), st.integers(0, 2**63))


@settings(max_examples=100, deadline=None)
@given(plain=st.binary(max_size=200), place=PLACES, elsewhere=PLACES)
def test_what_is_sealed_opens_where_it_lies_and_nowhere_else(
    plain: bytes, place: tuple[str, int, int], elsewhere: tuple[str, int, int]
) -> None:
    cipher = Cipher(b"k" * KEY_BYTES)
    sealed = cipher.seal(plain, *place)
    assert cipher.open(sealed, *place) == plain
    assert cipher.seal(plain, *place) != sealed
    if elsewhere != place:
        with pytest.raises(Tampered):
            cipher.open(sealed, *elsewhere)


@settings(max_examples=60, deadline=None)
@given(plain=st.binary(max_size=60), at=st.integers(0), change=st.integers(1, 255), cut=st.integers(1))
def test_what_was_changed_or_cut_off_does_not_open(plain: bytes, at: int, change: int, cut: int) -> None:
    cipher = Cipher(b"k" * KEY_BYTES)
    sealed = bytearray(cipher.seal(plain, "message", 1))
    short = bytes(sealed[: len(sealed) - 1 - cut % len(sealed)])
    sealed[at % len(sealed)] ^= change
    for wrong in (bytes(sealed), short):
        with pytest.raises(Tampered, match="changed or moved since Echo wrote it: put back a copy"):
            cipher.open(wrong, "message", 1)


def test_another_key_does_not_open_it() -> None:
    sealed = Cipher(b"k" * KEY_BYTES).seal(b"words", "message", 1)
    with pytest.raises(Tampered):
        Cipher(b"j" * KEY_BYTES).open(sealed, "message", 1)


async def test_a_profiles_key_is_made_once_and_survives_a_restart(
    database: Database, keyring: Keyring, profile: ProfileSnapshot
) -> None:
    ciphers = await asyncio.gather(*(keyring.key_for(profile.id) for _ in range(5)))
    sealed = ciphers[0].seal(b"words", "x")
    assert {cipher.open(sealed, "x") for cipher in ciphers} == {b"words"}
    again = Keyring(database, MASTER_KEY)
    await again.open()
    assert (await again.key_for(profile.id)).open(sealed, "x") == b"words"


async def test_a_wrong_master_key_is_named_in_one_sentence_before_anything_is_written(
    database: Database, keyring: Keyring
) -> None:
    await database.compact()
    before = content(database.path)
    with pytest.raises(WrongMasterKey, match=r"does not open the database .*: set ECHO_MASTER_KEY to the key"):
        await Keyring(database, b"w" * KEY_BYTES).open()
    await database.compact()
    assert content(database.path) == before
    await Keyring(database, MASTER_KEY).open()


def test_a_master_key_of_the_wrong_length_is_refused(database: Database) -> None:
    with pytest.raises(WrongMasterKey, match="must be 32 bytes long: set ECHO_MASTER_KEY"):
        Keyring(database, b"short")


async def test_a_destroyed_key_never_comes_back(database: Database, keyring: Keyring, profile: ProfileSnapshot) -> None:
    await keyring.key_for(profile.id)
    await keyring.destroy(profile.id)
    for ring in (keyring, Keyring(database, MASTER_KEY)):
        with pytest.raises(KeyDestroyed, match=r"This echo was forgotten, .*: ask for a new one"):
            await ring.key_for(profile.id)


async def test_a_key_that_was_never_made_can_be_destroyed_too(keyring: Keyring, profile: ProfileSnapshot) -> None:
    await keyring.destroy(profile.id)
    with pytest.raises(KeyDestroyed):
        await keyring.key_for(profile.id)


async def test_making_and_destroying_at_once_ends_destroyed(keyring: Keyring, profile: ProfileSnapshot) -> None:
    await asyncio.gather(
        keyring.key_for(profile.id), keyring.destroy(profile.id), keyring.key_for(profile.id), return_exceptions=True
    )
    with pytest.raises(KeyDestroyed):
        await keyring.key_for(profile.id)


async def test_a_wrapped_key_that_was_given_to_another_profile_does_not_open(
    database: Database, keyring: Keyring, profile: ProfileSnapshot
) -> None:
    await keyring.key_for(profile.id)
    async with database.write() as connection:
        await connection.execute("PRAGMA defer_foreign_keys = ON")
        await connection.execute(
            f"INSERT INTO echo_profiles (id, user_id, {_REST}) SELECT 2, 5, {_REST} FROM echo_profiles"
        )
        await connection.execute("INSERT INTO profile_keys SELECT 2, wrapped_key FROM profile_keys")
    with pytest.raises(StorageError, match="changed or moved"):
        await keyring.key_for(2)


_REST = (
    "server_id, cutoff_date, model_path, training_status, created_at, version, asker_id, channel_id, "
    "consent_message_id, messages, model_version, reason, tries, due"
)
