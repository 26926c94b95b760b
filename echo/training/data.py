"""From a corpus to what a model is trained on: the person's conversations, their own turns to be learnt. Pure.

Where others' words may be learnt from (see `echo.training.permission`), a talk is a conversation. Where they may not,
it is what the person said by themselves, with a remark in brackets in every gap.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

from echo.corpus.conversations import Conversation, Kind, Line, Turn, conversations_of, gaps_of
from echo.corpus.dataset import LONG, alike, lines_of
from echo.corpus.dialogue import NOTHING_YET, UNANSWERED
from echo.corpus.selecting import Selected
from echo.engines.ollama.notes import direction
from echo.engines.ollama.speakers import Speakers, plain
from echo.training.failures import TooFewExamples
from echo.training.permission import RULE, WAY_OUT, may_learn, require_something
from echo.training.talk import UNSEEN, Lesson, Said, Talk
from echo.training_settings import DiscordPermission

VALIDATED: Final = 0.1
"""Share of the talks, the newest, that are not trained on but tell when to stop."""
JOINED: Final = 20.0
"""Seconds: messages at most so far apart are one turn where it can't be seen whether somebody spoke in between."""


@dataclass(frozen=True, slots=True)
class _Dated:
    """A talk, when its first own turn was said, and the stored messages of the person's in it."""

    ts: float
    talk: Talk
    ids: tuple[int, ...]


def lesson_of(
    selected: Selected,
    me: Sequence[str],
    permission: DiscordPermission,
    fewest: int,
    until: float = float("inf"),
) -> Lesson:
    """What a model of a person is trained on; `me` are their names, the shown one first.

    Nothing said at `until` (seconds since the epoch) or later is in it, for that is what the model is tested on.
    Raises NotPermitted where nothing may be learnt from, TooFewExamples where there are less than `fewest` turns of
    theirs to train on.
    """
    lines = lines_of(selected.rows, me[0], selected.chosen)
    require_something(lines, permission)
    gaps = gaps_of(lines) if selected.gaps is None else selected.gaps
    earlier = [line for line in lines if line.ts < until]
    if permission.is_given:
        found = list(_conversing(conversations_of(earlier, gaps), me))
    else:
        found = list(_alone(earlier, gaps, permission))
    talks = sorted(_unrepeated(found), key=attrgetter("ts"))
    held = int(VALIDATED * len(talks))
    training, validation = talks[: len(talks) - held], talks[len(talks) - held :]
    lesson = Lesson(
        tuple(_directed(one.talk) for one in training),
        tuple(_directed(one.talk) for one in validation),
        until,
        frozenset(itertools.chain.from_iterable(one.ids for one in talks)),
    )
    _require_enough(lesson, earlier, fewest, permission)
    return lesson


def _require_enough(lesson: Lesson, lines: Sequence[Line], fewest: int, permission: DiscordPermission) -> None:
    if lesson.turns >= fewest:
        return
    missing = fewest - lesson.turns
    more = "one more turn" if missing == 1 else f"{missing} more turns"
    said = f"There are too few conversations to fine-tune on: {more} of this person's are needed"
    if any(line.own and line.target and not may_learn(line, permission) for line in lines):
        raise TooFewExamples(f"{said}, and others may not be learnt from, for {RULE}: {WAY_OUT}.")
    raise TooFewExamples(f"{said}; let them import more, or lower training.min_examples.")


def _conversing(conversations: Iterable[Conversation], me: Sequence[str]) -> Iterator[_Dated]:
    """One talk for each conversation in which the person said something to learn."""
    for conversation in conversations:
        speakers = Speakers(me)
        said: list[Said] = []
        own: list[Line] = []
        for turn in conversation.turns:
            if turn.own and turn.kind is not None:
                own += turn.lines
                said += _before(turn, said, speakers)
            said += _turn(turn, speakers)
        yield from _dated(said, own)


