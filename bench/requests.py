"""How many requests it takes to read what one author wrote: by search with context, against walking every channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.chats import read, small_chat, whole_chat
from bench.figures import Figure, Scale
from echo.corpus.written import Written
from echo.discord.collecting.budget import Budget
from echo.discord.collecting.collection import Manner
from echo.discord.collecting.collector import Collector
from echo.sandbox.world import World
from tests.discord.stand import CUTOFF, NOON, stand, store
from tests.support.recorded import CHAT
from tests.support.snapshots import named

SEED: Final = 3
MESSAGES: Final = 200_000
FEW: Final = 12_000
"""Messages of the reduced form."""
SHARE: Final = 0.02
"""What one author wrote of all of them."""
CHANNELS, PEOPLE = 8, 60
WORDS: Final = "the kettle is on and nobody minds when rain comes over that hill again before we go"
CONTEXT: Final = 12
"""Messages of context for each of the subject's: the default of `context_messages`."""


@dataclass(slots=True)
class Asked:
    """Counts what Discord is asked for."""

    count: int = 0

    def __call__(self, *exchanged: Any) -> None:
        self.count += 1


@dataclass(frozen=True, slots=True)
class Read:
    """What a collecting came to: its requests, the subject's messages, and how many of them know what they answer."""

    requests: int
    own: int
    answering: int


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Requests of both ways, each once: they are the same every time."""
    for home in ("search", "walk"):
        (folder / home).mkdir()
    name, written = _talk(folder, scale)
    author = _nearest(written, SHARE)
    world = World.populate(SEED, "A server to measure", written, manager=author)
    found = await _read(folder / "search", world, author, with_search=True)
    walked = await _read(folder / "walk", world, author, with_search=False)
    note = (
        f"{name}, {len(written):,} messages, {found.own:,} of them ({found.own / len(written):.2%}) the author's; "
        f"searching finds {found.own / max(1, walked.own):.0%} of what walking finds, and what stood before "
        f"{found.answering / max(1, found.own):.0%} of it"
    )
    asked, plain = (float(found.requests),), (float(walked.requests),)
    return [Figure("requests, search against a walk", "requests", asked, "walking every channel", plain, note)]


async def _read(home: Path, world: World, author: str, *, with_search: bool) -> Read:
    asked = Asked()
    manner = Manner(context_messages=CONTEXT, most=10 * MESSAGES)
    async with (
        stand(world, record=asked) as stage,
        store(home, world, author) as kept,
    ):
        stage.sandbox.faults.set({"search_forbidden": not with_search})
        collector = Collector(
            stage.client, kept.corpus, Budget(None), manner, people_of=named(author), clock=lambda: NOON
        )
        before = asked.count
        await collector.collect(kept.profile, lambda _: None)
        requests = asked.count - before
        own = [one for messages in (await kept.corpus.own_ids(kept.profile)).values() for one in messages]
        return Read(requests, len(own), sum(not bare for _, bare in own))


def _talk(folder: Path, scale: Scale) -> tuple[str, list[Written]]:
    """The newest messages of the real chat, or else as many invented ones, all from before the cut-off."""
    if not (CHAT / "zig.jsonl.gz").exists():
        return "invented talk", invented(scale.of(MESSAGES, FEW), SEED)
    chat = small_chat(folder) if scale.quick else whole_chat(folder)
    return "the real chat", read(chat)[-MESSAGES:]


def _nearest(written: Sequence[Written], share: float) -> str:
    """The author whose part of it is nearest to this share."""
    counts = Counter(one.author for one in written)
    return min(counts, key=lambda author: (abs(counts[author] - share * len(written)), author))


def invented(count: int, seed: int) -> list[Written]:
    """Talk in bursts, as people's is: conversations of a few people each, minutes long, hours apart in a channel."""
    chance, words = Random(seed), WORDS.split()
    people = [f"Person {number}" for number in range(PEOPLE)]
    # Some talk much and most little.
    keenness = [1 / (number + 3) for number in range(PEOPLE)]
    now = dict.fromkeys((f"room-{number}" for number in range(CHANNELS)), 0.0)
    found: list[Written] = []
    while len(found) < count:
        room = min(now, key=lambda one: now[one])
        now[room] += chance.expovariate(1 / 36_000)
        talking = chance.choices(people, keenness, k=chance.randint(2, 7))
        for _ in range(chance.randint(3, 120)):
            now[room] += chance.expovariate(1 / 25)
            text = " ".join(chance.choices(words, k=chance.randint(1, 14)))
            found.append(Written(chance.choice(talking), room, now[room], text))
    found = sorted(found, key=lambda one: one.ts)[:count]
    late = CUTOFF.timestamp() - 86_400 - found[-1].ts
    return [Written(one.author, one.channel, one.ts + late, one.text) for one in found]
