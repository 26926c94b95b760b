"""Checkpoints and adapters: sealed, whole or not at all, and gone with the profile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from db.connection import Database
from db.corpus import Corpus
from db.erasure import Erasure
from db.errors import KeyDestroyed, Tampered
from db.keys import Keyring
from db.stored import Provenance, StoredMessage
from db.tuning import Part, TuningFiles
from states.model import ProfileSnapshot
from tests.support.files import content, everything_in, files_in, mode, overwrite, put, size
from tests.support.snapshots import SENTENCES, messages

BLOB = " ".join(SENTENCES).encode() * 50


async def test_what_is_kept_of_a_tuning_comes_back_and_lies_there_sealed(
    tuning: TuningFiles, profile: ProfileSnapshot, path: Path
) -> None:
    for part in Part:
        assert await tuning.get(profile.id, 1, part) is None
        await tuning.put(profile.id, 1, part, part.value.encode() + BLOB)
        file = path.parent / "tuning" / f"{profile.id}-1.{part}"
        assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    for part in Part:
        assert await tuning.get(profile.id, 1, part) == part.value.encode() + BLOB
    assert SENTENCES[0].encode() not in everything_in(path.parent)
    assert await tuning.drop(profile.id, 1, Part.CHECKPOINT)
    assert not await tuning.drop(profile.id, 1, Part.CHECKPOINT)


@pytest.mark.parametrize("damage", ["changed", "cut off", "the other part"])
async def test_a_damaged_checkpoint_is_not_opened(damage: str, tuning: TuningFiles, profile: ProfileSnapshot) -> None:
    for part in Part:
        await tuning.put(profile.id, 1, part, BLOB)
    file = tuning.path(profile.id, 1, Part.CHECKPOINT)
    if damage == "changed":
        overwrite(file, size(file) // 2, b"\x00\x01\x02")
    else:
        other = content(tuning.path(profile.id, 1, Part.ADAPTER))
        put(file, content(file)[:-1] if damage == "cut off" else other)
    with pytest.raises(Tampered, match="changed or moved since Echo wrote it"):
        await tuning.get(profile.id, 1, Part.CHECKPOINT)


async def test_erasing_a_profile_leaves_neither_its_tunings_nor_their_logs(
    tuning: TuningFiles, profile: ProfileSnapshot, erasure: Erasure, path: Path
) -> None:
    for version in (1, 2):
        await tuning.put(profile.id, version, Part.CHECKPOINT, BLOB)
        log = tuning.log_path(profile.id, version)
        log.parent.mkdir(exist_ok=True)
        put(log, b"step 1 of 8\n")
    assert await tuning.left_of(profile.id) == [
        *(f"logs/training-{profile.id}-{version}.log" for version in (1, 2)),
        *(f"tuning/{profile.id}-{version}.checkpoint" for version in (1, 2)),
    ]
    assert await erasure.erase(profile.id) >= 4
    assert await tuning.left_of(profile.id) == []
    assert not files_in(path.parent / "tuning") and not files_in(path.parent / "logs")
    with pytest.raises(KeyDestroyed, match="was forgotten"):
        await tuning.put(profile.id, 3, Part.ADAPTER, BLOB)


async def test_superseded_and_unowned_tunings_are_swept(
    tuning: TuningFiles, profile: ProfileSnapshot, path: Path
) -> None:
    for version in range(1, 6):
        await tuning.put(profile.id, version, Part.ADAPTER, BLOB)
    put(path.parent / "tuning" / f"{profile.id + 7}-1.adapter", b"nobody's")
    put(path.parent / "tuning" / "1-4-x.unfinished", b"half")
    assert await tuning.remove_orphans({(profile.id, version) for version in (3, 4, 5)}) == 3
    assert [file.name for file in files_in(path.parent / "tuning")] == [f"{profile.id}-{v}.adapter" for v in (3, 4, 5)]


async def test_a_message_that_a_package_has_word_for_word_is_known_as_packaged_until_it_is_edited(
    database: Database, keyring: Keyring, corpus: Corpus, profile: ProfileSnapshot
) -> None:
    collected = messages(4)
    await corpus.store(profile, collected)
    package = [_packaged(row, bare=True) for row in collected[:3]]
    package[1] = _packaged(package[1], text="something else by now", bare=True)
    assert await corpus.store(profile, package) == 0
    stored = await corpus.read(profile.id, 100)
    assert [row.packaged for row in stored] == [True, False, True, False]
    assert [row.text for row in stored] == [row.text for row in collected]
    await corpus.amend(_packaged(stored[0], text="edited"), profile.id)
    assert [row.packaged for row in await corpus.read(profile.id, 100)] == [False, False, True, False]


async def test_a_message_of_a_package_stays_packaged_when_it_is_read_with_what_stood_before_it(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    collected = messages(2)
    await corpus.store(profile, [_packaged(row, bare=True) for row in collected])
    await corpus.store(profile, collected)
    first, _ = await corpus.read(profile.id, 100)
    assert (first.provenance, first.bare, first.packaged) == (Provenance.HISTORY, False, True)
    await corpus.store(profile, [_packaged(each, bare=True) for each in messages(1, first_id=900)])
    *_, third = await corpus.read(profile.id, 100)
    await corpus.amend(_packaged(third, text="edited"), profile.id)
    *_, third = await corpus.read(profile.id, 100)
    assert (third.provenance, third.packaged) == (Provenance.LIVE, False)


def _packaged(row: StoredMessage, text: str | None = None, *, bare: bool = False) -> StoredMessage:
    return replace(row, provenance=Provenance.DATA_PACKAGE, text=row.text if text is None else text, bare=bare)
