"""Model files: sealed, whole or not at all, readable by their owner alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from db.errors import KeyDestroyed, ModelUnreadable, NothingStored, Tampered
from db.keys import Keyring
from db.models import Models, TrainingRun
from db.steps import Steps
from states.model import ProfileSnapshot
from tests.support.files import content, files_in, mode, overwrite, put, size
from tests.support.snapshots import NOON, SENTENCES, birth

BLOB = " ".join(SENTENCES).encode() * 50


def names(folder: Path) -> list[str]:
    return [file.name for file in files_in(folder)]


async def test_a_model_comes_back_as_it_was_saved_and_lies_there_sealed(
    models: Models, profile: ProfileSnapshot, path: Path
) -> None:
    name = await models.save(profile.id, 1, BLOB)
    assert name == f"models/{profile.id}-1.model"
    assert await models.load(profile.id, 1) == BLOB
    file = path.parent / name
    assert mode(file) == 0o600
    assert mode(file.parent) == 0o700
    assert SENTENCES[0].encode() not in content(file)


async def test_the_version_before_stays_and_older_ones_go(models: Models, profile: ProfileSnapshot, path: Path) -> None:
    for version in (1, 2, 3):
        await models.save(profile.id, version, BLOB + bytes(version))
    assert names(path.parent / "models") == [f"{profile.id}-2.model", f"{profile.id}-3.model"]
    assert await models.load(profile.id, 2) == BLOB + bytes(2)
    await models.save(profile.id, 5, BLOB, keep={2})
    assert names(path.parent / "models") == [f"{profile.id}-2.model", f"{profile.id}-5.model"]


async def test_superseded_models_of_one_profile_go_and_nothing_else(
    models: Models, profile: ProfileSnapshot, path: Path
) -> None:
    for version in (1, 2):
        await models.save(profile.id, version, BLOB)
    put(path.parent / "models" / f"{profile.id + 1}-1.model", b"another profile's")
    assert await models.remove_superseded(profile.id, 2, {1, 2}) == 0
    assert await models.remove_superseded(profile.id, 2, {2}) == 1
    assert names(path.parent / "models") == [f"{profile.id}-2.model", f"{profile.id + 1}-1.model"]
    assert await models.remove_superseded(profile.id, 1, ()) == 0, "nothing above what was made so far"


async def test_a_missing_model_is_named_in_one_sentence(models: Models, profile: ProfileSnapshot) -> None:
    with pytest.raises(NothingStored, match="is missing: put it back, or ask for a refresh of this echo"):
        await models.load(profile.id, 1)


@pytest.mark.parametrize("damage", ["changed", "cut off", "emptied", "another version's"])
async def test_a_damaged_model_is_not_loaded(damage: str, models: Models, profile: ProfileSnapshot, path: Path) -> None:
    file = path.parent / await models.save(profile.id, 1, BLOB)
    other = path.parent / await models.save(profile.id, 2, BLOB)
    if damage == "changed":
        overwrite(file, size(file) // 2, b"\x00\x01\x02")
    else:
        put(file, {"cut off": content(file)[:-1], "emptied": b"", "another version's": content(other)}[damage])
    with pytest.raises(Tampered, match="changed or moved since Echo wrote it"):
        await models.load(profile.id, 1)


async def test_a_folder_that_cannot_be_written_is_named_in_one_sentence(
    models: Models, profile: ProfileSnapshot, path: Path
) -> None:
    put(path.parent / "models", b"a file in the folder's place")
    with pytest.raises(ModelUnreadable, match=r"cannot be read or written .*: check the disk's free space"):
        await models.save(profile.id, 1, BLOB)


async def test_a_model_of_a_forgotten_profile_is_neither_kept_nor_loaded(
    models: Models, profile: ProfileSnapshot, keyring: Keyring, path: Path
) -> None:
    await models.save(profile.id, 1, BLOB)
    await keyring.destroy(profile.id)
    for attempt in (models.save(profile.id, 2, BLOB), models.load(profile.id, 1)):
        with pytest.raises(KeyDestroyed):
            await attempt
    assert await models.delete(profile.id) == 1
    assert names(path.parent / "models") == []


async def test_orphans_and_half_written_files_go_and_what_is_used_stays(
    models: Models, profile: ProfileSnapshot, steps: Steps, path: Path
) -> None:
    other = (await steps.record(birth(user_id=5))).snapshot
    for version in (1, 2):
        await models.save(profile.id, version, BLOB)
    await models.save(other.id, 1, BLOB)
    put(path.parent / "models" / "1-3-x.unfinished", b"half")
    put(path.parent / "models" / "readme.txt", b"not ours")
    assert await models.remove_orphans({(profile.id, 1), (profile.id, 2)}) == 1
    assert names(path.parent / "models") == ["1-1.model", "1-2.model", "readme.txt"]
    assert await models.remove_orphans({(profile.id, 2), (profile.id, 3)}) == 1


async def test_training_runs_are_told_in_order(models: Models, profile: ProfileSnapshot) -> None:
    runs = [
        TrainingRun(profile.id, 1, 0, 0.5, NOON, "There were too few messages."),
        TrainingRun(profile.id, 1, 400, 2.25, NOON, "trained"),
    ]
    for run in runs:
        await models.note_run(run)
    assert await models.runs(profile.id) == runs


async def test_a_saving_that_is_given_up_leaves_nothing_behind_an_erasure(
    models: Models, profile: ProfileSnapshot, path: Path
) -> None:
    saving = asyncio.create_task(models.save(profile.id, 1, bytes(30_000_000)))
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(names, path.parent / "models"):
            assert not saving.done()
    saving.cancel()
    await asyncio.wait((saving,))
    await models.delete(profile.id)
    # Whatever still runs in a thread ends here.
    await asyncio.get_running_loop().shutdown_default_executor()
    assert names(path.parent / "models") == []
