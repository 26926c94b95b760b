"""Echoes in one channel answer each other for some turns, and then wait for a human; one of them answers what is said
to nobody in particular."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

from echo.corpus.written import Written
from tests.e2e.test_whole_way import stored
from tests.support.circle import Circle
from tests.support.ollama import Chat, ollama_at_loopback
from tests.support.running import running
from tests.support.settlers import gardeners

MOST = 4
"""Turns of bots in a row."""
FRIENDS = ("Ana", "Ben", "Cleo")


def calling_both(chat: Chat) -> str:
    """What calls whichever echo hears it."""
    return f"Mara, what about the {thing(chat)} then, Petr"


def calling_everybody(chat: Chat) -> str:
    """The same for three."""
    return f"{FRIENDS[chat['options']['seed'] % 3]} and that {thing(chat)}, {FRIENDS[chat['options']['seed'] % 2]}"


def thing(chat: Chat) -> str:
    """Three words, so many that hardly anything is said twice: nobody repeats themselves."""
    rng = Random(chat["options"]["seed"])
    return " ".join(
        rng.sample(("boat", "goose", "bread", "rain", "path", "pond", "seed", "gate", "kettle", "frost"), 3)
    )


def friends() -> list[Written]:
    """Three who mostly answer Dee at once, each of them."""
    words, rng, written = ("the boat", "my bread", "that film", "the garden", "our trip"), Random(1), list[Written]()
    for day in range(60):
        ts = 1_700_000_000.0 + 400 * day
        written.append(Written("Dee", "talk", ts, f"well {words[day % 5]} took me {day} days, did it?"))
        for who in (one for one in FRIENDS if rng.random() < 0.7):
            ts += 15
            written.append(Written(who, "talk", ts, f"well {words[(day + 2) % 5]} took me {day} days"))
    return written


async def test_two_echoes_come_to_an_end_by_themselves_and_answer_the_next_human(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback(writes=calling_both) as ollama,
        running(tmp_path, gardeners(), max_bot_turns=MOST, engine="ollama", ollama_host=ollama.address) as echo,
    ):
        pair = Circle(echo, ("Mara", "Petr"), "Ines", "garden")
        await pair.come_online()
        for text in ("what about the goose?", "and the boat?", "how was the bread?"):
            first, second = await pair.ask(text)
            assert 2 < first + second <= MOST, "they talk to each other too"


async def test_three_eager_echoes_never_answer_the_same_words_twice_and_leave_off_in_time(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "max_bot_turns": 2,
        "chattiness": 10,
        "min_messages": 20,
        "message_generation_cooldown": 0.1,
    }
    async with (
        ollama_at_loopback(writes=calling_everybody) as ollama,
        running(tmp_path, friends(), engine="ollama", ollama_host=ollama.address, **settings) as echo,
    ):
        circle = Circle(echo, FRIENDS, "Dee", "talk")
        await circle.come_online()
        assert await circle.ask("what about the goose?") == [1, 1, 1], "all who are asked answer, and that is enough"
        ollama.writes = lambda chat: f"well that {thing(chat)}"
        answered = 0
        for number in range(50):
            turns = sum(await circle.tell(f"well the garden took me {number} days, did it?"))
            assert turns <= 2
            answered += turns > 0
        assert answered > 25, "they are eager"
    assert not answered_by_several(tmp_path)


def answered_by_several(home: Path) -> dict[int, set[object]]:
    """The messages that addressed nobody and were answered by more than one session, with these."""
    drafts = set(stored(home, "SELECT session_id, turn FROM generations WHERE why = 'wanted'"))
    speakers: defaultdict[int, set[object]] = defaultdict(set)
    for session_id, fields in stored(home, "SELECT machine_id, fields FROM outbox WHERE effect = 'Compose'"):
        thought = json.loads(str(fields))
        if (session_id, thought["turn"]) in drafts:
            speakers[thought["heard_id"]].add(session_id)
    assert len(speakers) > 25
    return {message: found for message, found in speakers.items() if len(found) > 1}
