"""Two years of Tannery Lane: which scene is played when."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from random import Random

from echo.corpus.written import Written

from .people import PEOPLE
from .script import Scene, load_scenes
from .stage import Said, Stage, weighted

FIRST_DAY = date(2024, 6, 14)
DAYS = 731
"""The last day is 2026-06-14."""
MESSAGES = 6000
"""About how many messages all scenes together give."""
PARENTS = {"the-lapwing": "workshop"}
"""Threads, and the channels that hold them."""

_FIRST_GUESS = 14.0
"""Messages a scene gives, as long as too few have been played to know."""


class Chronicle:
    """The plan of two years: stories on their days, everyday scenes in between so that MESSAGES come together."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._stage = Stage(rng)
        self._stories: dict[date, list[Scene]] = defaultdict(list)
        self._everyday: list[Scene] = []
        for scene in load_scenes(tuple(person.name for person in PEOPLE)):
            if scene.on:
                self._stories[scene.on].append(scene)
            else:
                self._everyday.append(scene)
        self._last_played: dict[str, int] = {}
        self._played = 0

    def tell(self) -> list[Written]:
        """Everything that was written, oldest first, with keys in that order."""
        for number in range(DAYS):
            day = FIRST_DAY + timedelta(days=number)
            for story in self._stories.pop(day, ()):
                self._play(story, number, day)
            for _ in range(self._scenes_today(number)):
                self._play(self._everyday_scene(number, day), number, day)
        end = datetime.combine(FIRST_DAY + timedelta(days=DAYS), datetime.min.time(), UTC).timestamp()
        return _written([said for said in self._stage.said if said.ts < end])

    def _play(self, scene: Scene, number: int, day: date) -> None:
        self._stage.play(scene, day)
        self._last_played[scene.name] = number
        self._played += 1

    def _scenes_today(self, number: int) -> int:
        """How many everyday scenes a day has, so that the stories to come and they make up MESSAGES."""
        so_far = len(self._stage.said)
        per_scene = so_far / self._played if self._played > 20 else _FIRST_GUESS
        to_come = per_scene * sum(map(len, self._stories.values()))
        wanted = max(0.0, MESSAGES - so_far - to_come) / per_scene / (DAYS - number)
        return int(wanted * 2 * self._rng.random() + self._rng.random())

    def _everyday_scene(self, number: int, day: date) -> Scene:
        """One that fits the season and the weekday, rather one not played for long: by the days since, cubed."""
        fitting = [scene for scene in self._everyday if day.month in scene.months and day.weekday() in scene.days]
        waits = [float(number - self._last_played.get(scene.name, -300)) ** 3 + 0.01 for scene in fitting]
        return fitting[weighted(waits, self._rng)]


def _written(said: list[Said]) -> list[Written]:
    """`said` as everybody else takes it, in the order of time, with keys that say the order."""
    said.sort(key=lambda one: one.ts)
    keys = {id(one): f"{number:05d}" for number, one in enumerate(said, 1)}
    return [
        Written(
            author=one.author.name,
            channel=one.channel,
            ts=round(one.ts, 3),
            text=one.text,
            key=keys[id(one)],
            reply_to=keys.get(id(one.answers)),
            parent=PARENTS.get(one.channel),
            author_id=None,
        )
        for one in said
    ]