def _before(turn: Turn, said: Sequence[Said], speakers: Speakers) -> list[Said]:
    """What stands before a turn of the person's where nobody else spoke in the talk so far."""
    if said:
        return [] if not said[-1].own else [Said(False, (UNANSWERED,))]
    lines = _labelled((line for line in turn.context if not line.own), speakers)
    if lines:
        # What it replies to may lie before the conversation.
        return [Said(False, lines)]
    return [Said(False, (NOTHING_YET if turn.kind is Kind.OPENING else UNSEEN,))]


def _turn(turn: Turn, speakers: Speakers) -> list[Said]:
    lines = _texts(turn.lines) if turn.own else _labelled(turn.lines, speakers)
    return [Said(turn.own, lines, learnt=turn.own and turn.kind is not None)] if lines else []


def _alone(lines: Iterable[Line], gaps: Mapping[str, float], permission: DiscordPermission) -> Iterator[_Dated]:
    """Talks of nothing but the person's own words; that others spoke in between is known at most from the gaps."""
    channels: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        channels[line.channel].append(line)
    for channel, found in channels.items():
        said: list[Said] = []
        own: list[Line] = []
        previous: Line | None = None
        for line in found:
            usable = line.own and line.target and may_learn(line, permission)
            texts = _texts([line]) if usable else ()
            if texts:
                if own and line.ts - own[-1].ts > gaps[channel]:
                    yield from _dated(said, own)
                    said, own = [], []
                if own and previous is own[-1] and line.ts - previous.ts <= JOINED:
                    said[-1] = replace(said[-1], lines=(*said[-1].lines, *texts))
                else:
                    opens = previous is None or line.ts - previous.ts > gaps[channel]
                    said.append(Said(False, (NOTHING_YET if opens and not line.bare and not own else UNSEEN,)))
                    said.append(Said(True, texts, learnt=True))
                own.append(line)
            previous = line
        yield from _dated(said, own)


def _dated(said: Sequence[Said], own: Sequence[Line]) -> Iterator[_Dated]:
    """The talk, turns of one side in a row made one, others first; none where there is nothing to learn in it."""
    turns: list[Said] = []
    for one in said:
        if turns and turns[-1].own is one.own and turns[-1].learnt is one.learnt:
            turns[-1] = replace(turns[-1], lines=(*turns[-1].lines, *one.lines))
        elif turns and turns[-1].own and one.own:
            turns += [Said(False, (UNANSWERED,)), one]
        else:
            turns.append(one)
    if turns and turns[0].own:
        turns.insert(0, Said(False, (UNSEEN,)))
    while turns and not turns[-1].learnt:
        turns.pop()
    if turns and own:
        yield _Dated(own[0].ts, Talk(tuple(turns)), tuple(line.message_id for line in own if line.message_id))


def _unrepeated(talks: Iterable[_Dated]) -> Iterator[_Dated]:
    """What was pasted again and again is learnt once: the same answer to the same, or the same LONG words."""
    seen: set[tuple[str, str]] = set()
    for one in talks:
        turns = list(one.talk.said)
        for at, turn in enumerate(turns):
            if not turn.learnt:
                continue
            answer = alike("\n".join(turn.lines))
            marks = {("", answer)} if len(answer.split()) >= LONG else set()
            asked = turns[at - 1].lines
            if not asked[-1].startswith("("):
                marks.add((alike(asked[-1]), answer))
            if marks & seen:
                turns[at] = replace(turn, learnt=False)
            seen |= marks
        while turns and not turns[-1].learnt:
            turns.pop()
        if turns:
            yield replace(one, talk=Talk(tuple(turns)))


def _directed(talk: Talk) -> Talk:
    """The same with how much is written above each turn that is learnt, as a prompt says it when it asks for one."""
    said = list(talk.said)
    for at, one in enumerate(said):
        if one.learnt:
            asked = said[at - 1]
            said[at - 1] = replace(asked, lines=(*asked.lines, direction([len(line) for line in one.lines], "now")))
    return Talk(tuple(said))


def _texts(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(text for text in (plain(line.text) for line in lines) if text)


def _labelled(lines: Iterable[Line], speakers: Speakers) -> tuple[str, ...]:
    found = ((line, plain(line.text)) for line in lines)
    return tuple(f"{speakers.label(line.author)}: {text}" for line, text in found if text)
