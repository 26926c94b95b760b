"""Drawing messages from a person's phrases: a walk over the places of the index, which never quotes for long.

A walk that has come to a quote, or past the length it may have, goes back a few tokens and on in another way, so that
long messages come out as long as they were planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.fingerprints import SPAN, WHOLE
from echo.persona.guard import LENGTH
from echo.persona.ngram import END, HIDDEN, Phrases

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

QUOTED: Final = 7
"""Words in a row that stand so in one message, from which on the walk leaves that message where it can."""
DEEP: Final = (3, 3, 2)
"""Tokens of context that it takes to leave after QUOTED words and after each further one: the longer, the fewer."""
GOING_ON: Final = 0.5
"""How much an end weighs before a message is as long as planned."""
UNENDING: Final = 0.3
"""The share of a context's continuations that must go on for an end to be passed over there."""
RETURNS: Final = 8
"""How often a walk may go back before it is given up."""
CROWD: Final = 1500
"""Places that are weighed one by one for a step: of more, a sample is."""
BACK: Final = 6
"""Tokens that it goes back at most."""


def bounds(length: int) -> tuple[int, int]:
    """Characters that a message planned to be so long has at least and at most."""
    return int(length * 0.8) - 2, min(LENGTH, int(length * 1.35) + 8)


@dataclass(frozen=True, slots=True)
class Mood:
    """What leans the sampling. `fit` weighs messages (len = Phrases.messages), `taste` tokens (len = vocabulary).

    `boldness` scales the backing off: below 1 stays closer to learnt phrases.
    """

    fit: Floats
    taste: Floats
    boldness: float = 1.0


@dataclass(slots=True)
class _Step:
    """A token that was taken: its place, the context shared there, the words quoted so far, characters, changes."""

    place: int
    depth: int
    run: int
    size: int
    jumps: int


