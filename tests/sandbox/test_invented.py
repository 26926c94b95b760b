"""The invented people: the same ones every time, and each of them recognisable."""

from __future__ import annotations

import hashlib
import math
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from random import Random

import pytest

from echo.corpus.written import Written
from echo.sandbox.invented import GUILD_NAME, PEOPLE, invent
from echo.sandbox.invented.script import Bound, fill, read_bank, read_scenes

SEED = 1
DIGEST = "fe2783b1731581ef"


@pytest.fixture(scope="module")
def world() -> list[Written]:
    return invent(SEED)


def _digest(world: list[Written]) -> str:
    rows = (f"{one.author}|{one.channel}|{one.ts:.0f}|{one.text}|{one.key}|{one.reply_to}" for one in world)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def _date(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).date().isoformat()


def test_six_people_are_described_and_one_is_called_mara() -> None:
    assert GUILD_NAME
    assert len(PEOPLE) == 6
    assert PEOPLE[0].name == "Mara"
    assert all(person.display and len(person.description) > 30 for person in PEOPLE)


@pytest.mark.parametrize("seed", [SEED, 7, 20240614])
def test_any_seed_gives_about_six_thousand_messages_over_two_years(seed: int) -> None:
    world = invent(seed)
    assert 5_700 <= len(world) <= 6_300
    assert _date(world[0].ts) <= "2024-06-20"
    assert "2026-06-10" <= _date(world[-1].ts) <= "2026-06-14"
    counts = Counter(one.author for one in world)
    assert set(counts) == {person.name for person in PEOPLE}
    assert all(600 <= count <= 1_800 for count in counts.values())
    assert 1_150 <= counts["Mara"] <= 1_500


def test_messages_are_in_order_with_keys_of_their_own_and_text(world: list[Written]) -> None:
    assert [one.ts for one in world] == sorted(one.ts for one in world)
    assert len({one.key for one in world}) == len(world)
    assert all(one.text.strip() == one.text and 0 < len(one.text) <= 1_000 for one in world)


def test_no_slot_or_mark_of_the_scripts_is_left_in_a_text(world: list[Written]) -> None:
    assert [
        one.text for one in world if re.search(r"[{}|~]|\*[a-z]+\*| / |\b(my|the|an?) (my|the|an?|some)\b", one.text)
    ] == []


def test_there_are_three_channels_and_a_thread_in_one_of_them(world: list[Written]) -> None:
    channels = {one.channel for one in world if one.parent is None}
    threads = {(one.channel, one.parent) for one in world if one.parent is not None}
    assert channels == {"general", "workshop", "garden"}
    assert threads == {("the-lapwing", "workshop")}
    assert all(count >= 200 for count in Counter(one.channel for one in world).values())


def test_replies_are_to_earlier_messages_of_the_channel(world: list[Written]) -> None:
    by_key = {one.key: one for one in world}
    replies = [(one, by_key[one.reply_to]) for one in world if one.reply_to is not None]
    assert len(replies) > 300
    assert all(answer.ts > asked.ts and answer.channel == asked.channel for answer, asked in replies)


def test_until_leaves_out_what_comes_later(world: list[Written]) -> None:
    middle = world[3_000].ts
    assert invent(SEED, until=middle) == world[:3_000]


def test_another_seed_is_another_world(world: list[Written]) -> None:
    other = {one.text for one in invent(2) if len(one.text.split()) >= 8}
    mine = [one.text for one in world if len(one.text.split()) >= 8]
    assert sum(text in other for text in mine) < 0.5 * len(mine)


def test_another_process_with_other_hashes_invents_the_same(world: list[Written]) -> None:
    code = f"from echo.sandbox.invented import invent; print([(w.ts, w.text) for w in invent({SEED})][2000:2010])"
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    assert done.stdout.decode().strip() == str([(one.ts, one.text) for one in world[2_000:2_010]])


def test_every_version_of_python_invents_the_same(world: list[Written]) -> None:
    """Whoever changes a script, a bank or a chance changes the digest: print `_digest(invent(1))` and put it here."""
    assert _digest(world) == DIGEST


def test_hardly_a_whole_sentence_comes_twice(world: list[Written]) -> None:
    sentences = [one.text.lower() for one in world if len(one.text.split()) >= 5]
    counts = Counter(sentences)
    assert len(sentences) > 3_000
    assert sum(count for count in counts.values() if count > 1) < 0.08 * len(sentences)


def test_they_have_thousands_of_words(world: list[Written]) -> None:
    words = Counter(word for one in world for word in re.findall(r"[a-z']+", one.text.lower()))
    assert len(words) > 3_000


