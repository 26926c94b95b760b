"""The messages that ask a chat model to answer as a person.

What stays the same from turn to turn stands first, so that the server's cache of the beginning holds: the system text
(or nothing, where the persona's model has it stored), some examples, the talk from an anchored beginning. What changes
with every turn stands in the last message: examples for this very moment, the day, who is here, how much to write.

Every line of a user message is either `LABEL: text` with a label of `Speakers`, or a note in round brackets, which no
label can begin like (`echo.engines.ollama.notes`). The subject's own words stand in assistant messages, and in the
examples of the last message behind a mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from echo.corpus.dialogue import IN_THE_MIDDLE, Messages, dialogue
from echo.engines.examples import Example
from echo.engines.ollama import notes
from echo.engines.ollama.anchoring import FARTHEST, Beginnings
from echo.engines.ollama.counting import OVERHEAD, cost, tokens
from echo.engines.ollama.speakers import Speakers, plain, plain_name
from echo.persona.turns import CONTEXT_LENGTH, REPLY_WITHIN, Utterance

LONGEST: Final = 600
"""Characters of one line of the talk."""
EXAMPLE_LONGEST: Final = 200
"""Characters of one line that an example in the last message answers."""
EXAMPLE_CONTEXT: Final = 2
"""Lines that an example in the last message answers, at most."""
LAST_SHARE: Final = 0.3
"""Of the tokens left after the system text: what the last message may take besides the newest line."""
LAST_MOST: Final = 600
"""Tokens that it may take at most, by our count: as many as it hardly ever needs."""
STEADY_SHARE: Final = 0.2
STEADY_MOST: Final = 600
"""The same for the examples that stand before the talk."""
MEMORY_SHARE: Final = 0.1
MEMORY_MOST: Final = 400
"""The same for what was said before the talk in this session."""
MEMORY_LENGTH: Final = 16
"""Messages of it at most."""
REMARKS: Final = 48
"""Tokens kept for the remarks that stand in where the talk has nobody else's words first or last."""
STOPS: Final = 6
"""Stop sequences at most: every token that is made is compared with each."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent, the labels of the others in it, the sequences at which the model is to stop, and the tokens by our
    count (with the system text, also where that is not sent)."""

    messages: tuple[dict[str, str], ...]
    labels: tuple[str, ...]
    stop: tuple[str, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an answer is asked for: the subject's names, and the characters of each message that they would write now.

    `memory` is what was said in this session before the talk, `now` the time (seconds since the epoch, UTC; 0 is
    unknown), `unspoken` what the subject does not wish to be spoken of.
    """

    me: tuple[str, ...]
    lengths: tuple[int, ...]
    memory: tuple[Utterance, ...] = ()
    now: float = 0.0
    unspoken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rooms:
    """Tokens for each part of a prompt. They depend on the budget alone, so that no part moves another one."""

    talk: int
    memory: int
    steady: int
    last: int

    @classmethod
    def of(cls, system: str, budget: int) -> Rooms:
        """What of `budget` tokens the parts may take beside the system text."""
        left = max(0, budget - tokens(system) - OVERHEAD - REMARKS)
        last = min(LAST_MOST, int(left * LAST_SHARE))
        steady = min(STEADY_MOST, int(left * STEADY_SHARE))
        memory = min(MEMORY_MOST, int(left * MEMORY_SHARE))
        return cls(left - memory - steady - last, memory, steady, last)


def window(talk: Sequence[Utterance], rooms: Rooms, beginnings: Beginnings) -> tuple[Utterance, ...]:
    """The part of the talk that is shown, each utterance made safe for one line; from the same beginning for many
    turns. The newest line always stays, cut where it alone is too long."""
    said = _cleaned(talk[-2 * FARTHEST :])
    shown = said[beginnings.of(said, [_line_cost(u) for u in said], rooms.talk) :]
    if shown or not said:
        return tuple(shown)
    newest = said[-1]
    while newest.text and _line_cost(newest) > rooms.talk:
        newest = replace(newest, text=newest.text[: len(newest.text) // 2])
    return (newest,) if newest.text else ()


def prompt(
    system: str,
    shown: Sequence[Utterance],
    occasion: Occasion,
    steady: Sequence[Example],
    fresh: Sequence[Example],
    rooms: Rooms,
    stored: bool = False,
) -> Prompt:
    """The messages for one answer, in the tokens of `rooms` by our count.

    `shown` is the talk's `window`. `steady` and `fresh` are examples, the most fitting last: those that stay before the
    talk, and those for this moment. As many of the most fitting ones are shown as have room. `stored`: the model has
    the system text stored, and it is not sent.
    """
    speakers = Speakers(occasion.me)
    # The talk's people first and in its order, so that whoever comes later changes nobody's label.
    talk = _labelled(shown, speakers)
    messages = _remembered(occasion.memory, shown, speakers, rooms.memory) + talk
    whole = dialogue(messages)
    examples = _steady(steady, speakers, rooms.steady)
    head = notes.EARLIER if len(messages) > len(talk) else notes.TALK if examples else ""
    if head:
        _put_above(whole, head)
    _finish(whole, _last(occasion, shown, fresh, speakers, rooms.last))
    labels = tuple(speakers.labels())
    # Those who speak now are the ones that a model would go on to speak for.
    newest = dict.fromkeys(speakers.label(u.author) for u in reversed(shown[-CONTEXT_LENGTH:]) if not u.own)
    stop = tuple(f"\n{label}:" for label in list(newest)[:STOPS])
    sent = (*examples, *whole)
    counted = tokens(system) + OVERHEAD + cost(sent)
    return Prompt(sent if stored else ({"role": "system", "content": system}, *sent), labels, stop, counted)


def _cleaned(said: Sequence[Utterance]) -> list[Utterance]:
    """What has text, each on one line of at most LONGEST characters."""
    clean = (replace(u, text=plain(u.text[: 4 * LONGEST])[:LONGEST]) for u in said)
    return [u for u in clean if u.text]


def _labelled(said: Sequence[Utterance], speakers: Speakers) -> list[Utterance]:
    return [u if u.own else replace(u, author=speakers.label(u.author)) for u in said]


def _line_cost(one: Utterance) -> int:
    """Of a line that is a message of its own, with the longest label that a name may come to."""
    name = 0 if one.own else tokens(plain_name(one.author)) + Speakers.MARKS
    return tokens(one.text) + name + OVERHEAD


def _remembered(
    memory: Sequence[Utterance], shown: Sequence[Utterance], speakers: Speakers, room: int
) -> list[Utterance]:
    """The newest of what was said before the shown talk, as far as there is room."""
    if not shown:
        return []
    before = _labelled(_cleaned([u for u in memory if u.ts < shown[0].ts][-MEMORY_LENGTH:]), speakers)
    room -= tokens(notes.EARLIER) + OVERHEAD
    at = len(before)
    while at and (room := room - _line_cost(before[at - 1])) >= 0:
        at -= 1
    return before[at:]


def _steady(examples: Sequence[Example], speakers: Speakers, room: int) -> Messages:
    """The examples before the talk: turns of a user and an assistant, as the talk itself is."""
    room -= tokens(notes.TALK) + OVERHEAD
    out: Messages = []
    for example in reversed(examples):
        said = _cleaned(example.context)
        texts = [text for text in map(plain, example.texts) if text]
        if not said or said[-1].own or not texts:
            continue
        turn = dialogue(_labelled(said, speakers))
        turn[-1]["content"] += f"\n{notes.direction([len(text) for text in texts], 'earlier')}"
        turn.append({"role": "assistant", "content": "\n".join(texts)})
        room -= cost(turn)
        if room < 0:
            break
        out = [*turn, *out]
    return out


def _last(
    occasion: Occasion, shown: Sequence[Utterance], fresh: Sequence[Example], speakers: Speakers, room: int
) -> tuple[list[str], str]:
    """The notes before the newest line, and the one behind it, which always stays."""
    turn = notes.direction(occasion.lengths, "now")
    room -= tokens(turn) + OVERHEAD
    newest = shown[-1].ts if shown else 0.0
    here = [u for u in shown[-CONTEXT_LENGTH:] if not u.own and newest - u.ts <= REPLY_WITHIN]
    present = list(dict.fromkeys(speakers.label(u.author) for u in here))
    about = notes.circumstances(speakers.me, occasion.now, present, occasion.unspoken)
    if tokens(about) + 1 > room:
        about = notes.circumstances(speakers.me, occasion.now, (), ())
    room -= tokens(about) + 1
    if room < 0:
        return [], turn
    return [*_fresh(fresh, speakers, room), about], turn


def _fresh(examples: Sequence[Example], speakers: Speakers, room: int) -> list[str]:
    """The examples for this moment, a marked line for each message of theirs."""
    room -= tokens(notes.OTHER_DAYS) + 1
    out: list[str] = []
    for example in reversed(examples):
        said = _labelled(_cleaned(example.context)[-EXAMPLE_CONTEXT:], speakers)
        texts = [text for text in map(plain, example.texts) if text]
        if not said or said[-1].own or not texts:
            continue
        lines = [f"{notes.YOU if u.own else f'{notes.THEN} {u.author}:'} {u.text[:EXAMPLE_LONGEST]}" for u in said]
        lines += [f"{notes.YOU} {text}" for text in texts]
        room -= sum(tokens(line) + 1 for line in lines)
        if room < 0:
            break
        out = [*lines, *out]
    return [notes.OTHER_DAYS, *out] if out else []


def _put_above(messages: Messages, head: str) -> None:
    first = messages[0]["content"]
    messages[0]["content"] = head if first == IN_THE_MIDDLE else f"{head}\n{first}"


def _finish(messages: Messages, last: tuple[list[str], str]) -> None:
    """Puts what changes with every turn around the newest line, as late as it may stand."""
    lines = messages[-1]["content"].split("\n")
    messages[-1]["content"] = "\n".join([*lines[:-1], *last[0], lines[-1], last[1]])
