"""Writes steps and pages of a corpus without end, and tells each one that is written: to be killed meanwhile.

Run as `python -m tests.db.writing_child PATH`.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from db.connection import Database
from db.corpus import Corpus
from db.keys import Keyring
from db.models import Models
from states.model import ProfileSnapshot
from tests.support.clock import HandClock
from tests.support.snapshots import SENTENCES, agreed, birth, covered, messages
from tests.support.stored_steps import steps_of

MASTER_KEY = bytes(range(32))
PAGE = 50
TOP = 1_000_000


async def write(path: Path) -> None:
    """In round n: profile n is born and agrees, and the first profile's page n and model n are stored."""
    async with Database(path) as database:
        keyring = Keyring(database, MASTER_KEY)
        await keyring.open()
        steps, corpus = steps_of(database, MASTER_KEY), Corpus(database, keyring, HandClock())
        models = Models(database, keyring, path.parent)
        first: ProfileSnapshot | None = None
        for number in itertools.count(1):
            born = await steps.record(birth(server_id=number))
            assert isinstance(born.snapshot, ProfileSnapshot)
            first = first or born.snapshot
            tell("born", number)
            await steps.record(agreed(born.snapshot), settles=born.outbox[0].id)
            tell("agreed", number)
            page = messages(PAGE, first_id=1 + PAGE * (number - 1))
            await corpus.store(first, page, covered(PAGE * number, top=TOP, down_to=TOP - number))
            tell("stored", number)
            await models.save(first.id, number, SENTENCES[0].encode() * 20_000)
            tell("saved", number)


def tell(what: str, number: int) -> None:
    """Say that something is written."""
    sys.stdout.write(f"{what} {number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