class Sampler:
    """Draws messages in one mood. Not shared between threads; cheap to make."""

    def __init__(self, phrases: Phrases, mood: Mood, rng: Random) -> None:
        self._p = phrases
        self._random = rng.random
        self._boldness = mood.boldness
        taste = mood.taste.copy()
        taste[HIDDEN] = 0.0
        self._fit, self._taste, self._going_on = mood.fit, taste, taste.copy()
        self._going_on[END] *= GOING_ON
        # Single numbers are read through views, which takes half the time that arrays take.
        self._token, self._source = phrases.tokens.data, phrases.source.data
        self._views = [(x.group_of.data, x.start.data, x.retreat.data) for x in phrases.levels]
        self._openings: dict[tuple[int, bool | None], tuple[Ints, Floats]] = {}

    def opening(self, start: int, led: bool | None = None) -> int:
        """The place of a first token after FIRST or LATER; -1 where there is none.

        Where `led` is given, it is the slot of a name (True), or anything but one (False).
        """
        key = (start, led)
        if key not in self._openings:
            places = self._p.openings(start, led)
            self._openings[key] = (places, self._weigh(places, self._taste).cumsum())
        return self._drawn(*self._openings[key])

    def message(self, place: int, shortest: int, longest: int) -> tuple[list[int], int]:
        """Tokens from the one at `place` to before END, and how often the walk changed over to another message.

        An end before `shortest` characters is passed over where its context often went on. The list is empty where
        every way led past `longest` characters, or to something that may not be said.
        """
        p, tokens = self._p, self._token
        out: list[int] = []
        trail: list[_Step] = []
        depth, jumps, run, size, returns = 1, 0, 0, 0, 0
        while True:
            if place >= 0 and tokens[place] == END:
                if size >= shortest and not self._whole(out, jumps):
                    return out, jumps
                place, depth = self._instead(place, depth)
                if place >= 0:
                    run, jumps = self._shared(out, place), jumps + 1
            if place >= 0:
                token = tokens[place]
                run += p.opens_word[token] or not out
                size += p.sizes[token]
            if place < 0 or size > longest or run >= SPAN:
                returns += 1
                if returns > RETURNS or not trail:
                    short = size <= longest and place < 0 and bool(out) and not self._whole(out, jumps)
                    return (out, jumps) if short else ([], 0)
                last = self._back(out, trail)
                place, depth, run, size, jumps = last.place, last.depth, last.run, last.size, last.jumps
                following, shared = self._elsewhere(place + 1, min(depth + 1, p.order), self._taste, 1)
            else:
                out.append(token)
                trail.append(_Step(place, depth, run, size, jumps))
                taste = self._taste if size >= shortest else self._going_on
                following, shared = self._follow(place, depth, run, taste)
            if following >= 0 and following != place + 1:
                run, jumps = self._shared(out, following), jumps + 1
            place, depth = following, shared

    def _weigh(self, places: Ints, taste: Floats) -> Floats:
        """What the places weigh: their messages in this mood, and their tokens."""
        weight: Floats = self._fit[self._p.source[places]] * taste[self._p.tokens[places]]
        return weight

    def _back(self, out: list[int], trail: list[_Step]) -> _Step:
        """Takes the last tokens out again, never the first; the step that is the last one then."""
        drop = min(1 + int(self._random() * BACK), len(trail) - 1)
        if drop:
            del out[-drop:], trail[-drop:]
        return trail[-1]

    def _whole(self, out: list[int], jumps: int) -> bool:
        """Whether the walk never left its message, and that is too long to be repeated."""
        return jumps == 0 and sum(self._p.opens_word[t] for t in out) + 1 >= WHOLE

    def _shared(self, out: list[int], place: int) -> int:
        """How many words before `place` stand there just as they stand at the end of the walk: quoted, once it goes on.

        Where the walk changes over by a short context, it may well have come from a longer one.
        """
        tokens, opens = self._token, self._p.opens_word
        words = 0
        for token in reversed(out):
            place -= 1
            if tokens[place] != token:
                break
            words += opens[token]
        else:
            # The first word of a message has no space before it.
            words += bool(out) and not opens[out[0]]
        return words

    def _follow(self, place: int, depth: int, run: int, taste: Floats) -> tuple[int, int]:
        """The next place and the context shared there: in another message where this one was quoted for long."""
        deeper = min(depth + 1, self._p.order)
        if run >= QUOTED:
            least = DEEP[min(run - QUOTED, len(DEEP) - 1)]
            following, shared = self._elsewhere(place + 1, deeper, taste, least)
            if following >= 0:
                return following, shared
        return self._next(place + 1, deeper, taste)

    def _instead(self, place: int, depth: int) -> tuple[int, int]:
        """A place that goes on where `place` ends, at the longest context that has one; -1 where there is none."""
        for k in range(depth, 1, -1):
            group = self._views[k - 1][0][place]
            if group < 0:
                continue
            places = self._p.levels[k - 1].places[self._members(k, group)]
            every = len(places)
            places = places[self._p.tokens[places] != END]
            # A phrase that nearly always ends here would be stretched into something they don't say.
            if len(places) >= UNENDING * every and len(places) > 0:
                chosen = self._drawn(places, self._weigh(places, self._taste).cumsum())
                if chosen >= 0:
                    return chosen, k
        return -1, 1

    def _elsewhere(self, place: int, depth: int, taste: Floats, least: int) -> tuple[int, int]:
        """A place that shares at least `least` tokens of the context of `place` but stands in another message."""
        if place >= len(self._p.tokens):
            return -1, 1
        source = self._source[place]
        for k in range(depth, least - 1, -1):
            group_of, start, _ = self._views[k - 1]
            group = group_of[place]
            if group < 0 or start[group + 1] - start[group] < 2:
                continue
            places = self._p.levels[k - 1].places[self._members(k, group)]
            chosen = self._drawn(places, (self._weigh(places, taste) * (self._p.source[places] != source)).cumsum())
            if chosen >= 0:
                return chosen, k
        return -1, depth

    def _drawn(self, places: Ints, mass: Floats) -> int:
        """One of the places, drawn by cumulated mass; -1 where there is none."""
        if not len(mass) or mass[-1] <= 0:
            return -1
        return int(places[min(int(mass.searchsorted(self._random() * mass[-1], "right")), len(places) - 1)])

    def _next(self, place: int, depth: int, taste: Floats) -> tuple[int, int]:
        """A place to go on from, whose context is that of `place`, and how long a context it shares."""
        if place >= len(self._p.tokens):
            return -1, 1
        lowest = 1
        for k in range(depth, 0, -1):
            group_of, _, retreat = self._views[k - 1]
            group = group_of[place]
            if group < 0:
                continue
            lowest = k
            if k > 2 and self._random() < retreat[group] * self._boldness:
                continue
            chosen = self._choose(k, group, taste)
            if chosen >= 0:
                return chosen, k
        group = self._views[lowest - 1][0][place]
        return (self._choose(lowest, group, taste), lowest) if group >= 0 else (-1, 1)

    def _choose(self, k: int, group: int, taste: Floats) -> int:
        """A place of a group of the contexts of `k` tokens, drawn by weight; -1 where none weighs anything."""
        level, members = self._p.levels[k - 1], self._members(k, group)
        if members.stop - members.start == 1:
            place = int(level.places[members.start])
            return place if self._fit[self._source[place]] * taste[self._token[place]] > 0 else -1
        places = level.places[members]
        return self._drawn(places, (self._weigh(places, taste) * level.share[members]).cumsum())

    def _members(self, k: int, group: int) -> slice:
        """Which places of a level are looked at for a group: all, or of a CROWD every so manieth from somewhere on."""
        start = self._views[k - 1][1]
        low, high = start[group], start[group + 1]
        step = (high - low) // CROWD + 1
        return slice(low + int(self._random() * step), high, step) if step > 1 else slice(low, high)
