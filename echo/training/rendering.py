"""Talks as tokens in the base's own chat template, and which of them are the person's own: only these are learnt."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from echo.training.failures import BaseUnusable
from echo.training.talk import Said, Talk

SYSTEM_SHARE: Final = 0.25
"""Of a row's tokens: what the system text may take. It teaches little, being the same in all of them."""

Messages = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """The tokens of one example, and for each whether it is to be learnt."""

    ids: tuple[int, ...]
    learnt: tuple[bool, ...]

    @property
    def targets(self) -> int:
        """How many tokens are learnt; the first one of a row can't be foretold from anything."""
        return sum(self.learnt[1:])


class Renderer:
    """Renders talks for one base. `tokenizer` is transformers', `most` the tokens of one row.

    `system` stands above each row, or as many of its first lines as have room.

    Raises BaseUnusable where the base's template can't be used.
    """

    def __init__(self, tokenizer: Any, most: int, system: str = "") -> None:
        # Not at the top: only the child that learns has these packages.
        from jinja2 import TemplateError

        if not tokenizer.chat_template:
            raise BaseUnusable("The base model has no chat template, so it is no chat model: choose another one.")
        if not tokenizer.is_fast:
            raise BaseUnusable("The base model has no tokenizer.json: choose another one, or fetch it again.")
        self._refused = TemplateError
        self._tokenizer = tokenizer
        self._most = most
        self._special = sorted(map(str, tokenizer.all_special_tokens), key=len, reverse=True)
        self._special_ids = {
            *tokenizer.all_special_ids,
            *(number for number, token in tokenizer.added_tokens_decoder.items() if token.special),
        }
        self._system = self._briefly(self._defused(system))
        one, two = (len(self._row(pairs).ids) for pairs in ([_PAIR], [_PAIR, _PAIR]))
        # Of a pair without its words, which are a token each at least; and what stands once in a row.
        self._around = max(1, two - one - 2)
        self._once = max(0, 2 * one - two)

    def rows(self, talk: Talk) -> Iterator[Row]:
        """Each turn to be learnt in one row, the newest first, after as much of the talk before it as has room.

        A turn that has no room by itself is in none.
        """
        pairs = list(zip(talk.said[::2], talk.said[1::2], strict=True))
        end = len(pairs)
        while end:
            if not pairs[end - 1][1].learnt:
                end -= 1
                continue
            start = self._start(pairs, end)
            row = self._row(pairs[start:end])
            while len(row.ids) > self._most and start < end - 1:
                start += 1
                row = self._row(pairs[start:end])
            fitting = row if len(row.ids) <= self._most else self._shortened(*pairs[end - 1])
            if fitting is not None and fitting.targets:
                yield fitting
            end = start

    def _briefly(self, system: str) -> str:
        """The first lines of the text above each row, so many that it takes no more than its share."""
        lines = system.split("\n")
        while lines and self._tokens("\n".join(lines)) > SYSTEM_SHARE * self._most:
            lines.pop()
        return "\n".join(lines)

    def _tokens(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _start(self, pairs: Sequence[tuple[Said, Said]], end: int) -> int:
        """From which pair on there is room for all up to `end`, about."""
        room, start = self._most - self._once, end
        while start and room >= 0:
            start -= 1
            room -= self._around + self._tokens("\n".join(line for one in pairs[start] for line in one.lines))
        return start if room >= 0 else min(start + 1, end - 1)

    def _shortened(self, asked: Said, answer: Said) -> Row | None:
        """One pair without the oldest lines of what was asked; None where not even the newest one has room."""
        for first in range(1, len(asked.lines)):
            row = self._row([(replace(asked, lines=asked.lines[first:]), answer)])
            if len(row.ids) <= self._most:
                return row
        return None

    def _row(self, pairs: Sequence[tuple[Said, Said]]) -> Row:
        """All pairs as one row. Templates treat contents in ways of their own, so signs stand in for what is learnt."""
        mark = f"x{secrets.token_hex(8)}x"
        messages: Messages = []
        for at, (asked, answer) in enumerate(pairs):
            messages.append({"role": "user", "content": self._defused("\n".join(asked.lines))})
            messages.append({"role": "assistant", "content": f"{mark}{at}{mark}" if answer.lines else ""})
        rest = self._template(messages)
        text, spans = "", []
        for at, (_, answer) in enumerate(pairs):
            before, found, rest = rest.partition(f"{mark}{at}{mark}")
            if not found:
                raise BaseUnusable("The base model's chat template leaves out what was said: choose another base.")
            text += before
            start = len(text)
            text += self._defused("\n".join(answer.lines))
            spans.append((start, len(text), answer.learnt))
        return self._masked(text + rest, spans)

    def _template(self, messages: Messages) -> str:
        def rendered(all_: Messages) -> str:
            return str(self._tokenizer.apply_chat_template(all_, tokenize=False, add_generation_prompt=False))

        try:
            if not self._system:
                return rendered(messages)
            try:
                return rendered([{"role": "system", "content": self._system}, *messages])
            except self._refused:
                # Some templates know no system role.
                first = {"role": "user", "content": f"{self._system}\n\n{messages[0]['content']}"}
                return rendered([first, *messages[1:]])
        except self._refused as failure:
            raise BaseUnusable(
                "The base model's chat template refuses an ordinary conversation: choose another base."
            ) from failure

    def _masked(self, text: str, spans: Sequence[tuple[int, int, bool]]) -> Row:
        """The tokens of a text; learnt are those in the spans, and what ends a turn after each."""
        found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids, offsets = found["input_ids"], found["offset_mapping"]
        learnt = [False] * len(ids)
        at = 0
        for (start, end, is_learnt), limit in zip(spans, [*(s for s, _, _ in spans[1:]), len(text) + 1], strict=True):
            while at < len(ids) and offsets[at][1] <= start:
                at += 1
            while at < len(ids) and offsets[at][0] < end:
                learnt[at] = is_learnt
                at += 1
            ending = self._ending(ids, offsets, at, limit)
            learnt[at:ending] = [is_learnt] * (ending - at)
            at = ending
        return Row(tuple(ids), tuple(learnt))

    def _ending(self, ids: Sequence[int], offsets: Sequence[tuple[int, int]], at: int, limit: int) -> int:
        """Past the first special token from `at` on, which is what a model has to say to end its turn."""
        for place in range(at, len(ids)):
            if offsets[place][0] >= limit:
                break
            if ids[place] in self._special_ids:
                return place + 1
        return at

    def _defused(self, text: str) -> str:
        """The text with every special token's spelling broken up: nobody's words begin or end a turn."""
        for token in self._special:
            if len(token) > 1:
                text = text.replace(token, f"{token[0]} {token[1:]}")
        return text


_PAIR = (Said(False, ("a",)), Said(True, ("b",), learnt=True))
