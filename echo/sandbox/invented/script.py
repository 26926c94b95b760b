"""Reading the scripts that the invented people talk from: scenes with roles, phrase banks, pools that fill slots.

A scene is a header and lines::

    == slugs @garden months=5-8 A=Ines B=*
    A: {Bad news|News}, the slugs found the {veg}. / Every single one. / I went out with a torch.
    B>: What, all of {B|them}?
    -- 2h
    C~: The beer traps were my idea.

`A`, `B`... are roles, cast from the candidates in the header (`*`, also the default, is anybody); a person's own name
is a role too. `>` answers somebody's last line with Discord's reply, `>2` the second line; `~` may be left out;
`--` is a pause. Text is neutral English: the speaker's manner turns it into theirs. ` / ` parts what may be sent as
messages of their own, or be left out by terse people. `{a|b}` is a choice, `{1:a|b}` one that falls alike all through
the scene (a question and its answer), `{veg}` a word from a pool (the same one
for the whole scene, `{veg2}` another), `{B}` whoever plays B, and `*laugh*` one of the speaker's own laughs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from random import Random

_LINE = re.compile(r"(?P<role>[A-Z][a-z]*)(?P<optional>~?)(?P<answers>>\d*)?: (?P<text>.+)")
_INNERMOST = re.compile(r"\{([^{}]*)\}")
_VOWEL_AFTER_A = re.compile(r"\b([Aa]) (?=[aeio](?!ne\b))")
_TWO_DETERMINERS = re.compile(r"\b(an?|the|my|your|another|whole|new) (?:an?|the|my|some) ", re.IGNORECASE)
_NUMBERED = re.compile(r"\d:")
_SLOT = re.compile(r"(?P<pool>[a-z_]+)\d?")

Pools = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Line:
    """One turn of a scene. `pause` is in hours, before the line; `answers` is 0 for the last line of somebody else,
    n for the nth line of the scene, None for no reply."""

    role: str
    text: str
    optional: bool
    answers: int | None
    pause: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A conversation to be played, once on the day `on`, or again and again in its `months` (1-12) and `days` (0-6).
    It begins in one of its `hours` (0-23, UTC)."""

    name: str
    channel: str
    lines: tuple[Line, ...]
    roles: Mapping[str, tuple[str, ...]]
    on: date | None = None
    months: frozenset[int] = frozenset(range(1, 13))
    days: frozenset[int] = frozenset(range(7))
    hours: frozenset[int] = frozenset(range(24))


@dataclass(slots=True)
class Bound:
    """What the slots of one played scene stand for: its cast, and the words already drawn."""

    cast: Mapping[str, str]
    drawn: dict[str, str] = field(default_factory=dict)
    places: dict[str, float] = field(default_factory=dict)


def read_bank(text: str) -> dict[str, tuple[str, ...]]:
    """`name: one | two | three` lines, several of the same name adding up; `#` starts a comment line."""
    bank: dict[str, tuple[str, ...]] = {}
    for row in text.splitlines():
        if row.strip() and not row.startswith("#"):
            name, _, words = row.partition(":")
            bank[name] = bank.get(name, ()) + tuple(word.strip() for word in words.split("|") if word.strip())
    return bank


