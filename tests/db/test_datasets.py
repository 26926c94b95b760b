"""Datasets: kept encrypted, replaced only by whole ones, and gone with their profile's key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from db.connection import Database
from db.corpus import Corpus
from db.datasets import REMOVAL, Datasets
from db.errors import KeyDestroyed, Tampered
from db.keys import Keyring
from states.model import ProfileSnapshot
from tests.support.files import everything_in
from tests.support.snapshots import SENTENCES, messages

PARTS = [(2, SENTENCES[0].encode()), (3, b""), (1, SENTENCES[1].encode() * 1000)]


async def content(datasets: Datasets, profile: ProfileSnapshot, split: str = "train") -> list[bytes]:
    return [part async for part in datasets.dataset(profile.id, split)]


async def test_a_split_comes_back_in_its_parts(
    datasets: Datasets, profile: ProfileSnapshot, path: Path, database: Database
) -> None:
    await datasets.put_dataset(profile.id, "train", iter(PARTS))
    await datasets.put_dataset(profile.id, "test", iter(PARTS[:1]))
    assert await content(datasets, profile) == [part for _, part in PARTS]
    assert await content(datasets, profile, "test") == [PARTS[0][1]]
    assert await content(datasets, profile, "validation") == []
    assert await datasets.examples(profile.id) == {"train": 6, "test": 2}
    await database.compact()
    assert b"heron" not in everything_in(path.parent)


async def test_a_new_split_replaces_the_old_one_once_it_is_whole(datasets: Datasets, profile: ProfileSnapshot) -> None:
    await datasets.put_dataset(profile.id, "train", iter(PARTS))

    def torn() -> Iterator[tuple[int, bytes]]:
        yield 1, b"new"
        raise ValueError("Its maker failed.")

    with pytest.raises(ValueError, match="Its maker failed"):
        await datasets.put_dataset(profile.id, "train", torn())
    assert await content(datasets, profile) == [part for _, part in PARTS]
    assert await datasets.examples(profile.id) == {"train": 6}
    await datasets.put_dataset(profile.id, "train", iter([(1, b"new")]))
    assert await content(datasets, profile) == [b"new"]
    await datasets.put_dataset(profile.id, "train", iter(()))
    assert await content(datasets, profile) == []


async def test_cleared_datasets_are_gone_in_all_splits(datasets: Datasets, profile: ProfileSnapshot) -> None:
    await datasets.put_dataset(profile.id, "train", ((1, b"part") for _ in range(REMOVAL + 1)))
    await datasets.put_dataset(profile.id, "validation", iter(PARTS))
    await datasets.clear_datasets(profile.id)
    assert await datasets.examples(profile.id) == {}


@pytest.mark.parametrize("what", ["edited", "deleted", "deleted with its channel"])
async def test_what_was_made_of_a_message_goes_when_it_is_edited_or_deleted(
    datasets: Datasets, corpus: Corpus, profile: ProfileSnapshot, what: str
) -> None:
    rows = messages(3)
    await corpus.store(profile, rows)
    await datasets.put_dataset(profile.id, "train", iter(PARTS))
    await corpus.remove([999_999])
    assert await datasets.examples(profile.id) == {"train": 6}, "what it does not hold changes nothing"
    if what == "edited":
        assert await corpus.amend(replace(rows[0], text="Otherwise."), profile.id)
    elif what == "deleted":
        assert await corpus.remove([rows[0].message_id]) == {profile.id: 1}
    else:
        assert await corpus.remove_places([rows[0].channel_id]) == {profile.id: 3}
    assert await datasets.examples(profile.id) == {}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE datasets SET content = x'00' WHERE part = 1",
        "UPDATE datasets SET part = part - 1 WHERE split = 'train'; UPDATE datasets SET part = 9 WHERE part < 0",
        "UPDATE datasets SET split = 'test'",
    ],
)
async def test_a_part_that_was_changed_or_moved_fails_loudly(
    change: str, datasets: Datasets, profile: ProfileSnapshot, database: Database
) -> None:
    await datasets.put_dataset(profile.id, "train", iter(PARTS))
    async with database.write() as connection:
        for statement in change.split(";"):
            await connection.execute(statement)
    with pytest.raises(Tampered, match="was changed or moved since Echo wrote it"):
        await content(datasets, profile)
        await content(datasets, profile, "test")


async def test_nothing_is_kept_or_read_of_a_profile_that_was_forgotten(
    datasets: Datasets, profile: ProfileSnapshot, keyring: Keyring
) -> None:
    await datasets.put_dataset(profile.id, "train", iter(PARTS))
    await keyring.destroy(profile.id)
    with pytest.raises(KeyDestroyed):
        await datasets.put_dataset(profile.id, "train", iter(PARTS))
    with pytest.raises(KeyDestroyed):
        await content(datasets, profile)
