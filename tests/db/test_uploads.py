"""What was uploaded is known until it is known to be gone, also after the person is forgotten."""

from __future__ import annotations

from pathlib import Path

from db.connection import Database
from db.erasure import Erasure
from db.keys import Keyring
from db.models import Models
from db.tuning import TuningFiles
from db.uploads import Upload, Uploads
from states.model import ProfileSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.clock import HandClock

HOST = "http://127.0.0.1:11434"


async def test_an_upload_is_known_from_before_it_is_sent_until_it_is_gone(
    database: Database, profile: ProfileSnapshot
) -> None:
    uploads = Uploads(database, HandClock())
    second, first = (Upload(profile.id, version, HOST, f"sha256:{version:064d}") for version in (2, 1))
    for one in (second, first, second):
        await uploads.note(one)
    assert await uploads.of(profile.id) == [first, second]
    await uploads.gone(first)
    assert await uploads.of(profile.id) == [second]


async def test_erasing_here_does_not_forget_what_lies_elsewhere(
    database: Database, profile: ProfileSnapshot, tmp_path: Path
) -> None:
    uploads, keyring = Uploads(database, HandClock()), Keyring(database, MASTER_KEY)
    upload = Upload(profile.id, 1, HOST, f"sha256:{7:064d}")
    await uploads.note(upload)
    models, tuning = Models(database, keyring, tmp_path), TuningFiles(database, keyring, tmp_path)
    await Erasure(database, keyring, models, tuning, HandClock()).erase(profile.id)
    assert await uploads.of(profile.id) == [upload]