def load_bank(name: str) -> dict[str, tuple[str, ...]]:
    """The bank in the package's own file `name`, such as `pools.txt`."""
    return read_bank(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def load_scenes(people: tuple[str, ...]) -> list[Scene]:
    """Every scene of the package, in the order of file names and of lines."""
    folder = sorted((entry for entry in files(__package__).joinpath("scenes").iterdir()), key=lambda entry: entry.name)
    return [
        scene
        for entry in folder
        if entry.name.endswith(".txt")
        for scene in read_scenes(entry.read_text(encoding="utf-8"), people)
    ]


def read_scenes(text: str, people: tuple[str, ...]) -> Iterator[Scene]:
    """The scenes of one script. Raises ValueError naming the line that is no header, line or pause."""
    header = ""
    rows: list[str] = []
    for row in text.splitlines():
        if row.startswith("=="):
            if header:
                yield _scene(header, rows, people)
            header, rows = row, []
        elif row.strip() and not row.startswith("#"):
            rows.append(row)
    if header:
        yield _scene(header, rows, people)


def _scene(header: str, rows: list[str], people: tuple[str, ...]) -> Scene:
    name, channel, *settings = header.removeprefix("==").split()
    wanted = dict(setting.split("=") for setting in settings)
    lines = tuple(_lines(rows))
    roles = {line.role: _candidates(line.role, wanted, people) for line in lines}
    on = date.fromisoformat(wanted["on"]) if "on" in wanted else None
    months, days = _span(wanted.get("months", "1-12"), 12), _span(wanted.get("days", "0-6"), 6)
    hours = _span(wanted.get("hours", "0-23"), 23)
    return Scene(name, channel.removeprefix("@"), lines, roles, on, months, days, hours)


def _candidates(role: str, wanted: Mapping[str, str], people: tuple[str, ...]) -> tuple[str, ...]:
    if role in people:
        return (role,)
    listed = wanted.get(role, "*")
    return people if listed == "*" else tuple(listed.split(","))


def _span(text: str, last_of_all: int) -> frozenset[int]:
    """`11-2` is November to February: spans go round the year (the week, the clock), to `last_of_all` and on."""
    first, _, last = text.partition("-")
    start, end = int(first), int(last or first)
    return (
        frozenset(range(start, end + 1))
        if start <= end
        else frozenset((*range(start, last_of_all + 1), *range(end + 1)))
    )


def _lines(rows: list[str]) -> Iterator[Line]:
    pause = 0.0
    for row in rows:
        if row.startswith("--"):
            pause = float(row.removeprefix("--").strip().removesuffix("h"))
            continue
        match = _LINE.fullmatch(row.strip())
        if match is None:
            raise ValueError(f"not a line of a scene: {row!r}")
        answers = match["answers"]
        yield Line(
            match["role"], match["text"], bool(match["optional"]), int(answers[1:] or 0) if answers else None, pause
        )
        pause = 0.0


def fill(text: str, bound: Bound, pools: Pools, calls: Mapping[str, str], rng: Random) -> str:
    """`text` with its choices made and its slots filled; `calls` is how the speaker calls the others."""

    def one(match: re.Match[str]) -> str:
        inner = match[1]
        if "|" in inner:
            return _choose(inner, bound, rng)
        person = bound.cast.get(inner, inner)
        if person in calls:
            return calls[person]
        return _draw(inner, bound.drawn, pools, rng)

    while _INNERMOST.search(text):
        text = _INNERMOST.sub(one, text)
    text = re.sub(r" +([,.?!])", r"\1", re.sub(r"  +", " ", text)).strip()
    text = _TWO_DETERMINERS.sub(r"\1 ", text)
    return _VOWEL_AFTER_A.sub(r"\1n ", text)


def _choose(inner: str, bound: Bound, rng: Random) -> str:
    """One of the options; where they are numbered, the one in the same place as in the scene's other such choices."""
    at = rng.random()
    numbered = _NUMBERED.match(inner)
    if numbered:
        at = bound.places.setdefault(numbered[0], at)
        inner = inner[numbered.end() :]
    options = inner.split("|")
    return options[int(at * len(options))]


def _draw(slot: str, drawn: dict[str, str], pools: Pools, rng: Random) -> str:
    """The word for `slot`: drawn once a scene, and another one than the pool's other slots have."""
    if slot not in drawn:
        match = _SLOT.fullmatch(slot)
        if match is None or match["pool"] not in pools:
            raise ValueError(f"no pool, role or person is called {slot!r}")
        taken = set(drawn.values())
        words = [word for word in pools[match["pool"]] if word not in taken] or list(pools[match["pool"]])
        drawn[slot] = words[int(rng.random() * len(words))]
    return drawn[slot]
