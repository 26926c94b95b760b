"""Playing one scene: who plays whom, when they come to it, and at what pace they write."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from .people import PEOPLE, Person
from .script import Bound, Line, Pools, Scene, fill, load_bank
from .voice import Manner, Voice

_HOUR = 3600.0
_LONGEST_WAIT = 45 * 60.0
"""Seconds: nobody who is awake takes longer to answer within a scene."""
_QUIET = 30 * 60.0
"""Seconds: a channel rests at least this long between scenes."""
_TYPED = 0.14
"""Seconds it takes to type one character."""
_TRIES = 8
"""How often a line is said anew so that no whole sentence comes twice."""


@dataclass(slots=True)
class Said:
    """A message of the invented world. `ts` is in seconds since the epoch, UTC; `answers` is what it replies to."""

    author: Person
    channel: str
    ts: float
    text: str
    answers: Said | None = None


def weighted(weights: Sequence[float], rng: Random) -> int:
    """A place in `weights`, each as likely as its weight says."""
    at = rng.random() * sum(weights)
    for place, weight in enumerate(weights):
        at -= weight
        if at < 0:
            return place
    return len(weights) - 1


def activity(person: Person, moment: datetime) -> int:
    """How much this person writes in the hour of `moment`, from 0 (never) to 9."""
    return int((person.weekend if moment.weekday() >= 5 else person.hours)[moment.hour])


@dataclass(slots=True)
class Stage:
    """Where scenes are played, one after the other in each channel; `said` is everything so far, scene by scene."""

    rng: Random
    said: list[Said] = field(default_factory=list)
    _pools: Pools = field(default_factory=lambda: load_bank("pools.txt"))
    _voices: dict[str, Voice] = field(default_factory=lambda: {person.name: Voice(person) for person in PEOPLE})
    _people: dict[str, Person] = field(default_factory=lambda: {person.name: person for person in PEOPLE})
    _counts: Counter[str] = field(default_factory=Counter)
    _sentences: set[str] = field(default_factory=set)
    _busy_until: dict[str, float] = field(default_factory=dict)

    def play(self, scene: Scene, day: date) -> None:
        """Plays `scene` on `day`, or as soon after as its channel is quiet and its people are awake."""
        cast = self._cast(scene)
        bound = Bound({role: person.name for role, person in cast.items()})
        lines: list[Said] = []
        ts = self._start(scene, day, list(cast.values()))
        for line in scene.lines:
            ts += line.pause * _HOUR * (0.6 + 0.8 * self.rng.random())
            if line.optional and self.rng.random() < 0.4:
                lines.append(lines[-1])
                continue
            spoken = self._speak(line, cast[line.role], bound, scene, ts, lines)
            lines.append(spoken[-1])
            ts = spoken[-1].ts
            self.said += spoken
            self._counts[spoken[0].author.name] += len(spoken)
        self._busy_until[scene.channel] = ts

    def _cast(self, scene: Scene) -> dict[str, Person]:
        """Somebody for every role, nobody twice, those first who have said less than their share."""
        cast = {role: self._people[names[0]] for role, names in scene.roles.items() if len(names) == 1}
        total = sum(self._counts.values()) + 1
        for role, names in scene.roles.items():
            taken = {person.name for person in cast.values()}
            free = [self._people[name] for name in names if name not in taken]
            if role not in cast:
                owed = [(person.share / (0.03 + self._counts[person.name] / total)) ** 3 for person in free]
                cast[role] = free[weighted(owed, self.rng)]
        return cast

    def _start(self, scene: Scene, day: date, cast: list[Person]) -> float:
        """Seconds since the epoch: an hour that suits the first speaker, and the others if it can."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        hours = [midnight + timedelta(hours=hour) for hour in range(24)]
        fitting = [hour for hour in hours if hour.hour in scene.hours]
        likely = [
            (0.001 + activity(cast[0], hour)) ** 1.5 * math.prod((0.1 + activity(one, hour)) ** 0.5 for one in cast[1:])
            for hour in fitting
        ]
        start = fitting[weighted(likely, self.rng)].timestamp() + self.rng.random() * _HOUR
        quiet = self._busy_until.get(scene.channel, 0.0) + _QUIET * (1 + self.rng.random())
        return start if start > quiet else self._awake(cast[0], quiet)

    def _speak(
        self, line: Line, person: Person, bound: Bound, scene: Scene, ts: float, before: list[Said]
    ) -> list[Said]:
        """The messages of one line. `before` has the last message of each line so far."""
        previous = before[-1] if before else None
        ts += self._wait(person, previous)
        spoken: list[Said] = []
        for text in self._words(line, person, bound, Manner(opening=not before, whole=scene.on is not None)):
            ts += len(text) * _TYPED * (0.6 + 0.8 * self.rng.random())
            if spoken:
                ts += self._around(person.gap, 0.6)
            spoken.append(Said(person, scene.channel, ts, text))
        spoken[0].answers = self._answered(line, person, before)
        return spoken

    def _wait(self, person: Person, previous: Said | None) -> float:
        """Seconds before `person` begins to type: their latency, and their sleep."""
        if previous is None:
            return 0.0
        if previous.author is person:
            return self._around(person.gap * 2.5, 0.7)
        wait = min(self._around(person.latency, person.spread), _LONGEST_WAIT)
        return self._awake(person, previous.ts + wait) - previous.ts

    def _awake(self, person: Person, ts: float) -> float:
        """`ts` if this person is ever about at that hour, else some time in the first hour after it when they are."""
        moment = datetime.fromtimestamp(ts, UTC)
        if activity(person, moment):
            return ts
        while not activity(person, moment):
            moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return moment.timestamp() + self.rng.random() * 0.6 * _HOUR

    def _around(self, median: float, spread: float) -> float:
        return self.rng.lognormvariate(math.log(median), spread)

    def _words(self, line: Line, person: Person, bound: Bound, manner: Manner) -> list[str]:
        """The line in this person's hand, said anew a few times where a whole sentence was said before."""
        texts: list[str] = []
        for _ in range(_TRIES):
            filled = fill(line.text, bound, self._pools, {**person.calls, person.name: person.name}, self.rng)
            texts = self._voices[person.name].say(filled, manner, self.rng)
            fresh = [text for text in texts if len(text.split()) < 5 or text.lower() not in self._sentences]
            if len(fresh) == len(texts):
                break
            texts = fresh or texts
        self._sentences.update(text.lower() for text in texts)
        return texts

    def _answered(self, line: Line, person: Person, before: list[Said]) -> Said | None:
        """What the line replies to with Discord's reply: as scripted, else at times what somebody else said last."""
        if line.answers:
            return before[line.answers - 1]
        others = [said for said in before if said.author is not person]
        wanted = line.answers is not None or (self.rng.random() < person.quotes and others and others[-1] is before[-1])
        return others[-1] if others and wanted else None
