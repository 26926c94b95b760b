"""A process that is killed while it writes leaves whole steps only, and all those that it told of."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

from db.connection import Database
from db.corpus import Corpus
from db.journal import Journal
from db.keys import Keyring
from db.models import Models
from db.outbox import Outbox
from db.stored import Range
from states.effects import Announce, AskConsent, Collect
from states.model import ProfileState
from tests.db.writing_child import MASTER_KEY, PAGE, TOP
from tests.support.clock import HandClock
from tests.support.processes import child
from tests.support.snapshots import CHANNEL, SENTENCES, messages
from tests.support.stored_steps import steps_of


def killed_after(path: Path, lines: int) -> Counter[str]:
    """What a child told before it was killed, right in the middle of what comes next."""
    with child("-m", "tests.db.writing_child", str(path)) as (process, output):
        told = Counter(output.readline().split()[0] for _ in range(lines))
        process.send_signal(signal.SIGKILL)
        # It may have written some more before the signal reached it.
        told.update(line.split()[0] for line in output if line.endswith("\n"))
        assert process.wait() == -signal.SIGKILL
    return told


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 37])
async def test_killed_at_any_moment_it_leaves_whole_steps_and_all_that_it_told_of(lines: int, path: Path) -> None:
    told = killed_after(path, lines)
    async with Database(path) as database:
        keyring = Keyring(database, MASTER_KEY)
        await keyring.open()
        corpus, models = Corpus(database, keyring, HandClock()), Models(database, keyring, path.parent)
        profiles, _ = await steps_of(database, MASTER_KEY).load()
        assert told["born"] <= len(profiles) <= told["born"] + 1
        agreed = [profile for profile in profiles if profile.state is ProfileState.COLLECTING]
        assert told["agreed"] <= len(agreed) <= told["agreed"] + 1
        for profile in profiles:
            assert [line.version for line in await Journal(database).of(profile.key)] == [
                *range(1, profile.version + 1)
            ]
        wanted = {profile.key: [Announce, Collect] if profile in agreed else [AskConsent] for profile in profiles}
        pending = await Outbox(database).pending()
        assert {key: [type(row.effect) for row in pending if row.key == key] for key in wanted} == {
            key: list(kinds) for key, kinds in wanted.items()
        }
        pages = await corpus.count(1) // PAGE
        assert await corpus.ranges(1) == ({CHANNEL: (Range(TOP, TOP - pages),)} if pages else {})
        assert {id: place.kept for id, place in (await corpus.places(1)).items()} == (
            {CHANNEL: PAGE * pages} if pages else {}
        )
        assert told["stored"] <= pages <= told["stored"] + 1
        assert await corpus.read(1, 100_000) == messages(PAGE * pages)
        if told["saved"]:
            assert await models.load(1, told["saved"]) == SENTENCES[0].encode() * 20_000