def test_a_stranger_can_tell_who_wrote_twenty_messages(world: list[Written]) -> None:
    """Naive Bayes over letter triples learns from all but every fifth bundle, and names the author of the others."""
    learnt: dict[str, Counter[str]] = defaultdict(Counter)
    asked: list[tuple[str, Counter[str]]] = []
    for person in PEOPLE:
        texts = [one.text for one in world if one.author == person.name]
        for number, start in enumerate(range(0, len(texts) - 20, 20)):
            bundle = _triples(texts[start : start + 20])
            if number % 5:
                learnt[person.name] += bundle
            else:
                asked.append((person.name, bundle))
    kinds = len({triple for counts in learnt.values() for triple in counts})
    totals = {name: sum(counts.values()) + kinds for name, counts in learnt.items()}

    def likeness(name: str, bundle: Counter[str]) -> float:
        counts, total = learnt[name], totals[name]
        return sum(times * math.log((counts[triple] + 1) / total) for triple, times in bundle.items())

    right = [name == max(learnt, key=lambda one: likeness(one, bundle)) for name, bundle in asked]
    assert len(asked) > 40
    assert sum(right) >= 0.9 * len(right)


def _triples(texts: list[str]) -> Counter[str]:
    return Counter(text[at : at + 3] for text in (f"^{text}$" for text in texts) for at in range(len(text) - 2))


def test_each_hand_shows_in_figures(world: list[Written]) -> None:
    texts = {person.name: [one.text for one in world if one.author == person.name] for person in PEOPLE}

    def part(name: str, pattern: str) -> float:
        return sum(bool(re.search(pattern, text)) for text in texts[name]) / len(texts[name])

    lengths = {name: sorted(map(len, found))[len(found) // 2] for name, found in texts.items()}
    assert lengths["Petr"] < lengths["Mara"] < lengths["Tobias"]
    assert part("Mara", r"[A-Z]") < 0.05
    assert part("Tobias", r"^[A-Z\d\"].*[.?!]\"?$") > 0.97
    assert part("Juno", r"[\U0001F300-\U0001FAFF\u2728]") > 0.3
    assert part("Petr", r"(^|\W)[:;][)D/(]") > 0.2
    assert part("Ines", r" - | x+$") > 0.3
    assert part("Kofi", r"\b(u|ur|bc|lol|rn|tbh|ngl|w|n|abt|prob|bro|idk|tmrw)\b") > 0.25
    assert part("Petr", r"\b(the|an?)\b") < 0.03


def test_they_write_at_different_hours_and_at_different_pace(world: list[Written]) -> None:
    hours = {person.name: Counter[int]() for person in PEOPLE}
    delays: dict[str, list[float]] = defaultdict(list)
    latest: dict[str, Written] = {}
    for one in world:
        hours[one.author][datetime.fromtimestamp(one.ts, UTC).hour] += 1
        before = latest.get(one.channel)
        if before and before.author != one.author and one.ts - before.ts < 3_600:
            delays[one.author].append(one.ts - before.ts)
        latest[one.channel] = one

    def share(name: str, of: range) -> float:
        return sum(hours[name][hour] for hour in of) / sum(hours[name].values())

    assert share("Tobias", range(4, 9)) > 4 * share("Mara", range(4, 9))
    assert share("Mara", range(20, 24)) > 0.3
    assert share("Tobias", range(21, 24)) < 0.02
    assert share("Petr", range(5)) > share("Ines", range(5))
    medians = {name: sorted(found)[len(found) // 2] for name, found in delays.items()}
    assert medians["Juno"] < medians["Mara"] < medians["Ines"] < medians["Tobias"]


def test_some_send_bursts_and_some_do_not(world: list[Written]) -> None:
    following: dict[str, list[bool]] = defaultdict(list)
    latest: dict[str, Written] = {}
    for one in world:
        before = latest.get(one.channel)
        following[one.author].append(bool(before and before.author == one.author and one.ts - before.ts < 120))
        latest[one.channel] = one
    rates = {name: sum(found) / len(found) for name, found in following.items()}
    assert rates["Mara"] > 0.35
    assert rates["Tobias"] < 0.1


def test_a_script_that_cannot_be_played_names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="not a line of a scene: 'hello'"):
        list(read_scenes("== talk @general\nhello\n", ("Mara",)))
    (scene,) = read_scenes("== talk @general\nA: look, {nothing}\n", ("Mara",))
    with pytest.raises(ValueError, match="no pool, role or person is called 'nothing'"):
        fill(scene.lines[0].text, Bound({}), {}, {}, Random(1))


def test_a_bank_adds_up_its_lines() -> None:
    assert read_bank("# why\nhello: hi | good day\nhello: ho\n") == {"hello": ("hi", "good day", "ho")}
