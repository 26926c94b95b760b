"""What a chat model wrote, to the messages that an echo would send. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from echo.engines.ollama.notes import NOTE, THEN, YOU
from echo.engines.ollama.speakers import flat, plain_name

MESSAGES: Final = 4
"""Messages of one answer at most."""
_THOUGHT: Final = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_END: Final = re.compile(r"<[|｜]|\[\||</?(?:s|bos|eos|think(?:ing)?|(?:start|end)_of_turn)>|\[/?INST\]", re.IGNORECASE)
"""Control tokens that a model or its template let through as text: there its answer ends."""
_QUOTES: Final = (('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"))


def messages_of(content: str, me: Iterable[str], others: Sequence[str], most: int) -> tuple[str, ...]:
    """The messages in what a model wrote: at most `most` and MESSAGES.

    Thoughts, notes and the subject's own name in front are taken off; it ends where the model goes on to speak for
    one of the `others` (their labels).
    """
    own = [re.escape(label) for name in me for label in (plain_name(name), f"{plain_name(name)} (echo)")]
    lead = re.compile(rf"(?:{'|'.join(own)})\s*:\s*", re.IGNORECASE) if own else None
    ends = tuple(f"{label}:".casefold() for label in others)
    out: list[str] = []
    for raw in _END.split(_THOUGHT.sub("", content), maxsplit=1)[0].splitlines():
        line = flat(NOTE.sub("", raw)).removeprefix(YOU).lstrip()
        if line.casefold().startswith((THEN, *ends)):
            break
        if lead is not None:
            line = lead.sub("", line, count=1) if lead.match(line) else line
        line = _unquoted(line)
        if line:
            out.append(line)
    return tuple(out[: max(1, min(most, MESSAGES))])


def _unquoted(line: str) -> str:
    """Without quotation marks that stand around the whole line, and nowhere in it."""
    for start, end in _QUOTES:
        inner = line[1:-1]
        if len(line) > 2 and line.startswith(start) and line.endswith(end) and start not in inner and end not in inner:
            return inner.strip()
    return line
