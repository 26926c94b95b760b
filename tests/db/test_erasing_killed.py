"""Killed with SIGKILL again and again while it erases: it goes on, and the receipt counts everything exactly once."""

from __future__ import annotations

import hashlib
import json
import random
import signal
from pathlib import Path

import pytest

from db.receipts import verified
from echo.store import open_store
from states.events import ForgetAsked
from states.model import ProfileSnapshot, SessionSnapshot
from tests.support import erasing_life
from tests.support.clock import HandClock
from tests.support.files import content, everything_in
from tests.support.snapshots import NOON, SENTENCES, SUBJECT, agreed, birth, covered, following, messages, session_birth
from tests.support.zygote import zygote_of

MESSAGES = 900
DEATHS = 6


async def prepare(home: Path) -> dict[str, str]:
    """A profile with a corpus, a model and what its echo said; the digests of its files."""
    async with open_store(home, erasing_life.MASTER_KEY, HandClock(NOON)) as store:
        born = (await store.steps.record(birth())).snapshot
        assert isinstance(born, ProfileSnapshot)
        await store.corpus.store(born, messages(MESSAGES), covered(MESSAGES))
        await store.datasets.put_dataset(born.id, "train", [(2, " ".join(SENTENCES).encode())] * 3)
        path = await store.models.save(born.id, 1, " ".join(SENTENCES).encode() * 100)
        now = (await store.steps.record(agreed(born))).snapshot
        session = (await store.steps.record(session_birth(born))).snapshot
        assert isinstance(session, SessionSnapshot)
        for turn in (1, 2):
            said = await store.generations.draft(session, turn, SENTENCES, 1, 1, (1, 1), 1, "addressed", "1-1", NOON)
            await store.generations.mark_said(said, 0, 70 + turn, NOON)
        await store.steps.record(following(now, ForgetAsked(NOON, SUBJECT, "No more.")))
    return {path: hashlib.sha256(content(home / path)).hexdigest()}


@pytest.mark.parametrize("seed", [1, 2])
async def test_an_erasure_that_is_killed_again_and_again_ends_in_a_receipt_that_is_right(
    tmp_path: Path, seed: int
) -> None:
    chance, home, deaths = random.Random(seed), tmp_path / "home", 0
    digests = await prepare(home)
    async with zygote_of(erasing_life.__name__, tmp_path / "life.log") as zygote:
        while True:
            # Fewer statements each time, so that some end early on what others have begun.
            count = chance.randint(3, 60) if deaths < DEATHS else 0
            zygote.order(json.dumps([str(home), count]).encode() + b"\n")
            await zygote.line()
            status = int(await zygote.line())
            zygote.forget()
            if status == 0:
                break
            assert status == -signal.SIGKILL, (tmp_path / "life.log").read_text()
            deaths += 1
    assert deaths > 0
    async with open_store(home, erasing_life.MASTER_KEY, HandClock(NOON)) as store:
        receipt = await store.receipts.of(1)
        key = await store.receipts.public_key()
        assert await store.erasures.of(1) is None, "what the erasure noted for its receipt is gone with it"
    assert receipt is not None
    found = verified(receipt.file)
    assert found is not None
    document, signer = found
    assert signer == key and document["asked_by"] == "the person themselves"
    wanted = {"messages": MESSAGES, "parts of datasets": 3, "drafts and what the echo said": 2}
    assert {kind: document["rows"].get(kind) for kind in wanted} == wanted
    assert {file["name"]: file["sha256"] for file in document["files"]} == digests
    left = everything_in(home)
    assert not any(word in left for sentence in SENTENCES for word in sentence.encode().split() if len(word) > 5)
